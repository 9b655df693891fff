"""Room of removed rows goes back to the disk, while nobody else works on the folder."""

from __future__ import annotations

import sqlite3

import pytest

from satark.app.worker import LOCK_NAME
from satark.core.clock import FixedClock, Micros
from satark.core.errors import FolderLocked, StorageUnavailable
from satark.storage import FolderLock, compacting, open_storage
from satark.storage.compacting import WORKER_LOCK, compact
from satark.storage.desk import open_desk

ROWS = 400


@pytest.fixture
def folder(tmp_path):
    """An installation whose desk had much in it that was removed again."""
    clock = FixedClock(Micros(1_790_000_000_000_000))
    with open_storage(tmp_path) as storage:
        storage.audit.append(actor="a", action="kept", subject="s")
        key = storage.secrets.audit_key
    with open_desk(tmp_path, clock=clock, audit_key=key) as desk:
        for number in range(ROWS):
            desk.audit.append(actor="asha", action="looked", subject=f"{number} " + "x" * 2_000)
        with desk.writing() as connection:
            connection.exec_driver_sql("DELETE FROM desk_audit WHERE seq > 10")
    return tmp_path


def rows(folder):
    connection = sqlite3.connect(folder / "desk.db")
    found = connection.execute("SELECT seq, hash FROM desk_audit ORDER BY seq").fetchall()
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return found


def test_files_are_smaller_and_hold_what_they_held(folder):
    before, told = rows(folder), []
    done = compact(folder, progress=lambda *step: told.append(step))
    assert [one.name for one in done] == ["satark.db", "desk.db"]
    assert done[1].after_bytes < done[1].before_bytes / 2
    assert done[1].after_bytes == (folder / "desk.db").stat().st_size
    assert rows(folder) == before
    assert told == [("satark.db", 0, 2), ("desk.db", 1, 2), ("", 2, 2)]
    with open_storage(folder) as storage:
        assert storage.audit.verify().ok


@pytest.mark.parametrize("name", ["lock", WORKER_LOCK])
def test_it_is_refused_while_an_engine_or_a_worker_runs(folder, name):
    size = (folder / "desk.db").stat().st_size
    with FolderLock(folder, name=name), pytest.raises(FolderLocked):
        compact(folder)
    assert (folder / "desk.db").stat().st_size == size
    assert len(compact(folder)) == 2


def test_it_is_refused_while_somebody_writes_and_nothing_is_lost(folder, monkeypatch):
    monkeypatch.setattr(compacting, "BUSY_TIMEOUT_MS", 10)
    before = rows(folder)
    other = sqlite3.connect(folder / "desk.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match=r"desk\.db"):
        compact(folder)
    other.execute("ROLLBACK")
    other.close()
    assert rows(folder) == before


def test_it_does_not_begin_what_the_disk_has_no_room_for(folder, monkeypatch):
    class Usage:
        free = 10

    monkeypatch.setattr(compacting.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(StorageUnavailable, match="free bytes"):
        compact(folder)


def test_the_worker_is_known_by_the_lock_that_it_takes():
    assert WORKER_LOCK == LOCK_NAME
