"""Move committed pages from SQLite's write-ahead log into the database, beside the appends.

A passive checkpoint blocks nobody, but while appends go on it seldom quite catches up, and only a log that
was moved whole is begun anew. So once many pages wait in it, the last few are moved while appends wait. That
costs a wait for the disk, so it is done by how much of the file is in use: its length on disk stays what it once
was, and would call for that wait at every checkpoint. When nothing is appended the file is cut to nothing.
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
"""How much of the write-ahead log is used under load before it is begun anew."""
FRAME_BYTES = 24
"""What stands before each page in the log (https://www.sqlite.org/fileformat2.html, section 4.1)."""


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
        self._page_bytes = 0

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
            moved, used = self._pragma("PASSIVE")
            if idle and self._wal_bytes():
                with self._pause():
                    moved, _ = self._pragma("TRUNCATE")
            elif used > RESET_BYTES:
                self._pragma("PASSIVE")
                with self._pause():
                    moved, _ = self._pragma("RESTART")
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

    def _pragma(self, mode: str) -> tuple[bool, int]:
        """Run one checkpoint; return whether it reached the end, and how many bytes of the log are in use."""
        if self._connection is None:
            self._connection = sqlite3.connect(
                sqlite_uri(self._path, "rwc"), uri=True, check_same_thread=False, isolation_level=None
            )
            set_up_sqlite(self._connection, write=True)
            # Readers or another process in the way: better to come back later than to make appends wait.
            self._connection.execute("PRAGMA busy_timeout = 0")
            (self._page_bytes,) = self._connection.execute("PRAGMA page_size").fetchone()
        busy, pages, moved = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy and pages == moved, max(0, pages) * (self._page_bytes + FRAME_BYTES)

    def _wal_bytes(self) -> int:
        try:
            return self._path.with_name(self._path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0
