"""What the watch counts and finds, kept beside the log; counted by the worker, read by the page and the report.

A batch's counts, the references that it completed and the place up to which the log was counted move in one
transaction, so that a crash neither loses nor repeats a decision or a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from satark.core.clock import IST_OFFSET_US, MICROS_PER_DAY
from satark.decisions.watch import measures as m
from satark.decisions.watch.counter import WatchCounter
from satark.decisions.watch.findings import Finding
from satark.decisions.watch.gauges import Gauges, Kept
from satark.storage.desk.tables.cases import ALERTS
from satark.storage.desk.tables.watch import (
    WATCH_COUNTS,
    WATCH_FINDINGS,
    WATCH_PLACE,
    WATCH_REFERENCES,
    WATCH_RUNS,
    WATCH_TROUBLED,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.decisions.ports import EventLog
    from satark.policies.label_rules import TrustOrder
    from satark.storage.engines import Engines

BATCH = 1_000
"""Entries per transaction."""
FIRST_ENTRIES = 1_000
"""Among so many there is a payment, or it does not matter when the first one was."""
_THE_ROW = 1
_ROWS_PER_STATEMENT = 500
_KEPT = msgspec.json.Decoder(Kept)
_FINDING = msgspec.json.Decoder(Finding)


@dataclass(frozen=True, slots=True)
class Run:
    """When the weeks were last judged, and up to where in the log."""

    at_us: int
    seq: int


@dataclass(frozen=True, slots=True)
class TroubledSums:
    """Customers and payments that were stopped and turned out genuine; `minor` is the sum of these payments."""

    customers: int
    payments: int
    minor: int


class Watch:
    """The watch's store; callable from any thread and process, counted by one at a time.

    Parameters
    ----------
    key
        A secret of the installation: customers are counted by a digest under it.
    """

    def __init__(self, engines: Engines, *, key: bytes) -> None:
        self._engines = engines
        self._key = key

    # ---- counting --------------------------------------------------------------------------------------------------

    def gauges(self, log: EventLog) -> Gauges:
        """Return what is watched, with the references that were made before."""
        first = next((entry for entry in log.read(0, limit=FIRST_ENTRIES) if entry.kind == "payment"), None)
        began_us = 0 if first is None else first.occurred_us
        return Gauges(log.find_by_ref, self.references(), began_us=began_us)

    def catch_up(self, log: EventLog, gauges: Gauges, trust: TrustOrder, limit: int = BATCH) -> int:
        """Count the next entries of the log; return how many there were.

        Whatever goes wrong, the gauges have seen entries that were not counted: make new ones before the next call.

        Raises
        ------
        StorageUnavailable
            Nothing was counted.
        """
        place = self.last_seq()
        entries = list(log.read(place, limit=limit))
        if not entries:
            return 0
        counter = WatchCounter(log, gauges, trust, self._key)
        counter.take(entries)
        with self._engines.writing("the watch") as connection:
            # Another process may have counted meanwhile.
            if _place(connection) != place:
                return -1
            self._write(connection, counter)
            _upsert(connection, WATCH_PLACE, [{"id": _THE_ROW, "seq": entries[-1].seq}], replaced=("seq",))
        return len(entries)

    def last_seq(self) -> int:
        """Return up to where the log has been counted."""
        with self._engines.reading("the watch") as connection:
            return _place(connection)

    def references(self) -> list[Kept]:
        """Return what was usual, of everything that is watched."""
        with self._engines.reading("the watch") as connection:
            return [_KEPT.decode(body) for body in connection.scalars(sa.select(WATCH_REFERENCES.c.body))]

    def add_references(self, kept: Sequence[Kept]) -> None:
        """Keep the references of model cards, so that pages need no model."""
        with self._engines.writing("the watch") as connection:
            _keep(connection, kept)

    # ---- reading counts --------------------------------------------------------------------------------------------

    def weeks(self, first: int, end: int, measures: Sequence[str] = m.OF_WEEKS) -> dict[int, m.Sums]:
        """Return week to measure to key to (count, sum) over the weeks first <= week < end."""
        counts = WATCH_COUNTS.c
        found: dict[int, m.Sums] = {}
        with self._engines.reading("the watch") as connection:
            for week in range(first, end):
                day = m.first_day(week)
                found[week] = _sums(
                    connection, day, day + m.DAYS_PER_WEEK, counts.measure.in_(tuple(measures))
                )
        return found

    def days(self, first: int, end: int, measures: Sequence[str] = m.MEASURES) -> m.Sums:
        """Return measure to key to (count, sum) over the days first <= day < end."""
        with self._engines.reading("the watch") as connection:
            return _sums(connection, first, end, WATCH_COUNTS.c.measure.in_(tuple(measures)))

    def alerts_per_day(self, first: int, end: int) -> dict[str, dict[int, int]]:
        """Return queue to day to alerts opened on it, over the days first <= day < end."""
        day = ((ALERTS.c.opened_us + IST_OFFSET_US) // MICROS_PER_DAY).label("day")
        query = (
            sa.select(ALERTS.c.queue, day, sa.func.count())
            .where(ALERTS.c.opened_us >= _start_us(first), ALERTS.c.opened_us < _start_us(end))
            .group_by(ALERTS.c.queue, sa.text("day"))
        )
        found: dict[str, dict[int, int]] = {}
        with self._engines.reading("the watch") as connection:
            for queue, at, number in connection.execute(query):
                found.setdefault(str(queue), {})[int(at)] = int(number)
        return found

    def troubled(self, first: int, end: int) -> TroubledSums:
        """Return the genuine customers who were stopped over the days first <= day < end."""
        rows = WATCH_TROUBLED.c
        query = sa.select(
            sa.func.count(sa.distinct(rows.who)),
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(rows.minor), 0),
        ).where(rows.day >= first, rows.day < end)
        with self._engines.reading("the watch") as connection:
            customers, payments, minor = connection.execute(query).one()
        return TroubledSums(int(customers), int(payments), int(minor))

    # ---- findings --------------------------------------------------------------------------------------------------

    def put_findings(self, weeks: Sequence[int], findings: Sequence[Finding], run: Run) -> None:
        """Replace the findings of some weeks."""
        rows = [
            {
                "week": one.week,
                "kind": one.kind.value,
                "subject": one.subject,
                "verdict": one.verdict.value,
                "body": msgspec.json.encode(one).decode(),
            }
            for one in findings
        ]
        with self._engines.writing("the watch") as connection:
            connection.execute(sa.delete(WATCH_FINDINGS).where(WATCH_FINDINGS.c.week.in_(tuple(weeks))))
            _upsert(connection, WATCH_FINDINGS, rows, replaced=("verdict", "body"))
            told = {"id": _THE_ROW, "at_us": run.at_us, "seq": run.seq}
            _upsert(connection, WATCH_RUNS, [told], replaced=("at_us", "seq"))

    def findings(self, first: int, end: int) -> list[Finding]:
        """Return the findings of the weeks first <= week < end, oldest week first."""
        rows = WATCH_FINDINGS.c
        query = (
            sa.select(rows.body)
            .where(rows.week >= first, rows.week < end)
            .order_by(rows.week, rows.kind, rows.subject)
        )
        with self._engines.reading("the watch") as connection:
            return [_FINDING.decode(body) for body in connection.scalars(query)]

    def last_run(self) -> Run | None:
        """Return when the weeks were last judged."""
        with self._engines.reading("the watch") as connection:
            row = connection.execute(sa.select(WATCH_RUNS).where(WATCH_RUNS.c.id == _THE_ROW)).first()
        return None if row is None else Run(int(row.at_us), int(row.seq))

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _write(self, connection: sa.Connection, counter: WatchCounter) -> None:
        rows = [
            {"day": day, "measure": measure, "key": key, "n": n, "total": total}
            for day, measure, key, n, total in counter.rows()
        ]
        _upsert(connection, WATCH_COUNTS, rows, sums=("n", "total"))
        _keep(connection, counter.made)
        troubled = [
            {"seq": one.seq, "day": one.day, "who": one.who, "minor": one.minor}
            for one in counter.troubled.values()
            if one.is_so
        ]
        _upsert(connection, WATCH_TROUBLED, troubled, replaced=("day", "who", "minor"))
        gone = [one.seq for one in counter.troubled.values() if not one.is_so]
        for start in range(0, len(gone), _ROWS_PER_STATEMENT):
            some = gone[start : start + _ROWS_PER_STATEMENT]
            connection.execute(sa.delete(WATCH_TROUBLED).where(WATCH_TROUBLED.c.seq.in_(some)))


def _keep(connection: sa.Connection, kept: Sequence[Kept]) -> None:
    rows = [{"name": one.name, "id": one.id, "body": msgspec.json.encode(one).decode()} for one in kept]
    _upsert(connection, WATCH_REFERENCES, rows, replaced=("body",))


def _sums(
    connection: sa.Connection, first: int, end: int, of_measures: sa.ColumnElement[bool]
) -> dict[str, dict[str, tuple[int, int]]]:
    counts = WATCH_COUNTS.c
    query = (
        sa.select(counts.measure, counts.key, sa.func.sum(counts.n), sa.func.sum(counts.total))
        .where(of_measures, counts.day >= first, counts.day < end)
        .group_by(counts.measure, counts.key)
    )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for measure, key, n, total in connection.execute(query):
        found.setdefault(str(measure), {})[str(key)] = (int(n), int(total))
    return found


def _place(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(WATCH_PLACE.c.seq).where(WATCH_PLACE.c.id == _THE_ROW)) or 0)


def _start_us(day: int) -> int:
    return day * MICROS_PER_DAY - IST_OFFSET_US


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[dict[str, Any]],
    *,
    replaced: Sequence[str] = (),
    sums: Sequence[str] = (),
) -> None:
    """Insert rows; where the key is there, replace some columns and add to others."""
    if not rows:
        return
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table)
    changes: dict[str, Any] = {name: insert.excluded[name] for name in replaced}
    changes.update({name: table.c[name] + insert.excluded[name] for name in sums})
    statement = insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        connection.execute(statement, list(rows[start : start + _ROWS_PER_STATEMENT]))
