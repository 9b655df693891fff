"""Counts of decisions per hour and day, kept beside the log, and what else the pages read off it.

The worker calls `catch_up` as the log grows. A batch's counts and the place up to which the log was counted move in one
transaction, so that a crash neither loses nor repeats a decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from satark.cases.rollups import DAY_GRAIN, HOUR_GRAIN, HOURS_PER_DAY, Tally
from satark.core.errors import InputInvalid
from satark.decisions.list_edits import LIST_EDIT, ListEdit, decode_list_edit
from satark.decisions.roster import ROSTER, decode_roster
from satark.storage.desk.tables.policies import LOG_ROSTERS
from satark.storage.desk.tables.rollups import LIST_LOG, LIST_VALUES, POLICIES, ROLLUP_PLACE, ROLLUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from satark.cases.rollups import RollupRow
    from satark.decisions.ports import LogEntry
    from satark.storage.engines import Engines

POLICY = "policy"
BATCH = 2_000
KEPT_HOURS = 100 * HOURS_PER_DAY
"""Rows of single hours are kept for a hundred days; those of days for ever."""
_THE_PLACE = 1
_ROWS_PER_STATEMENT = 500
_ROW = ("grain", "bucket", "measure", "key", "n", "minor")


class Log(Protocol):
    """What is counted."""

    def last_seq(self) -> int:
        """Return the greatest committed seq, 0 when empty."""

    def read(self, after_seq: int, *, limit: int | None = None) -> Iterator[LogEntry]:
        """Stream entries with a greater seq in order."""


@dataclass(frozen=True, slots=True)
class LoggedPolicy:
    """One time that the engine began to decide by a policy; `seq` is where the log has its text."""

    seq: int
    hash: str
    name: str
    version: int
    at_us: int


class _PolicyHead(msgspec.Struct):
    name: str
    version: int
    hash: str


_POLICY = msgspec.json.Decoder(_PolicyHead)


class Rollups:
    """The counts; callable from any thread and process, counted by one at a time."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    # Reading.

    def last_seq(self) -> int:
        """Return up to where the log has been counted."""
        with self._engines.reading("the counts") as connection:
            return _place(connection)

    def sums(
        self, grain: int, first: int, end: int, measures: Sequence[str]
    ) -> dict[str, dict[str, tuple[int, int]]]:
        """Return measure to key to (count, amount in minor units) over first <= bucket < end.

        Parameters
        ----------
        grain
            `HOUR_GRAIN` or `DAY_GRAIN` of `satark.cases.rollups`.
        first, end
            Hours or days since 1970 in India.
        measures
            Which ones.
        """
        rollups = ROLLUPS.c
        found: dict[str, dict[str, tuple[int, int]]] = {measure: {} for measure in measures}
        with self._engines.reading("the counts") as connection:
            for measure in measures:
                rows = connection.execute(
                    sa.select(rollups.key, sa.func.sum(rollups.n), sa.func.sum(rollups.minor))
                    .where(*_within(grain, measure, first, end))
                    .group_by(rollups.key)
                )
                found[measure] = {key: (int(n), int(minor)) for key, n, minor in rows}
        return found

    def series(self, grain: int, first: int, end: int, measure: str) -> list[tuple[int, str, int, int]]:
        """Return (bucket, key, count, amount in minor units) of one measure over first <= bucket < end, in order."""
        rollups = ROLLUPS.c
        with self._engines.reading("the counts") as connection:
            rows = connection.execute(
                sa.select(rollups.bucket, rollups.key, rollups.n, rollups.minor)
                .where(*_within(grain, measure, first, end))
                .order_by(rollups.bucket, rollups.key)
            )
            return [(row.bucket, row.key, row.n, row.minor) for row in rows]

    def hours_of_day(self, first: int, end: int, measure: str) -> list[tuple[int, str, int]]:
        """Return (hour of the day in India, key, count) of one measure over the hours first <= hour < end."""
        rollups = ROLLUPS.c
        hour = (rollups.bucket % HOURS_PER_DAY).label("hour")
        query = (
            sa.select(hour, rollups.key, sa.func.sum(rollups.n))
            .where(*_within(HOUR_GRAIN, measure, first, end))
            .group_by(sa.text("hour"), rollups.key)
            .order_by(sa.text("hour"), rollups.key)
        )
        with self._engines.reading("the counts") as connection:
            return [(int(row[0]), row[1], int(row[2])) for row in connection.execute(query)]

    def policies(self, limit: int = 50) -> list[LoggedPolicy]:
        """Return the policies that the log holds, the one in force first, each once.

        In force is what the newest roster says, and the newest policy while there is no roster. A policy that the
        log got for a shadow or canary is newer than the one in force.
        """
        newest = sa.select(sa.func.max(POLICIES.c.seq).label("seq")).group_by(POLICIES.c.hash).subquery()
        with self._engines.reading("the policies") as connection:
            roster = connection.execute(
                sa.select(LOG_ROSTERS.c.live, LOG_ROSTERS.c.at_us).order_by(LOG_ROSTERS.c.seq.desc()).limit(1)
            ).first()
            live = "" if roster is None else str(roster.live)
            query = (
                sa.select(POLICIES)
                .join(newest, newest.c.seq == POLICIES.c.seq)
                .order_by((POLICIES.c.hash == live).desc(), POLICIES.c.seq.desc())
                .limit(limit)
            )
            return [
                LoggedPolicy(
                    row.seq,
                    row.hash,
                    row.name,
                    row.version,
                    row.at_us if roster is None or row.hash != live else max(row.at_us, roster.at_us),
                )
                for row in connection.execute(query)
            ]

    # Counting.

    def catch_up(self, log: Log, limit: int = BATCH) -> int:
        """Count the next entries of the log; return how many there were.

        Raises
        ------
        StorageUnavailable
            Nothing was counted; the next call tries again.
        """
        place = self.last_seq()
        if log.last_seq() <= place:
            return 0
        entries = list(log.read(place, limit=limit))
        if not entries:
            return 0
        with self._engines.writing("the counts") as connection:
            # Another process may have counted meanwhile.
            if _place(connection) != place:
                return 0
            self.add(connection, entries)
        return len(entries)

    def add(self, connection: sa.Connection, entries: Sequence[LogEntry]) -> None:
        """Count entries that follow the place, in the caller's transaction."""
        tally = Tally()
        tally.take(entries)
        self.merge(connection, tally.rows())
        _take_lists(connection, entries)
        _take_policies(connection, entries)
        _take_rosters(connection, entries)
        _upsert(connection, ROLLUP_PLACE, [{"id": _THE_PLACE, "seq": entries[-1].seq}], ("seq",))

    def merge(self, connection: sa.Connection, rows: Sequence[RollupRow]) -> None:
        """Add counts to those that are there."""
        _upsert(
            connection,
            ROLLUPS,
            [dict(zip(_ROW, row, strict=True)) for row in rows],
            (),
            sums=("n", "minor"),
        )

    def forget(self, before_hour: int) -> int:
        """Remove the rows of single hours before one; return how many."""
        with self._engines.writing("the counts") as connection:
            return connection.execute(
                sa.delete(ROLLUPS).where(ROLLUPS.c.grain == HOUR_GRAIN, ROLLUPS.c.bucket < before_hour)
            ).rowcount


