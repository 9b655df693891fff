"""Copy all tables from one database to another of whichever kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.errors import FolderUnusable
from satark.storage.engines import storage_faults
from satark.storage.tables import METADATA

if TYPE_CHECKING:
    from satark.storage.engines import Engines
    from satark.storage.verify import Progress

CHUNK = 500


def refuse_filled(engines: Engines, *, metadata: sa.MetaData = METADATA) -> None:
    """Refuse a database that holds anything.

    Raises
    ------
    FolderUnusable
        It does.
    """
    with engines.reading("the database") as connection:
        for table in metadata.sorted_tables:
            if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
                message = f"the database is not empty: table {table.name} holds rows"
                raise FolderUnusable(message, table=table.name)


def copy_tables(
    source: Engines, target: Engines, progress: Progress | None = None, *, metadata: sa.MetaData = METADATA
) -> None:
    """Copy every row of every table as of one moment, in one transaction of the target.

    Parameters
    ----------
    metadata
        Which tables; the log's and what belongs to it unless given.

    Raises
    ------
    StorageUnavailable
        One of the databases cannot be used; nothing was copied.
    """
    with (
        storage_faults("the database"),
        _one_moment(source) as reading,
        target.writer().begin() as writing,
    ):
        for table in metadata.sorted_tables:
            _copy(table, reading, writing, progress)


def _one_moment(source: Engines) -> sa.Connection:
    """Return a connection whose reads all see the same moment."""
    if source.dialect == "sqlite":
        return source.read.connect()
    return source.read.connect().execution_options(isolation_level="REPEATABLE READ")


def _copy(table: sa.Table, reading: sa.Connection, writing: sa.Connection, progress: Progress | None) -> None:
    """Copy one table in the order of its key, and let its numbers go on where they were."""
    total = int(reading.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
    rows = reading.execution_options(yield_per=CHUNK).execute(
        sa.select(table).order_by(*table.primary_key.columns)
    )
    done = 0
    for part in rows.mappings().partitions():
        writing.execute(sa.insert(table), [dict(row) for row in part])
        done += len(part)
        if progress is not None:
            progress(table.name, done, total)
    key = table.autoincrement_column
    if key is not None and total and writing.dialect.name == "postgresql":
        writing.execute(
            sa.select(
                sa.func.setval(
                    sa.func.pg_get_serial_sequence(table.name, key.name),
                    sa.select(sa.func.max(key)).scalar_subquery(),
                )
            )
        )
