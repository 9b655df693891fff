"""The supervisor's figures, arranged as the page shows them: rows, columns and shares of bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from satark.cases.model import CaseOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.figures import AnalystLoad, BacklogBand, DeskLoad

WIDTH = 100.0


class Band(NamedTuple):
    """An age, from and to in seconds; the oldest has no end."""

    from_seconds: int
    to_seconds: int | None


@dataclass(frozen=True, slots=True)
class BacklogRow:
    """One queue: a cell per band of age (None: nothing), and its sums."""

    queue: str
    cells: tuple[BacklogBand | None, ...]
    n_cases: int
    n_overdue: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """All queues by age."""

    bands: tuple[Band, ...]
    rows: tuple[BacklogRow, ...]
    n_cases: int
    n_overdue: int
    amount_minor: int


class Slice(NamedTuple):
    """One outcome's part of the mix: where its bar begins and how wide it is, of `WIDTH`."""

    outcome: str
    cases: int
    x: float
    width: float


class Load(NamedTuple):
    """One colleague's load, and how long the bar is beside that of who has most."""

    load: AnalystLoad
    width: float
    known: bool


def backlog_of(load: DeskLoad) -> Backlog:
    """Return the backlog as a table; bands without any case in any queue are left out."""
    bands = sorted({Band(band.from_seconds, band.to_seconds) for band in load.backlog}, key=_age)
    rows = []
    for queue in dict.fromkeys(band.queue for band in load.backlog):
        own = {Band(band.from_seconds, band.to_seconds): band for band in load.backlog if band.queue == queue}
        rows.append(
            BacklogRow(
                queue,
                tuple(own.get(band) for band in bands),
                sum(band.n_cases for band in own.values()),
                sum(band.n_overdue for band in own.values()),
                sum(band.amount_minor for band in own.values()),
            )
        )
    return Backlog(
        tuple(bands),
        tuple(rows),
        sum(row.n_cases for row in rows),
        sum(row.n_overdue for row in rows),
        sum(row.amount_minor for row in rows),
    )


def _age(band: Band) -> tuple[int, float]:
    return band.from_seconds, float("inf") if band.to_seconds is None else band.to_seconds


def mix_of(load: DeskLoad) -> list[Slice]:
    """Return the outcomes as slices of one bar; empty when nothing was closed."""
    whole = sum(load.outcomes.values())
    slices: list[Slice] = []
    x = 0.0
    for outcome in CaseOutcome:
        count = load.outcomes.get(outcome.value, 0)
        width = WIDTH * count / whole if whole else 0.0
        if count:
            slices.append(Slice(outcome.value, count, round(x, 2), round(width, 2)))
        x += width
    return slices


def loads_of(load: DeskLoad, people: Sequence[str]) -> list[Load]:
    """Return who has how much, the most first.

    Who has cases but may not work on them any more is marked (`known` False), for those cases wait for nobody.
    """
    most = max((one.n_open for one in load.analysts), default=0)
    ranked = sorted(load.analysts, key=lambda one: (-one.n_open, one.user))
    return [
        Load(one, round(WIDTH * one.n_open / most, 2) if most else 0.0, one.user in people) for one in ranked
    ]
