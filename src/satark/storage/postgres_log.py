"""The event log on PostgreSQL.

The connection that appends holds an advisory lock for as long as its session lives. So there is one writer
per database, and after a connection was lost in the middle of a COMMIT nothing is read or written before
the server has ended that session: only then is it certain what became of the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.core.errors import StorageUnavailable
from satark.storage.engines import detached
from satark.storage.log import SqlEventLog
from satark.storage.rows import entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.decisions.ports import LogEntry
    from satark.storage.engines import Engines

WRITER_LOCK = 0x5A7A_0002
LOCK_TIMEOUT_MS = 5_000


class PostgresEventLog(SqlEventLog):
    """The log in a PostgreSQL database."""

    def __init__(self, engines: Engines, *, audit_key: bytes) -> None:
        read = engines.read

        def connect() -> Any:  # noqa: ANN401 - the driver's connection
            connection = detached(read)
            connection.autocommit = True
            return connection

        super().__init__(engines, connect, audit_key=audit_key, attempts=2)

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        """Return the owner's entry of this id; callable from any thread."""
        rows = self._readers.fetch(self._sql.by_id, (owner, event_id))
        return entry_of(rows[0]) if rows else None

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the results and labels of one payment in order."""
        if payment_id:
            yield from map(entry_of, self._readers.fetch(self._sql.by_ref, (owner, payment_id, 0)))

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
