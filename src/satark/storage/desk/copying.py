"""The desk's part of a backup: its copy, and what has to be doubted when a copy is put to use.

A copy is older than the world. What waits in it to be sent may have been sent since, so a restored desk sends none of
it by itself: such messages become `unknown`, which people see and can send again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.storage.copying import copy_tables, refuse_filled
from satark.storage.desk.opening import DESK_LOCK, DESK_NAME, DESK_STEPS, PAGE_BYTES, open_engines
from satark.storage.desk.tables import METADATA
from satark.storage.desk.tables.outbox import OUTBOX
from satark.storage.engines import Engines, sqlite_engines
from satark.storage.migrate import current_revision, migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from satark.storage.verify import Progress

RESTORED = "restored"
"""The reason of messages that were in doubt because of a restore."""


def has_desk(log: Engines, folder: Path | None) -> bool:
    """Say whether an installation has a desk: its file, or its tables beside the log's."""
    if log.dialect == "sqlite":
        return folder is not None and (folder / DESK_NAME).is_file()
    with log.reading("the desk") as connection:
        return current_revision(connection, DESK_STEPS.version_table) is not None


def copy_desk(
    log: Engines,
    folder: Path | None,
    path: Path,
    *,
    copy_sqlite: Callable[[Engines, Path, Progress | None], None],
    progress: Progress | None,
) -> None:
    """Copy the desk as of one moment into a SQLite file.

    Parameters
    ----------
    log
        The log's connections; on PostgreSQL the desk lies in the same database.
    folder
        The data folder.
    path
        An empty file.
    copy_sqlite
        How a SQLite database is copied page by page.

    Raises
    ------
    StorageUnavailable
        The desk cannot be read or its copy not written.
    """
    if log.dialect == "sqlite":
        if folder is None:
            return
        source = open_engines(folder, read_only=True)
        try:
            copy_sqlite(source, path, progress)
        finally:
            source.dispose()
        return
    copy = sqlite_engines(path, read_only=False, page_bytes=PAGE_BYTES)
    try:
        migrate(copy, steps=DESK_STEPS)
        copy_tables(log, copy, progress, metadata=METADATA)
    finally:
        copy.dispose()


def fill_desk(source: Path, log: Engines, progress: Progress | None) -> None:
    """Fill a PostgreSQL database's desk from a backup's copy, in one transaction.

    Raises
    ------
    FolderUnusable
        The database has a desk that is not empty.
    StorageUnavailable
        One of the databases cannot be used; nothing was copied.
    """
    copy = sqlite_engines(source, read_only=True)
    target = Engines(log.write, log.read, DESK_LOCK)
    try:
        migrate(copy, steps=DESK_STEPS)
        migrate(target, steps=DESK_STEPS)
        refuse_filled(target, metadata=METADATA)
        copy_tables(copy, target, progress, metadata=METADATA)
    finally:
        copy.dispose()
    doubt_messages(target)


def wake_desk(folder: Path) -> None:
    """Make a copied `desk.db` in a folder fit for use."""
    engines = open_engines(folder, read_only=False)
    try:
        migrate(engines, steps=DESK_STEPS)
        doubt_messages(engines)
    finally:
        engines.dispose()


def doubt_messages(engines: Engines) -> None:
    """Mark what waited to be sent when the copy was taken as unknown."""
    with engines.writing("the outbox") as connection:
        connection.execute(
            sa.update(OUTBOX)
            .where(OUTBOX.c.state.in_(("waiting", "sending")))
            .values(state="unknown", reason=RESTORED, lease_us=None, settled_us=OUTBOX.c.changed_us)
        )
