"""Give the room of removed rows back to the disk: SQLite keeps it in its files until it is asked.

Retention empties bodies and decisions beside a running engine; the files stay as large, and what comes later is written
into the holes. Whoever needs the room back stops the engine and the worker and compacts. SQLite writes the whole
database anew beside the old one and replaces it in one transaction, so a kill -9 leaves the old one. PostgreSQL does
its own tidying.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.errors import StorageUnavailable
from satark.storage.engines import BUSY_TIMEOUT_MS, sqlite_uri, storage_faults
from satark.storage.lock import FolderLock

if TYPE_CHECKING:
    from pathlib import Path

    from satark.storage.verify import Progress

WORKER_LOCK = "worker.lock"
FILES = ("satark.db", "desk.db")
"""The lookups in `index.db` are made anew as rows come and are no larger than they must be."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of one file, in bytes."""

    name: str
    before_bytes: int
    after_bytes: int


def compact(folder: Path, *, progress: Progress | None = None) -> list[Compacted]:
    """Compact an installation's SQLite files while neither engine nor worker runs.

    Parameters
    ----------
    folder
        The data folder.
    progress
        Called with (file, done, total).

    Raises
    ------
    FolderLocked
        An engine or a worker runs on the folder.
    StorageUnavailable
        The disk has not enough room for the copy, or a page or command holds the database; nothing is lost.
    """
    with FolderLock(folder), FolderLock(folder, name=WORKER_LOCK):
        found = [folder / name for name in FILES if (folder / name).is_file()]
        done = []
        for place, path in enumerate(found):
            if progress is not None:
                progress(path.name, place, len(found))
            done.append(_compact_one(path))
        if progress is not None:
            progress("", len(found), len(found))
    return done


def _compact_one(path: Path) -> Compacted:
    with storage_faults(f"the file {path.name}"):
        connection = sqlite3.connect(sqlite_uri(path, "rw"), uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = path.stat().st_size
            _check_room(path, before)
            connection.execute("VACUUM")
            # In WAL mode the new pages stand in the log until they are moved; only then the file is shorter.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        return Compacted(path.name, before, path.stat().st_size)


def _check_room(path: Path, size: int) -> None:
    """Refuse to begin what the disk has no room for: the copy, and the log that it goes through."""
    free = shutil.disk_usage(path.parent).free
    if free < 2 * size:
        message = f"{path.name} needs {2 * size:,} free bytes to be compacted, and the disk has {free:,}"
        raise StorageUnavailable(message, certain=True)