def _within(grain: int, measure: str, first: int, end: int) -> tuple[sa.ColumnElement[bool], ...]:
    if grain not in {HOUR_GRAIN, DAY_GRAIN}:
        message = "counts are kept per hour and per day"
        raise InputInvalid(message, field="grain")
    rollups = ROLLUPS.c
    return rollups.grain == grain, rollups.measure == measure, rollups.bucket >= first, rollups.bucket < end


def _place(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(ROLLUP_PLACE.c.seq).where(ROLLUP_PLACE.c.id == _THE_PLACE)) or 0)


def _take_lists(connection: sa.Connection, entries: Iterable[LogEntry]) -> None:
    """Keep what the edits among the entries say: the history, and the newest of each value."""
    history: list[dict[str, Any]] = []
    for entry in entries:
        if entry.kind == LIST_EDIT and entry.body:
            try:
                edit = decode_list_edit(entry.body)
            except InputInvalid:
                continue
            history.append(_edit_row(entry, edit))
    if not history:
        return
    _upsert(connection, LIST_LOG, history, ("at_us",))
    newest = {(row["list"], row["value"]): row for row in history}
    columns = ("removed", "expires_us", "seq", "at_us", "actor", "note")
    _upsert(connection, LIST_VALUES, list(newest.values()), columns)


def _edit_row(entry: LogEntry, edit: ListEdit) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "list": edit.list,
        "value": str(edit.value),
        "removed": edit.remove,
        "expires_us": None if edit.remove else edit.expires_us,
        "at_us": entry.arrived_us,
        "actor": edit.actor,
        "note": edit.note,
    }


def _take_policies(connection: sa.Connection, entries: Iterable[LogEntry]) -> None:
    """Note where the log has policies."""
    found = []
    for entry in entries:
        if entry.kind == POLICY and entry.body:
            try:
                head = _POLICY.decode(entry.body)
            except msgspec.MsgspecError:
                continue
            found.append(
                {
                    "seq": entry.seq,
                    "hash": head.hash,
                    "name": head.name,
                    "version": head.version,
                    "at_us": entry.arrived_us,
                }
            )
    if found:
        _upsert(connection, POLICIES, found, ("at_us",))


def _take_rosters(connection: sa.Connection, entries: Iterable[LogEntry]) -> None:
    """Note which policies took part from where on."""
    found = []
    for entry in entries:
        if entry.kind == ROSTER and entry.body:
            try:
                roster = decode_roster(entry.body)
            except InputInvalid:
                continue
            found.append(
                {
                    "seq": entry.seq,
                    "at_us": entry.arrived_us,
                    "live": roster.live,
                    "body": entry.body.decode(),
                    "command": command_of(entry.event_id),
                }
            )
    if found:
        _upsert(connection, LOG_ROSTERS, found, ("at_us",))


def command_of(event_id: str) -> int | None:
    """Return the number of the command that an entry of the log was asked for by; None when by none.

    Examples
    --------
    >>> command_of("command:17"), command_of("roster:17"), command_of("command:x")
    (17, None, None)
    """
    kind, _, number = event_id.partition(":")
    return int(number) if kind == "command" and number.isascii() and number.isdigit() else None


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[dict[str, Any]],
    replaced: Sequence[str],
    *,
    sums: Sequence[str] = (),
) -> None:
    """Insert rows; where the key is there, replace some columns and add to others."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table)
    changes: dict[str, Any] = {name: insert.excluded[name] for name in replaced}
    changes.update({name: table.c[name] + insert.excluded[name] for name in sums})
    statement = insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        connection.execute(statement, list(rows[start : start + _ROWS_PER_STATEMENT]))
