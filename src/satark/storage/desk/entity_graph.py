"""The shortest way from one thing to another over the events that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.model import EntityKind
from satark.storage.desk.entity_codes import KINDS
from satark.storage.desk.entity_sql import AROUND

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa

EVENTS_EACH = 50
"""So many of a thing's newest events are looked at on a way through it."""
CHUNK = 200
DULL = (KINDS[EntityKind.MERCHANT], KINDS[EntityKind.PIN])
"""No way leads through these: that two people bought in one shop, or live in one town, links nothing."""


class _Side:
    """What was reached from one end: how it was reached, and what was reached last."""

    def __init__(self, start: int) -> None:
        self.came_from: dict[int, int] = {start: 0}
        self.edge = [start]

    def way(self, to: int) -> list[int]:
        """Return the way from the end to a thing."""
        found = [to]
        while (to := self.came_from[to]) != 0:
            found.append(to)
        return found[::-1]


def shortest(
    connection: sa.Connection, start: int, goal: int, *, max_hops: int, max_nodes: int
) -> list[int] | None:
    """Return the numbers of the things on a shortest way, both ends among them; None when there is none.

    It is searched from both ends at once, the smaller edge first, so that what lies behind a large one is looked at
    last.

    Parameters
    ----------
    max_hops
        The longest way, in shared events.
    max_nodes
        So many things may be seen.
    """
    if start == goal:
        return [start]
    here, there = _Side(start), _Side(goal)
    for _ in range(max_hops):
        side, other = (here, there) if len(here.edge) <= len(there.edge) else (there, here)
        left = max_nodes - len(here.came_from) - len(there.came_from)
        if left <= 0 or not side.edge:
            return None
        meeting = _step(connection, side, other, (start, goal), left)
        if meeting is not None:
            return here.way(meeting) + there.way(meeting)[-2::-1]
    return None


def _step(
    connection: sa.Connection, side: _Side, other: _Side, ends: tuple[int, int], left: int
) -> int | None:
    """Move one side's edge on by one hop; return where the sides met."""
    edge, side.edge = side.edge, []
    for origins in _chunks(edge):
        found = connection.execute(
            AROUND,
            {"ids": origins, "dull": DULL, "ends": ends, "steps": EVENTS_EACH, "most": max(left, 1) * 4},
        )
        for origin, neighbour in found:
            if neighbour in side.came_from:
                continue
            side.came_from[neighbour] = origin
            side.edge.append(neighbour)
            if neighbour in other.came_from:
                return int(neighbour)
        if len(side.edge) >= left:
            return None
    return None


def _chunks(numbers: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]
