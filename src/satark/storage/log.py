"""The durable log of events and decisions: what SQLite and PostgreSQL have in common.

An append is one transaction of the rows and one link of the chain. It comes from one thread, the committer;
reads come from any thread on connections of their own. After a failed append the outcome is found out
before the caller hears of it: either the batch turns out to be in the log and the append succeeds after
all, or `StorageUnavailable` says that nothing was committed. Only while the database cannot even be asked
does the error carry ``certain=False``; then `reconcile` is asked until it answers.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.core.errors import IdConflict, IntegrityBroken, StorageUnavailable
from satark.decisions.model import Action
from satark.storage.readers import Readers
from satark.storage.rows import CHAIN_START, Statements, chain_hash, entry_of, rows_and_digest
from satark.storage.sqlite_checkpoint import Checkpoint
from satark.storage.tables import INSTALLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from satark.decisions.ports import LogEntry
    from satark.storage.engines import Engines

READ_CHUNK = 512
"""Rows per statement when streaming: no long read transaction keeps the write-ahead log from being reset."""
IDS_CHUNK = 8_192
END_OF_LOG = 2**63 - 1
MAX_OWNERS = 64
PROBE_BYTES = 65_536
PROBE_NAME = "probe"


class SqlEventLog:
    """`satark.decisions.ports.EventLog` over a database; see its subclasses for the two dialects."""

    def __init__(
        self, engines: Engines, connect_reader: Callable[[], Any], *, audit_key: bytes, attempts: int = 1
    ) -> None:
        self._engines = engines
        self._audit_key = audit_key
        self._sql = Statements(engines.read.dialect)
        dbapi: Any = engines.read.dialect.loaded_dbapi
        self._faults: tuple[type[BaseException], ...] = (dbapi.Error, OSError)
        self._conflicts: type[BaseException] = dbapi.IntegrityError
        self._readers = Readers(connect_reader, self._faults, attempts=attempts)
        self._turn = threading.RLock()
        self._writer: Any = None
        self._last: int | None = None
        self._chain = CHAIN_START
        # After a failed append the end is asked for only where no lost session can still move it.
        self._in_doubt = False

    # Writing: the committer's thread alone.

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Commit all entries in one durable transaction, or none.

        Raises
        ------
        StorageUnavailable
            Nothing of this batch was committed; with ``certain=False`` this is not known yet and
            `reconcile` must be asked before the next append.
        IdConflict
            An owner's id is in the log already, or twice in the batch; nothing was committed.
        IntegrityBroken
            The batch does not follow the log's end; nothing was committed.
        """
        if not entries:
            return
        self._engines.writer()
        self._own()
        rows, digest = rows_and_digest(entries)
        with self._turn:
            last = self._end_of_log()
            if entries[0].seq != last + 1 or entries[-1].seq != last + len(entries):
                message = f"the log ends at {last}; the batch runs from {entries[0].seq} to {entries[-1].seq}"
                raise IntegrityBroken(message, expected=last + 1, found=entries[0].seq)
            self._check_new(entries)
            link = chain_hash(self._audit_key, self._chain, digest)
            try:
                self._commit(rows, (entries[-1].seq, len(rows), link))
            except self._conflicts as error:
                self._drop_writer()
                message = "an id or place of the batch is in the log already"
                raise IdConflict(message) from error
            except self._faults as error:
                self._drop_writer()
                self._settle(entries, error)
            self._last, self._chain = entries[-1].seq, link
            self._appended(entries)

    def reconcile(self, entries: Sequence[LogEntry]) -> bool:
        """Tell whether a batch is in the log; asked after an append that failed with ``certain=False``.

        Raises
        ------
        StorageUnavailable
            It cannot be told yet.
        """
        if not entries:
            return True
        with self._turn:
            self._last = None
            last = self._end_of_log()
            if last < entries[-1].seq:
                return False
            first = self.get(entries[0].seq)
            final = self.get(entries[-1].seq)
            return (
                first is not None
                and final is not None
                and (first.owner, first.event_id, first.digest)
                == (entries[0].owner, entries[0].event_id, entries[0].digest)
                and (final.owner, final.event_id, final.digest)
                == (entries[-1].owner, entries[-1].event_id, entries[-1].digest)
            )

    def probe(self) -> None:
        """Prove that the disk takes a batch, by writing as much and taking it away again.

        Asked after a failed append, before anybody is told that the engine is ready again.

        Raises
        ------
        StorageUnavailable
            It does not.
        """
        for value in ("x" * PROBE_BYTES, None):
            with self._engines.writing("the log") as connection:
                connection.execute(sa.delete(INSTALLATION).where(INSTALLATION.c.name == PROBE_NAME))
                if value is not None:
                    connection.execute(sa.insert(INSTALLATION).values(name=PROBE_NAME, value=value))

    # Reading: any thread.

    def last_seq(self) -> int:
        """Return the greatest committed seq, 0 when empty."""
        if self._last is not None:
            return self._last
        if not self._in_doubt:
            return self.stored_last()
        with self._turn:
            return self._end_of_log()

    def count(self) -> int:
        """Return how many entries the log holds: seq has no gaps and no row is ever deleted."""
        return self.last_seq()

    def get(self, seq: int) -> LogEntry | None:
        """Return one entry by its place."""
        rows = self._readers.fetch(self._sql.by_seq, (seq,))
        return entry_of(rows[0]) if rows else None

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        """Return the owner's entry of this id."""
        raise NotImplementedError

    def find_anywhere(self, event_id: str) -> list[LogEntry]:
        """Return the entries of this id, whichever owner sent them; of the oldest `MAX_OWNERS` owners."""
        owners = self._readers.fetch(f"SELECT id FROM owners ORDER BY id LIMIT {MAX_OWNERS}")  # noqa: S608 - ours
        found = (self.find(int(owner), event_id) for (owner,) in owners)
        return [entry for entry in found if entry is not None]

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the results and labels of one payment in order."""
        raise NotImplementedError

    def read(
        self, after_seq: int, *, limit: int | None = None, until_seq: int | None = None
    ) -> Iterator[LogEntry]:
        """Stream entries with after_seq < seq <= until_seq in order, holding a few hundred at a time."""
        left = END_OF_LOG if limit is None else limit
        until = END_OF_LOG if until_seq is None else until_seq
        while left > 0:
            rows = self._readers.fetch(self._sql.entries, (after_seq, until, min(left, READ_CHUNK)))
            yield from map(entry_of, rows)
            if len(rows) < min(left, READ_CHUNK):
                return
            after_seq = rows[-1][0]
            left -= len(rows)

    def ids(self, after_seq: int = 0) -> Iterator[tuple[int, str]]:
        """Stream (owner, event_id) of all entries with seq > after_seq, in order."""
        for _, owner, event_id, _ in self._places(after_seq):
            yield owner, event_id

    def recent(
        self,
        limit: int,
        before_seq: int | None = None,
        after_seq: int | None = None,
        action: str | None = None,
    ) -> list[LogEntry]:
        """Return decided entries, newest first, a page at a time.

        Parameters
        ----------
        limit
            The page's size.
        before_seq
            Only entries before this place: pass the last page's smallest seq for the next page.
        after_seq
            Only entries after this place. Alone it gives the `limit` entries that come right after it (what
            a live page has not shown yet), still newest first.
        action
            Only decisions with this action (`allow`, `challenge`, `hold` or `block`).
        """
        forwards = after_seq is not None and before_seq is None
        after = -1 if after_seq is None else after_seq
        until = END_OF_LOG if before_seq is None else before_seq - 1
        if action is None:
            sql = self._sql.next if forwards else self._sql.newest
            rows = self._readers.fetch(sql, (after, until, limit))
            entries = [entry_of(row) for row in rows]
        else:
            entries = self._recent_of(Action(action).gravity, after, until, limit, forwards=forwards)
        return entries[::-1] if forwards else entries

    def checkpoint(self) -> Checkpoint:
        """Do what keeps the log quick; a database server does it by itself."""
        return Checkpoint()

    def stored_last(self) -> int:
        """Read the greatest committed seq from the database."""
        return int(self._readers.fetch(self._sql.last_seq)[0][0] or 0)

    def stored_chain_end(self) -> int:
        """Read the place where the chain ends from the database."""
        rows = self._readers.fetch(self._sql.chain_head)
        return int(rows[0][0]) if rows else 0

    def stored_rows(self, until_seq: int) -> Iterator[tuple[Any, ...]]:
        """Stream rows with all that the chain covers, for its verification."""
        after_seq = 0
        while True:
            rows = self._readers.fetch(self._sql.covered, (after_seq, until_seq, READ_CHUNK))
            yield from rows
            if len(rows) < READ_CHUNK:
                return
            after_seq = rows[-1][0]

    def close(self) -> None:
        """Close the log's connections."""
        self._readers.close()
        with self._turn:
            self._drop_writer()

    # What the dialects fill in.

    def _connect_writer(self) -> Any:  # noqa: ANN401 - two drivers
        """Open the connection that appends."""
        raise NotImplementedError

    def _own(self) -> None:
        """Become the one that appends."""

    def _begin(self, writer: Any) -> None:  # noqa: ANN401 - two drivers
        """Start a transaction that holds the write lock."""
        raise NotImplementedError

    def _insert(self, cursor: Any, rows: list[tuple[Any, ...]]) -> None:  # noqa: ANN401 - two drivers
        """Send the rows of a batch."""
        cursor.executemany(self._sql.event_insert, rows)

    def _check_new(self, entries: Sequence[LogEntry]) -> None:
        """Raise `IdConflict` for ids that are in the log, where no unique index would."""

    def _appended(self, entries: Sequence[LogEntry]) -> None:
        """Take note of committed entries."""

    def _catch_up(self, last: int) -> None:
        """Take note of entries that were committed without `_appended` being told."""

    def _recent_of(
        self, action: int, after: int, until: int, limit: int, *, forwards: bool
    ) -> list[LogEntry]:
        """Return decided entries of one action."""
        sql = self._sql.next_of if forwards else self._sql.newest_of
        return [entry_of(row) for row in self._readers.fetch(sql, (after, until, action, limit))]

    # Private helpers.

    def _commit(self, rows: list[tuple[Any, ...]], link: tuple[int, int, bytes]) -> None:
        """Send one batch and its link of the chain, and make both durable."""
        if self._writer is None:
            self._writer = self._connect_writer()
        writer = self._writer
        self._begin(writer)
        cursor = writer.cursor()
        self._insert(cursor, rows)
        cursor.execute(self._sql.chain_insert, link)
        writer.commit()

    def _settle(self, entries: Sequence[LogEntry], error: BaseException) -> None:
        """Find out what became of a failed batch; return only if it is in the log after all."""
        self._last = None
        self._in_doubt = True
        try:
            committed = self.reconcile(entries)
        except StorageUnavailable:
            message = f"the log cannot be written, nor asked whether it was: {error}"
            raise StorageUnavailable(message, certain=False) from error
        if not committed:
            message = f"the log cannot be written: {error}"
            raise StorageUnavailable(message, certain=True) from error

    def _end_of_log(self) -> int:
        """Return the last seq, known or read anew together with the chain's head."""
        if self._last is None:
            rows = self._readers.fetch(self._sql.chain_head)
            last, self._chain = (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, CHAIN_START)
            stored = self.stored_last()
            if stored != last:
                message = f"the log holds {stored} entries, its chain {last}"
                raise IntegrityBroken(message, expected=last, found=stored)
            self._catch_up(last)
            self._last = last
            self._in_doubt = False
        return self._last

    def _places(self, after_seq: int) -> Iterator[tuple[Any, ...]]:
        """Stream (seq, owner, event_id, ref)."""
        while True:
            rows = self._readers.fetch(self._sql.ids, (after_seq, END_OF_LOG, IDS_CHUNK))
            yield from rows
            if len(rows) < IDS_CHUNK:
                return
            after_seq = rows[-1][0]

    def _drop_writer(self) -> None:
        """Close the appending connection, whose transaction is rolled back with it."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except self._faults:
                # A broken connection is thrown away in any case.
                return
