"""The event log on SQLite: appends touch only the log's end, lookups go through memory and an index."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from satark.core.errors import IdConflict
from satark.storage.engines import detached
from satark.storage.known_ids_filling import Filling
from satark.storage.log import END_OF_LOG, SqlEventLog
from satark.storage.rows import entry_of
from satark.storage.sqlite_checkpoint import Checkpoint, SqliteCheckpointer
from satark.storage.sqlite_index import MERGE_ROWS, SqliteIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from satark.decisions.ports import LogEntry
    from satark.storage.engines import Engines

INDEX_NAME = "index.db"
MERGE_WHEN_BUSY = 32_768
"""New rows are merged once there are so many of them, or earlier when nothing else goes on."""

ROWS_PER_STATEMENT = 64
"""So that a usual batch is one statement, and the few lengths stay in the driver's cache of statements."""

_Ids = dict[tuple[int, str], int]
_Refs = dict[tuple[int, str], tuple[int, ...]]


class SqliteEventLog(SqlEventLog):
    """The log in one SQLite file.

    Attributes
    ----------
    index
        The lookups beside the log. For the process that appends they cover it up to `index.indexed_seq` and
        memory covers the rest; any other looks for the rest in the log itself.
    """

    def __init__(self, engines: Engines, path: Path, *, audit_key: bytes, own: bool = False) -> None:
        read = engines.read
        super().__init__(engines, lambda: detached(read), audit_key=audit_key)
        self.index = SqliteIndex(path.with_name(INDEX_NAME), path)
        self._owned = False
        # Two generations: the older is being merged into the index while the newer takes what is appended.
        self._inserts: dict[int, str] = {}
        self._ids: _Ids = {}
        self._refs: _Refs = {}
        self._older_ids: _Ids = {}
        self._older_refs: _Refs = {}
        self._older_until = 0
        self._remembered = 0
        self._filling = Filling(self.index)
        self._checkpointing = threading.Lock()
        self._checkpointer = SqliteCheckpointer(path, lambda: self._turn, self.last_seq)
        if own:
            self._own()

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        """Return the owner's entry of this id; callable from any thread."""
        if self._owned:
            # Rows move from the newer to the older generation to the index; asked in this order none is
            # missed.
            key = (owner, event_id)
            seq = self._ids.get(key) or self._older_ids.get(key)
            if seq is None and self._filling.may_hold(owner, event_id):
                _, seq = self.index.find(owner, event_id)
            return None if seq is None else self.get(seq)
        covered, seq = self.index.find(owner, event_id)
        if seq is not None:
            return self.get(seq)
        rows = self._readers.fetch(self._sql.tail_by_id, (covered, owner, event_id))
        return entry_of(rows[0]) if rows else None

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the results and labels of one payment in order."""
        if not payment_id:
            return
        if self._owned:
            key = (owner, payment_id)
            found = set(self._refs.get(key, ())) | set(self._older_refs.get(key, ()))
            found.update(self.index.find_by_ref(owner, payment_id)[1])
            for seq in sorted(found):
                entry = self.get(seq)
                if entry is not None:
                    yield entry
            return
        covered, seqs = self.index.find_by_ref(owner, payment_id)
        for seq in seqs:
            entry = self.get(seq)
            if entry is not None:
                yield entry
        yield from map(entry_of, self._readers.fetch(self._sql.by_ref, (owner, payment_id, covered)))

    def merge_index(self, *, everything: bool = False) -> int:
        """Merge new rows into the index; return how many are left in memory.

        Called from `Storage.checkpoint`, beside appends. Does nothing while the rows are few, unless
        `everything`.
        """
        if not self._owned:
            return 0
        waiting = self.last_seq() - self.index.indexed_seq
        if waiting and (everything or waiting >= MERGE_WHEN_BUSY or self._older_until):
            if not self._older_until:
                with self._turn:
                    self._older_ids, self._older_refs = self._ids, self._refs
                    self._older_until = self.last_seq()
                    self._ids, self._refs = {}, {}
            while self.index.indexed_seq < self._older_until:
                self.index.merge(self._older_until)
            # Before memory forgets them, or an id could be asked for in between and found nowhere.
            self._filling.add(self._older_ids)
            self._older_ids, self._older_refs, self._older_until = {}, {}, 0
        return self.last_seq() - self.index.indexed_seq

    def checkpoint(self) -> Checkpoint:
        """Move pages into the database and merge new rows' lookups; see `Storage.checkpoint`."""
        if self._engines.write is None:
            return Checkpoint()
        self._own()
        with self._checkpointing:
            wal_bytes, moved, idle = self._checkpointer.run()
            return Checkpoint(wal_bytes, moved, self.merge_index(everything=idle))

    def close(self) -> None:
        """Close the log's and the index's connections."""
        self._filling.stop()
        self.index.close()
        with self._checkpointing:
            self._checkpointer.close()
        # SQLite empties the write-ahead log when the last connection goes that may write.
        super().close()

    def _connect_writer(self) -> Any:  # noqa: ANN401 - the driver's connection
        return detached(self._engines.writer())

    def _begin(self, writer: Any) -> None:  # noqa: ANN401 - the driver's connection
        writer.execute("BEGIN IMMEDIATE")

    def _insert(self, cursor: Any, rows: list[tuple[Any, ...]]) -> None:  # noqa: ANN401 - the driver's cursor
        """Send many rows per statement.

        The driver lets go of the interpreter's lock for every step of a statement and must win it back from the busy
        thread that decides. With a step per row a batch of 48 waited 48 times, and each wait is up to the switch
        interval.
        """
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            part = rows[start : start + ROWS_PER_STATEMENT]
            cursor.execute(self._insert_of(len(part)), [value for row in part for value in row])

    def _insert_of(self, count: int) -> str:
        """Return the statement for so many rows; each of the few lengths is written once."""
        sql = self._inserts.get(count)
        if sql is None:
            one = self._sql.event_insert
            _, _, values = one.rpartition(" VALUES ")
            sql = self._inserts[count] = ", ".join([one, *[values] * (count - 1)])
        return sql

    def _check_new(self, entries: Sequence[LogEntry]) -> None:
        """Refuse ids that are in the log already: the log's own table has no unique index."""
        newer, older = self._ids, self._older_ids
        per_owner: dict[int, set[str]] = {}
        for entry in entries:
            owned = per_owner.setdefault(entry.owner, set())
            key = (entry.owner, entry.event_id)
            if entry.event_id in owned or key in newer or key in older:
                raise _conflict(entry.owner)
            owned.add(entry.event_id)
        if self.index.indexed_seq:
            for owner, event_ids in per_owner.items():
                doubtful = [event_id for event_id in event_ids if self._filling.may_hold(owner, event_id)]
                if doubtful and self.index.known(owner, doubtful):
                    raise _conflict(owner)

    def _appended(self, entries: Sequence[LogEntry]) -> None:
        for entry in entries:
            self._remember(entry.seq, entry.owner, entry.event_id, entry.ref)

    def _catch_up(self, last: int) -> None:
        if self._owned and last > self._remembered:
            self._learn_after(self._remembered)

    def _recent_of(
        self, action: int, after: int, until: int, limit: int, *, forwards: bool
    ) -> list[LogEntry]:
        covered, seqs = self.index.find_actions(action, after, until, limit, forwards=forwards)
        tail_from = max(after, covered)
        sql = self._sql.next_of if forwards else self._sql.newest_of

        def tail(many: int) -> list[LogEntry]:
            if tail_from >= min(until, END_OF_LOG) or not many:
                return []
            return [entry_of(row) for row in self._readers.fetch(sql, (tail_from, until, action, many))]

        newest = [] if forwards else tail(limit)
        entries = [entry for seq in seqs[: limit - len(newest)] if (entry := self.get(seq)) is not None]
        return entries + tail(limit - len(entries)) if forwards else newest + entries

    def _own(self) -> None:
        """Be the one that appends: claim the index, and learn the rows that it does not cover.

        Others (pages, commands) also open for writing, for keys and the trail; they must leave the index
        alone and may not trust a memory of the log's end.
        """
        with self._turn:
            if self._owned:
                return
            self.index.claim()
            last = self.stored_last()
            # Very many rows, for instance after a restore, go into the file and not into memory.
            while last - self.index.indexed_seq > MERGE_ROWS:
                self.index.merge(last)
            self._remembered = self.index.indexed_seq
            self._learn_after(self._remembered)
            self._owned = True

    def _learn_after(self, seq: int) -> None:
        for place, owner, event_id, ref in self._places(seq):
            self._remember(place, owner, event_id, ref)

    def _remember(self, seq: int, owner: int, event_id: str, ref: str) -> None:
        if seq <= self._remembered:
            return
        self._remembered = seq
        self._ids[owner, event_id] = seq
        if ref:
            key = (owner, ref)
            self._refs[key] = (*self._refs.get(key, ()), seq)


def _conflict(owner: int) -> IdConflict:
    return IdConflict("an id of the batch is in the log already", owner=owner)
