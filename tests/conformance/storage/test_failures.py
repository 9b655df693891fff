"""Whatever fails in an append, it is certain afterwards what is in the log."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from satark.core.errors import IntegrityBroken, StorageUnavailable


class Proxy:
    """A driver's connection that fails where it is told to."""

    def __init__(self, connection: Any, plan: dict[str, Any]) -> None:
        self._connection = connection
        self._plan = plan

    def execute(self, *arguments: Any) -> Any:
        if self._plan.get("at") == "begin":
            raise self._plan["error"]
        return self._connection.execute(*arguments)

    def cursor(self) -> Any:
        if self._plan.get("at") == "rows":
            raise self._plan["error"]
        return self._connection.cursor()

    def commit(self) -> None:
        if self._plan.get("at") == "before_commit":
            raise self._plan["error"]
        self._connection.commit()
        if self._plan.get("at") == "after_commit":
            raise self._plan["error"]

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def broken(storage, monkeypatch):
    """Return a plan of faults for the appending connection of a storage with two entries."""
    plan: dict[str, Any] = {}
    connect = storage.events._connect_writer
    monkeypatch.setattr(storage.events, "_connect_writer", lambda: Proxy(connect(), plan))
    return plan


def _error(storage, message: str) -> Exception:
    return storage.engines.read.dialect.loaded_dbapi.OperationalError(message)


@pytest.mark.parametrize("at", ["rows", "before_commit"])
@pytest.mark.parametrize("what", ["database or disk is full", "disk I/O error", "database is locked", "os"])
def test_nothing_is_committed_when_the_disk_refuses(storage, entry, broken, at, what):
    storage.events.append([entry(1), entry(2)])
    broken.update(at=at, error=OSError(28, "No space left") if what == "os" else _error(storage, what))
    for _ in range(3):
        with pytest.raises(StorageUnavailable) as caught:
            storage.events.append([entry(3), entry(4)])
        assert caught.value.fields["certain"] is True
    assert storage.events.last_seq() == 2
    assert not storage.events.reconcile([entry(3), entry(4)])
    broken.clear()
    storage.events.append([entry(3), entry(4)])
    assert [one.seq for one in storage.events.read(0)] == [1, 2, 3, 4]
    assert storage.audit.verify().ok


def test_append_succeeds_when_the_connection_is_lost_after_the_commit(storage, entry, broken):
    broken.update(at="after_commit", error=_error(storage, "connection lost"))
    storage.events.append([entry(1), entry(2)])
    broken.clear()
    assert storage.events.last_seq() == 2
    assert storage.events.find(1, "pay_2").seq == 2
    storage.events.append([entry(3)])
    assert storage.audit.verify().ok


@pytest.mark.parametrize(("at", "committed"), [("before_commit", False), ("after_commit", True)])
def test_outcome_is_told_later_when_the_database_cannot_even_be_asked(
    storage, entry, broken, monkeypatch, at, committed
):
    storage.events.append([entry(1)])
    batch = [entry(2), entry(3)]
    broken.update(at=at, error=_error(storage, "connection lost"))

    with monkeypatch.context() as patch:
        patch.setattr("satark.storage.readers.Readers.fetch", _refuse)
        with pytest.raises(StorageUnavailable) as caught:
            storage.events.append(batch)
        assert caught.value.fields["certain"] is False
        with pytest.raises(StorageUnavailable):
            storage.events.reconcile(batch)
        with pytest.raises(StorageUnavailable):
            storage.events.last_seq()
    broken.clear()
    assert storage.events.reconcile(batch) is committed
    assert storage.events.last_seq() == (3 if committed else 1)
    if not committed:
        storage.events.append(batch)
    assert storage.events.find(1, "pay_3").seq == 3
    assert [one.seq for one in storage.events.read(0)] == [1, 2, 3]
    assert storage.audit.verify().ok


def test_another_batch_is_refused_when_the_lost_one_turns_out_to_be_in_the_log(
    storage, entry, broken, monkeypatch
):
    storage.events.append([entry(1)])
    broken.update(at="after_commit", error=_error(storage, "connection lost"))
    with monkeypatch.context() as patch:
        patch.setattr("satark.storage.readers.Readers.fetch", _refuse)
        with pytest.raises(StorageUnavailable):
            storage.events.append([entry(2)])
    broken.clear()
    with pytest.raises(IntegrityBroken):
        storage.events.append([entry(2, "other")])
    assert not storage.events.reconcile([entry(2, "other")])
    assert storage.events.reconcile([entry(2)])
    assert storage.events.find(1, "pay_2").seq == 2


def _refuse(*_):
    message = "the database is gone"
    raise StorageUnavailable(message, certain=True)


def test_append_and_reads_work_again_when_the_server_ends_all_sessions(backend, entry):
    if backend.kind != "postgres":
        pytest.skip("a file has no sessions")
    storage = backend.open()
    storage.events.append([entry(1)])
    assert storage.events.find(1, "pay_1").seq == 1
    backend.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert storage.events.find(1, "pay_1").seq == 1
    with pytest.raises(StorageUnavailable) as caught:
        storage.events.append([entry(2)])
    assert caught.value.fields["certain"] is True
    storage.events.append([entry(2)])
    assert [one.seq for one in storage.events.read(0)] == [1, 2]
    assert [key.name for key in storage.keys.list()] == []


def test_second_writer_is_refused_when_the_first_still_holds_the_log(backend, entry, monkeypatch):
    if backend.kind != "postgres":
        pytest.skip("files have the folder's lock")
    monkeypatch.setattr("satark.storage.postgres_log.LOCK_TIMEOUT_MS", 50)
    first, second = backend.open(), backend.open()
    first.events.append([entry(1)])
    with pytest.raises(StorageUnavailable):
        second.events.append([entry(2)])
    first.close()
    second.events.append([entry(2)])
    assert second.events.last_seq() == 2


def test_append_says_locked_when_another_process_holds_the_write_lock(backend, entry, monkeypatch):
    if backend.kind != "sqlite":
        pytest.skip("rows are locked by the server")
    monkeypatch.setattr("satark.storage.engines.BUSY_TIMEOUT_MS", 20)
    storage = backend.open()
    storage.events.append([entry(1)])
    other = sqlite3.connect(backend.folder / "satark.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked") as caught:
        storage.events.append([entry(2)])
    assert caught.value.fields["certain"] is True
    other.execute("ROLLBACK")
    other.close()
    storage.events.append([entry(2)])
    assert storage.events.last_seq() == 2
