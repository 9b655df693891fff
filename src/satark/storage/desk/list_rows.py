"""What the tables of list values and acts say: the reading half of `satark.storage.desk.list_acts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases.lists import Act, ValueRow
from satark.cases.model import UNDO_SECONDS
from satark.core.clock import MICROS_PER_SECOND
from satark.storage.desk.tables.commands import COMMANDS
from satark.storage.desk.tables.rollups import LIST_ACTS, LIST_CHANGES, LIST_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIST_OWNER = 0
"""Lists belong to the installation, not to an owner of API keys."""
_CHUNK = 400


def edited_values(connection: sa.Connection, name: str, wanted: Sequence[str]) -> dict[str, ValueRow]:
    """Return what the newest edit in the log says of some values, those that it knows."""
    found: dict[str, ValueRow] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        rows = connection.execute(
            sa.select(LIST_VALUES).where(LIST_VALUES.c.list == name, LIST_VALUES.c.value.in_(part))
        )
        found.update({row.value: value_row(row) for row in rows})
    return found


def changed_later(connection: sa.Connection, name: str, act_id: int, values: Sequence[str]) -> set[str]:
    """Return the values that a later act, or a later edit from elsewhere, has changed."""
    later = {
        value
        for start in range(0, len(values), _CHUNK)
        for value in connection.scalars(
            sa.select(LIST_CHANGES.c.value).where(
                LIST_CHANGES.c.list == name,
                LIST_CHANGES.c.value.in_(values[start : start + _CHUNK]),
                LIST_CHANGES.c.act > act_id,
            )
        )
    }
    # A case that was closed in between asks the engine for list entries of its own.
    at_us = connection.scalar(sa.select(LIST_ACTS.c.at_us).where(LIST_ACTS.c.id == act_id)) or 0
    bodies = connection.scalars(
        sa.select(COMMANDS.c.body).where(
            COMMANDS.c.owner == LIST_OWNER,
            COMMANDS.c.kind.in_(("list_set", "list_remove")),
            COMMANDS.c.state != sa.literal_column("'refused'"),
            COMMANDS.c.at_us >= at_us,
            COMMANDS.c.id.not_in(sa.select(LIST_CHANGES.c.command).where(LIST_CHANGES.c.act == act_id)),
        )
    )
    return later.union(filter(None, (_named(body, name) for body in bodies)))


def _named(body: str, name: str) -> str:
    """Return the value that a command's body names if it is of this list, else nothing."""
    told = msgspec.json.decode(body)
    return str(told.get("value", "")) if told.get("list") == name else ""


def whole_numbers(connection: sa.Connection, commands: Sequence[int]) -> set[int]:
    """Return the commands whose value is a number: lists of numbers want them back as such."""
    found: set[int] = set()
    for start in range(0, len(commands), _CHUNK):
        part = commands[start : start + _CHUNK]
        rows = connection.execute(sa.select(COMMANDS.c.id, COMMANDS.c.body).where(COMMANDS.c.id.in_(part)))
        found.update(row.id for row in rows if isinstance(msgspec.json.decode(row.body).get("value"), int))
    return found


def settled_of(connection: sa.Connection, acts: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how many commands of each act wait and how many were refused."""
    if not acts:
        return {}
    rows = connection.execute(
        sa.select(
            LIST_CHANGES.c.act,
            sa.func.count(sa.case((COMMANDS.c.state == "waiting", 1))),
            sa.func.count(sa.case((COMMANDS.c.state == "refused", 1))),
        )
        .join(COMMANDS, COMMANDS.c.id == LIST_CHANGES.c.command)
        .where(LIST_CHANGES.c.act.in_(acts))
        .group_by(LIST_CHANGES.c.act)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def act_of(row: Any, settled: tuple[int, int], user: str, now_us: int) -> Act:  # noqa: ANN401 - a row
    """Turn a row into an act, with how many of its commands wait and were refused."""
    until = row.at_us + UNDO_SECONDS * MICROS_PER_SECOND
    undoable = row.actor == user and row.undone_by is None and row.kind != "undo" and now_us <= until
    return Act(
        id=row.id,
        at_us=row.at_us,
        actor=row.actor,
        list=row.list,
        kind=row.kind,
        n=row.n,
        note=row.note,
        undone_by=row.undone_by,
        waiting=settled[0],
        refused=settled[1],
        undoable_until_us=until if undoable else None,
    )


def value_row(row: Any) -> ValueRow:  # noqa: ANN401 - a row
    """Turn a row into a `ValueRow`."""
    return ValueRow(
        row.list, row.value, bool(row.removed), row.expires_us, row.seq, row.at_us, row.actor, row.note
    )


def asked_of(connection: sa.Connection, name: str, values: Sequence[str]) -> Iterator[Any]:
    """Give (value, at_us, now, now_expires_us) of what was asked on these pages and not refused, oldest first."""
    for start in range(0, len(values), _CHUNK):
        yield from connection.execute(
            sa.select(
                LIST_CHANGES.c.value, LIST_ACTS.c.at_us, LIST_CHANGES.c.now, LIST_CHANGES.c.now_expires_us
            )
            .join(LIST_ACTS, LIST_ACTS.c.id == LIST_CHANGES.c.act)
            .join(COMMANDS, COMMANDS.c.id == LIST_CHANGES.c.command)
            .where(
                COMMANDS.c.state != sa.literal_column("'refused'"),
                LIST_CHANGES.c.list == name,
                LIST_CHANGES.c.value.in_(values[start : start + _CHUNK]),
            )
            .order_by(LIST_CHANGES.c.act)
        )
