"""Database connections: how SQLite and PostgreSQL are opened, and how their failures are named.

SQLite's Python driver starts and ends transactions by itself unless told not to; then a migration would be
committed half-way. Here the driver is left in autocommit and SQLAlchemy's `begin` event sends the BEGIN, so
data definition is part of the transaction on both databases and a kill -9 in a migration leaves the state
before it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from satark.core.errors import SettingInvalid, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
OPENING_PATIENCE_SECONDS = 30.0
"""How long opening a database waits for others that open, migrate or close it at the same time."""
_OPENING_PAUSE_SECONDS = 0.02
LOG_PAGE_BYTES = 16_384
"""Rows of 2.2 KB: 16 KB pages cost 17 µs per row in batches of 48, 4 KB pages 23 µs (measured)."""
WRITER_CACHE_KIB = 32_768
READER_CACHE_KIB = 8_192
POSTGRES_PREFIX = "postgresql"
RECORDS_LOCK = 0x5A7A_0003

FAULTS = (sa.exc.OperationalError, sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.Error, OSError)
"""Everything by which a database says that it cannot serve now; SQLAlchemy wraps the drivers' own."""


_POSTGRES_ARGUMENTS = {
    "connect_timeout": 5,
    "application_name": "satark",
    # A server that vanished without a word is given up after ten seconds, not after the system's quarter of
    # an hour.
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


_TOGETHER: ContextVar[tuple[sa.Engine, sa.Connection] | None] = ContextVar("reading_together", default=None)
"""The connection that the reads of this thread share, and whose it is; see `Engines.reading_together`."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The two ways into the database: one that writes and one that cannot.

    Attributes
    ----------
    write
        Each transaction takes the write lock at its BEGIN, so it never fails in its middle for want of it.
        None when the storage was opened for reading alone.
    read
        Snapshot reads; the connections refuse to write.
    records_lock
        The advisory lock that `writing` takes on PostgreSQL.
    """

    write: sa.Engine | None
    read: sa.Engine
    records_lock: int = RECORDS_LOCK

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.read.dialect.name

    def writer(self) -> sa.Engine:
        """Return the writing engine.

        Raises
        ------
        StorageUnavailable
            The storage was opened for reading alone.
        """
        if self.write is None:
            message = "the storage was opened for reading alone"
            raise StorageUnavailable(message, certain=True)
        return self.write

    @contextmanager
    def writing(self, what: str) -> Iterator[sa.Connection]:
        """Give a transaction that is alone in writing keys, people, lists and the audit trail.

        Alone, so that numbers are given in the order of commits and a look before a write still holds at
        the write. SQLite has one writer at a time in any case; on PostgreSQL an advisory lock does it.

        Raises
        ------
        StorageUnavailable
            Nothing was written.
        """
        with storage_faults(what), self.writer().begin() as connection:
            if self.dialect != "sqlite":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({self.records_lock})")
            yield connection

    @contextmanager
    def reading(self, what: str) -> Iterator[sa.Connection]:
        """Give a connection for a few reads.

        Raises
        ------
        StorageUnavailable
            The database cannot be reached or read.
        """
        shared = _TOGETHER.get()
        if shared is not None and shared[0] is self.read:
            with storage_faults(what):
                yield shared[1]
            return
        with storage_faults(what), self.read.connect() as connection:
            yield connection

    @contextmanager
    def reading_together(self, what: str) -> Iterator[None]:
        """Let all reads of this thread go over one connection, and in one transaction.

        A page asks a dozen questions. Together they cost one connection instead of a dozen, on PostgreSQL as many
        ways to the server. On SQLite all of them see the state that the first one saw.

        Raises
        ------
        StorageUnavailable
            The database cannot be reached or read.
        """
        with storage_faults(what), self.read.connect() as connection:
            before = _TOGETHER.set((self.read, connection))
            try:
                yield
            finally:
                _TOGETHER.reset(before)

    def dispose(self) -> None:
        """Close all connections; the writing ones last, so that SQLite can tidy up behind the last of all."""
        self.read.dispose()
        if self.write is not None:
            self.write.dispose()


def sqlite_engines(
    path: Path,
    *,
    read_only: bool,
    connect_args: Mapping[str, Any] | None = None,
    page_bytes: int = LOG_PAGE_BYTES,
    checkpoint_pages: int = 0,
) -> Engines:
    """Open a SQLite file; it is created when missing unless `read_only`.

    Parameters
    ----------
    page_bytes
        Of a file that is made now.
    checkpoint_pages
        After how many pages in the write-ahead log a commit moves them into the file; 0: never by itself.
    """
    sizes = (page_bytes, checkpoint_pages)
    write = None if read_only else _sqlite_engine(path, write=True, connect_args=connect_args, sizes=sizes)
    return Engines(write, _sqlite_engine(path, write=False, connect_args=None, sizes=sizes))


def postgres_engines(url: str, *, read_only: bool, connect_args: Mapping[str, Any] | None = None) -> Engines:
    """Open a PostgreSQL database by its URL (`postgresql://...`; the psycopg driver is chosen here)."""
    try:
        parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    except (sa.exc.ArgumentError, ValueError) as error:
        message = "the database's URL cannot be read"
        raise SettingInvalid(message) from error

    def engine(*, write: bool) -> sa.Engine:
        arguments: dict[str, Any] = dict(_POSTGRES_ARGUMENTS)
        arguments.update(connect_args or {} if write else {})
        if not write:
            arguments["options"] = "-c default_transaction_read_only=on"
        return sa.create_engine(parsed, paramstyle="format", pool_pre_ping=True, connect_args=arguments)

    try:
        return Engines(None if read_only else engine(write=True), engine(write=False))
    except ModuleNotFoundError as error:
        message = "PostgreSQL needs its driver: pip install 'satark[postgres]'"
        raise SettingInvalid(message, setting="database") from error


@contextmanager
def storage_faults(what: str) -> Iterator[None]:
    """Turn a database's or disk's failure into `StorageUnavailable`.

    Examples
    --------
    >>> with storage_faults("the audit trail"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    satark.core.errors.StorageUnavailable: the audit trail cannot be used: [Errno 28] No space left on device
    """
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except FAULTS as error:
        cause = getattr(error, "orig", None) or error
        message = f"{what} cannot be used: {cause}"
        raise StorageUnavailable(message, certain=True) from error


def waiting_for_others(work: Callable[[], T]) -> T:
    """Do what opens a database, again and again while another that opens or closes it has it locked.

    SQLite's own wait (`busy_timeout`) does not cover all of it: a connection that would have to wait for one that
    waits for it (both change the journal's mode) and one that comes while the last other one closes are told at once
    that the database is locked.

    Parameters
    ----------
    work
        Leaves nothing behind when it raises.

    Raises
    ------
    sqlite3.OperationalError, sqlalchemy.exc.OperationalError
        It was locked for `OPENING_PATIENCE_SECONDS`, or something else is wrong.
    """
    until = time.monotonic() + OPENING_PATIENCE_SECONDS
    while True:
        try:
            return work()
        except (sqlite3.OperationalError, sa.exc.OperationalError) as error:
            if not _is_locked(error) or time.monotonic() > until:
                raise
        time.sleep(_OPENING_PAUSE_SECONDS)


def _is_locked(error: sqlite3.OperationalError | sa.exc.OperationalError) -> bool:
    """Tell whether SQLite said that another has the database; PostgreSQL's refusals are none of these."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", None)
    # The low byte is the kind; above it stands which sort of busy it was.
    return code is not None and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _sqlite_engine(
    path: Path, *, write: bool, connect_args: Mapping[str, Any] | None, sizes: tuple[int, int]
) -> sa.Engine:
    """Make an engine whose connections are set up, and begin, for writing or for reading."""
    page_bytes, checkpoint_pages = sizes
    uri = sqlite_uri(path, "rwc" if write else "ro")
    arguments: dict[str, Any] = {
        "uri": True,
        "check_same_thread": False,
        "isolation_level": None,
        "timeout": BUSY_TIMEOUT_MS / 1000,
        "cached_statements": 256,
    }
    arguments.update(connect_args or {})

    def connect() -> sqlite3.Connection:
        return waiting_for_others(open_one)

    def open_one() -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(uri, **arguments)
        try:
            set_up_sqlite(connection, write=write, page_bytes=page_bytes, checkpoint_pages=checkpoint_pages)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = sa.create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=16,
        pool_timeout=10,
    )
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"

    @event.listens_for(engine, "begin")
    def send_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def detached(engine: sa.Engine) -> Any:  # noqa: ANN401 - two drivers
    """Take a driver's connection out of the engine's pool for good."""
    pooled = engine.raw_connection()
    connection = pooled.dbapi_connection
    pooled.detach()
    return connection


def set_up_sqlite(
    connection: sqlite3.Connection,
    *,
    write: bool,
    page_bytes: int = LOG_PAGE_BYTES,
    checkpoint_pages: int = 0,
) -> None:
    """Give one SQLite connection its durability, cache and manners.

    mmap stays off: a disk error under a memory map is a SIGBUS that ends the process, without one it is an
    error code. The log's automatic checkpoint stays off: it would run inside whichever commit crosses its
    mark; `Storage.checkpoint` is called from a thread of its own instead.
    """
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if write:
        # The page size holds only for a file that is still empty; later it is without effect.
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
    else:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
    connection.execute("PRAGMA mmap_size = 0")


def sqlite_uri(path: Path, mode: str) -> str:
    """Write a path as a SQLite URI with `mode` rwc or ro; its own signs are quoted.

    Examples
    --------
    >>> from pathlib import Path
    >>> sqlite_uri(Path("/data/50%?.db"), "ro")
    'file:/data/50%25%3f.db?mode=ro'
    """
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode={mode}"
