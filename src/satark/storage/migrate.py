"""Bring a database's tables to what this version of the code expects, in one transaction.

Alembic's script folder ships inside the package and runs by its API: an operator has no extra command to
forget. A kill -9 at any moment leaves either the old tables or the new ones. Two processes that open at
once wait for each other: on SQLite by the write lock that BEGIN IMMEDIATE takes, on PostgreSQL by an
advisory lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.errors import FolderUnusable
from satark.storage.engines import storage_faults, waiting_for_others

if TYPE_CHECKING:
    from satark.storage.engines import Engines

HEAD = "0002"
"""The newest revision; a test compares it with the script folder, so that opening need not load Alembic."""

MIGRATION_LOCK = 0x5A7A_0001


@dataclass(frozen=True, slots=True)
class Steps:
    """One line of migrations: where its scripts lie, and where a database keeps how far it is.

    Attributes
    ----------
    folder
        Alembic's script folder.
    head
        The newest revision.
    version_table
        Two lines in one database keep theirs apart.
    """

    folder: Path
    head: str
    version_table: str


def script_folder() -> Path:
    """Return the folder of the migration scripts."""
    return Path(__file__).parent / "migrations"


LOG_STEPS = Steps(script_folder(), HEAD, "alembic_version")
"""The tables of the log, keys, people, lists and the audit trail."""


def current_revision(connection: sa.Connection, version_table: str = "alembic_version") -> str | None:
    """Return the revision of the tables, None when there are none yet."""
    if not sa.inspect(connection).has_table(version_table):
        return None
    table = sa.table(version_table, sa.column("version_num"))
    row = connection.execute(sa.select(table.c.version_num)).first()
    return None if row is None else str(row[0])


def migrate(engines: Engines, *, target: str | None = None, steps: Steps = LOG_STEPS) -> None:
    """Bring the tables to `target` (the newest unless given); does nothing when they are there already.

    Raises
    ------
    StorageUnavailable
        The database cannot be reached or written.
    FolderUnusable
        The tables are from a newer version of Satark, or too old to be read when the storage is read-only.
    """
    target = target or steps.head
    with storage_faults("the database"):
        found = waiting_for_others(lambda: _found(engines, steps))
        if found == target:
            return
        write = engines.write
        if write is None:
            message = (
                f"the tables are of version {found}, this program reads {target}; open it once for writing"
            )
            raise FolderUnusable(message, found=found, expected=target)
        waiting_for_others(lambda: _upgrade(write, target, steps))


def _found(engines: Engines, steps: Steps) -> str | None:
    with engines.read.connect() if engines.write is None else engines.write.connect() as connection:
        return current_revision(connection, steps.version_table)


def _upgrade(engine: sa.Engine, target: str, steps: Steps) -> None:
    """Run the missing steps inside one transaction."""
    # Alembic takes a third of a second to load; it is needed only now.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(steps.folder))
    known = {script.revision for script in scripts.walk_revisions()}
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        found = current_revision(connection, steps.version_table)
        if found is not None and found not in known:
            message = f"the tables are of version {found}, which this program does not know; use a newer one"
            raise FolderUnusable(message, found=found, expected=target)
        context = EnvironmentContext(
            Config(),
            scripts,
            fn=lambda revision, _: scripts._upgrade_revs(target, revision),  # noqa: SLF001
        )
        with context:
            context.configure(
                connection=connection, transactional_ddl=True, version_table=steps.version_table
            )
            context.run_migrations()
