"""Move committed pages from SQLite's write-ahead log into the database, beside the appends.

A passive checkpoint blocks nobody, but while appends go on it never quite catches up, and only a log that
was moved whole is begun anew. So once the file is long, the last few pages are moved while appends wait,
which takes a millisecond or two because nearly everything was moved before; when nothing is appended the
file is cut to nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.errors import StorageUnavailable
from satark.storage.engines import set_up_sqlite, sqlite_uri

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

RESET_BYTES = 64 * 1024 * 1024
"""How long the write-ahead log grows under load before it is begun anew."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one call of `Storage.checkpoint` did.

    Attributes
    ----------
    wal_bytes
        The write-ahead log's length on disk afterwards.
    moved
        Whether everything in it is in the database.
    unmerged
        Log entries whose lookups are in memory alone; after a crash they are read again at open.
    """

    wal_bytes: int = 0
    moved: bool = True
    unmerged: int = 0


class SqliteCheckpointer:
    """Checkpoints one SQLite file; used by one thread at a time.

    Parameters
    ----------
    path
        The database.
    pause
        A context in which this process appends nothing.
    last_seq
        The log's end, by which it is seen whether anything is appended.
    """

    def __init__(
        self, path: Path, pause: Callable[[], AbstractContextManager[object]], last_seq: Callable[[], int]
    ) -> None:
        self._path = path
        self._pause = pause
        self._last_seq = last_seq
        self._seen = -1
        self._connection: sqlite3.Connection | None = None

    def run(self) -> tuple[int, bool, bool]:
        """Checkpoint; return (bytes left in the file, whether all was moved, whether nothing is appended).

        Raises
        ------
        StorageUnavailable
            The disk refuses; nothing is lost, the next call tries again.
        """
        last = self._last_seq()
        idle, self._seen = last == self._seen, last
        try:
            moved = self._pragma("PASSIVE")
            if idle and self._wal_bytes():
                with self._pause():
                    moved = self._pragma("TRUNCATE")
            elif self._wal_bytes() > RESET_BYTES:
                self._pragma("PASSIVE")
                with self._pause():
                    moved = self._pragma("RESTART")
        except (sqlite3.Error, OSError) as error:
            self.close()
            message = f"the database cannot be checkpointed: {error}"
            raise StorageUnavailable(message, certain=True) from error
        return self._wal_bytes(), moved, idle

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _pragma(self, mode: str) -> bool:
        """Run one checkpoint; return whether it reached the end."""
        if self._connection is None:
            self._connection = sqlite3.connect(
                sqlite_uri(self._path, "rwc"), uri=True, check_same_thread=False, isolation_level=None
            )
            set_up_sqlite(self._connection, write=True)
            # Readers or another process in the way: better to come back later than to make appends wait.
            self._connection.execute("PRAGMA busy_timeout = 0")
        busy, pages, moved = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy and pages == moved

    def _wal_bytes(self) -> int:
        try:
            return self._path.with_name(self._path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0
