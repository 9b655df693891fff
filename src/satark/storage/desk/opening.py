"""Open the desk database: the one way into it for the worker, the pages, the engine's inbox and the commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from satark.core.errors import FolderUnusable
from satark.storage.desk.desk import Desk
from satark.storage.engines import POSTGRES_PREFIX, Engines, postgres_engines, sqlite_engines, storage_faults
from satark.storage.lock import make_folder
from satark.storage.migrate import Steps, migrate

if TYPE_CHECKING:
    from satark.core.clock import Clock

DESK_NAME = "desk.db"
DESK_LOCK = 0x5A7A_0004
"""The advisory lock of the desk's writers on PostgreSQL; the log's records have another."""
PAGE_BYTES = 4_096
"""Rows of some hundred bytes that are read and changed here and there; the log's large pages would be copied whole."""
CHECKPOINT_PAGES = 2_000
DESK_HEAD = "d0011"
"""The newest revision; a test compares it with the script folder, so that opening need not load Alembic."""

DESK_STEPS = Steps(Path(__file__).parent / "migrations", DESK_HEAD, "desk_alembic_version")


def open_desk(
    target: Path | str, *, clock: Clock, audit_key: bytes, read_only: bool = False, folder: Path | None = None
) -> Desk:
    """Open the desk database, making and migrating it when it is new or old.

    It may be open in many processes at once; they wait for each other where they write.

    Parameters
    ----------
    target
        The data folder (then the database is `desk.db` in it), or the URL of a PostgreSQL database.
    clock
        Where the times of acts come from.
    audit_key
        The installation's (`Secrets.audit_key`); the desk's chain is keyed with one derived from it.
    read_only
        Nothing is made, migrated or written; what is missing is refused.
    folder
        Not needed; taken so that callers may pass what they pass to `open_storage`.

    Raises
    ------
    FolderUnusable
        The folder cannot be used or has no desk (`read_only`), or its tables are of a version that this program does
        not know.
    StorageUnavailable
        The database cannot be reached.
    """
    del folder
    engines = open_engines(target, read_only=read_only)
    try:
        migrate(engines, steps=DESK_STEPS)
    except BaseException:
        engines.dispose()
        raise
    return Desk(engines, clock=clock, audit_key=audit_key)


def open_engines(target: Path | str, *, read_only: bool) -> Engines:
    """Open the connections alone."""
    text = str(target)
    if text.startswith(POSTGRES_PREFIX):
        made = postgres_engines(text, read_only=read_only)
        return Engines(made.write, made.read, DESK_LOCK)
    database = Path(target) / DESK_NAME
    if read_only and not database.is_file():
        message = "there is no desk in this folder yet"
        raise FolderUnusable(message, path=str(target))
    if not read_only:
        make_folder(Path(target))
        # SQLite gives the files beside it the rights of this one.
        with storage_faults("the desk"):
            os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return sqlite_engines(
        database, read_only=read_only, page_bytes=PAGE_BYTES, checkpoint_pages=CHECKPOINT_PAGES
    )
