"""The event log on PostgreSQL.

The connection that appends holds an advisory lock for as long as its session lives. So there is one writer
per database, and after a connection was lost in the middle of a COMMIT nothing is read or written before
the server has ended that session: only then is it certain what became of the batch.

Nearly every event is new, and to ask the server for each of them makes the thread that decides wait for another
process. Whoever appends is alone, so it knows from its own memory which ids are certainly not there
(`satark.storage.known_ids`); all others ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.core.errors import StorageUnavailable
from satark.storage.engines import detached
from satark.storage.known_ids_filling import Filling
from satark.storage.log import SqlEventLog
from satark.storage.rows import entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from satark.decisions.ports import LogEntry
    from satark.storage.engines import Engines

WRITER_LOCK = 0x5A7A_0002
LOCK_TIMEOUT_MS = 5_000
FRESH_IDS = 4_096
"""The newest ids are kept as they are, and so many at a time go into the filter."""


class PostgresEventLog(SqlEventLog):
    """The log in a PostgreSQL database."""

    def __init__(self, engines: Engines, *, audit_key: bytes) -> None:
        read = engines.read

        def connect() -> Any:  # noqa: ANN401 - the driver's connection
            connection = detached(read)
            connection.autocommit = True
            return connection

        super().__init__(engines, connect, audit_key=audit_key, attempts=2)
        self._filling = Filling(self)
        self._fresh: set[tuple[int, str]] = set()
        self._known_until: int | None = None
        self._alone = False

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        """Return the owner's entry of this id; callable from any thread."""
        key = (owner, event_id)
        # Ids go from the fresh ones into the filter; asked in this order none is missed.
        if self._alone and key not in self._fresh and not self._filling.may_hold(owner, event_id):
            return None
        rows = self._readers.fetch(self._sql.by_id, (owner, event_id))
        return entry_of(rows[0]) if rows else None

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the results and labels of one payment in order."""
        if payment_id:
            yield from map(entry_of, self._readers.fetch(self._sql.by_ref, (owner, payment_id, 0)))

    @property
    def indexed_seq(self) -> int:
        """How many ids the server's index holds."""
        return self._known_until or 0

    def ids_after(self, owner: int, event_id: str, limit: int) -> list[tuple[int, str]]:
        """Return (owner, id) pairs in the server's order, those after this one."""
        return [
            (row[0], row[1]) for row in self._readers.fetch(self._sql.ids_sorted, (owner, event_id, limit))
        ]

    def close(self) -> None:
        """Close the log's connections."""
        self._filling.stop()
        super().close()

    def _appended(self, entries: Sequence[LogEntry]) -> None:
        # They follow what was known: nobody else has appended since, whatever became of the connection.
        self._alone = True
        self._learn([(entry.owner, entry.event_id) for entry in entries], entries[-1].seq)

    def _catch_up(self, last: int) -> None:
        if self._known_until is None:
            self._known_until = last
        elif last > self._known_until:
            ids = [(owner, event_id) for _, owner, event_id, _ in self._places(self._known_until)]
            self._learn(ids, last)

    def _learn(self, ids: Sequence[tuple[int, str]], until: int) -> None:
        self._fresh.update(ids)
        self._known_until = until
        if len(self._fresh) >= FRESH_IDS:
            self._filling.add(self._fresh)
            self._fresh = set()

    def _drop_writer(self) -> None:
        # With the session goes the lock: until the next batch is in, another process may append.
        self._alone = False
        super()._drop_writer()

    def _connect_writer(self) -> Any:  # noqa: ANN401 - the driver's connection
        connection = detached(self._engines.writer())
        try:
            connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
            connection.execute(f"SELECT pg_advisory_lock({WRITER_LOCK})")
            connection.execute("SET lock_timeout = 0")
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, writer: Any) -> None:  # noqa: ANN401 - the driver begins by itself
        """Begin nothing: the driver sends BEGIN before the first statement."""

    def _end_of_log(self) -> int:
        # Whoever asks is about to write: take the lock first, so that no lost session can still commit.
        if self._last is None and self._writer is None:
            try:
                self._writer = self._connect_writer()
            except self._faults as error:
                message = f"the right to write the log cannot be had: {error}"
                raise StorageUnavailable(message, certain=False) from error
        return super()._end_of_log()
