"""Open what an installation keeps: the one way into storage for the engine, the pages and the commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satark.core.clock import SystemClock
from satark.core.errors import FolderUnusable
from satark.storage.engines import POSTGRES_PREFIX, postgres_engines, sqlite_engines, storage_faults
from satark.storage.facade import Storage
from satark.storage.installation import Secrets, bind_secrets, knows_secrets, load_secrets, write_secrets
from satark.storage.lock import holder_of, make_folder
from satark.storage.migrate import migrate
from satark.storage.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.core.clock import Clock
    from satark.storage.engines import Engines
    from satark.storage.log import SqlEventLog

DATABASE_NAME = "satark.db"


def open_storage(
    target: Path | str,
    *,
    folder: Path | None = None,
    read_only: bool = False,
    secrets: Secrets | None = None,
    clock: Clock | None = None,
    connect_args: Mapping[str, Any] | None = None,
) -> Storage:
    """Open the storage, making and migrating it when it is new or old.

    It may be open in many processes at once. Appending to the log is for the one that holds the `FolderLock`.

    Parameters
    ----------
    target
        The data folder (then the database is the SQLite file in it), or the URL of a PostgreSQL database.
    folder
        With a URL: the data folder, where the secrets lie.
    read_only
        Nothing is made, migrated or written; what is missing is refused.
    secrets
        The installation's secrets when they come from the settings; else they are read from the folder, or
        made there at first open.
    clock
        Where the times of keys, edits and audit entries come from; the machine's clock unless given.
    connect_args
        More arguments for the driver's writing connections (certificates of a server, faults in a test).

    Raises
    ------
    FolderUnusable
        The folder cannot be used, has no installation (`read_only`), its secrets are missing or not its
        own, or its tables are of a version that this program does not know.
    StorageUnavailable
        The database cannot be reached.
    """
    text = str(target)
    engines: Engines
    if text.startswith(POSTGRES_PREFIX):
        database = None
        if folder is not None and not read_only:
            make_folder(folder)
        engines = postgres_engines(text, read_only=read_only, connect_args=connect_args)
    else:
        folder = Path(target)
        database = folder / DATABASE_NAME
        if read_only and not database.is_file():
            message = "there is no installation in this folder yet"
            raise FolderUnusable(message, path=str(folder))
        if not read_only:
            make_folder(folder)
            # SQLite gives the files beside it the rights of this one.
            with storage_faults("the database"):
                os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        engines = sqlite_engines(database, read_only=read_only, connect_args=connect_args)
    try:
        migrate(engines)
        secrets = secrets or _secrets_of(folder, engines)
        bind_secrets(engines, secrets)
        events = _log(engines, database, secrets)
    except BaseException:
        engines.dispose()
        raise
    return Storage(engines, events, secrets=secrets, clock=clock or SystemClock(), folder=folder)


def _log(engines: Engines, database: Path | None, secrets: Secrets) -> SqlEventLog:
    """Make the log of the dialect."""
    if database is not None:
        # The engine holds the folder's lock and needs quick lookups from the start.
        own = engines.write is not None and holder_of(database.parent) == os.getpid()
        return SqliteEventLog(engines, database, audit_key=secrets.audit_key, own=own)
    # The PostgreSQL driver is an extra of the installation.
    from satark.storage.postgres_log import PostgresEventLog

    return PostgresEventLog(engines, audit_key=secrets.audit_key)


def _secrets_of(folder: Path | None, engines: Engines) -> Secrets:
    """Read the folder's secrets, or make them where nothing can have been kept under others yet."""
    if folder is None:
        message = "a database without a data folder needs its secrets from the settings"
        raise FolderUnusable(message)
    found = load_secrets(folder)
    if found is not None:
        return found
    if engines.write is None or knows_secrets(engines):
        # A database knows its secrets only after the file was written: one that opens at the same time may have
        # written both since the look above.
        found = load_secrets(folder)
        if found is not None:
            return found
        message = (
            "the installation's secrets.json is missing; put it back, without it card histories would be cut"
        )
        raise FolderUnusable(message, path=str(folder))
    made = Secrets.generate()
    try:
        write_secrets(folder, made)
    except FolderUnusable:
        # Another process that opened at the same time was first: its secrets hold.
        found = load_secrets(folder)
        if found is None:
            raise
        return found
    return made
