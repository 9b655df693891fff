"""Bring a database's tables to what this version of the code expects, in one transaction.

Alembic's script folder ships inside the package and runs by its API: an operator has no extra command to
forget. A kill -9 at any moment leaves either the old tables or the new ones. Two processes that open at
once wait for each other: on SQLite by the write lock that BEGIN IMMEDIATE takes, on PostgreSQL by an
advisory lock.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.errors import FolderUnusable
from satark.storage.engines import storage_faults

if TYPE_CHECKING:
    from satark.storage.engines import Engines

HEAD = "0002"
"""The newest revision; a test compares it with the script folder, so that opening need not load Alembic."""

MIGRATION_LOCK = 0x5A7A_0001


def script_folder() -> Path:
    """Return the folder of the migration scripts."""
    return Path(__file__).parent / "migrations"


def current_revision(connection: sa.Connection) -> str | None:
    """Return the revision of the tables, None when there are none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def migrate(engines: Engines, *, target: str = HEAD) -> None:
    """Bring the tables to `target`; does nothing when they are there already.

    Raises
    ------
    StorageUnavailable
        The database cannot be reached or written.
    FolderUnusable
        The tables are from a newer version of Satark, or too old to be read when the storage is read-only.
    """
    with storage_faults("the database"):
        with engines.read.connect() if engines.write is None else engines.write.connect() as connection:
            found = current_revision(connection)
        if found == target:
            return
        if engines.write is None:
            message = (
                f"the tables are of version {found}, this program reads {target}; open it once for writing"
            )
            raise FolderUnusable(message, found=found, expected=target)
        _upgrade(engines.write, target)


def _upgrade(engine: sa.Engine, target: str) -> None:
    """Run the missing steps inside one transaction."""
    # Alembic takes a third of a second to load; it is needed only now.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(script_folder()))
    known = {script.revision for script in scripts.walk_revisions()}
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        found = current_revision(connection)
        if found is not None and found not in known:
            message = f"the tables are of version {found}, which this program does not know; use a newer one"
            raise FolderUnusable(message, found=found, expected=target)
        context = EnvironmentContext(
            Config(),
            scripts,
            fn=lambda revision, _: scripts._upgrade_revs(target, revision),  # noqa: SLF001
        )
        with context:
            context.configure(connection=connection, transactional_ddl=True)
            context.run_migrations()
