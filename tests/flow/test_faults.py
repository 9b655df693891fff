"""The whole engine on SQLite when its disk fails: refused, nothing lost, nothing twice, back without a restart."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import threading

import pytest
from tests.support.disks import fill, small_disk
from tests.support.engine import Bench, label, payment, result

from satark.core.errors import FolderLocked, FolderUnusable, NotReady, SatarkError, StorageUnavailable
from satark.storage import FolderLock, open_storage
from satark.storage.faults import FaultyLog
from satark.storage.readers import Readers
from satark.storage.window_rows import WindowRows


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("satark.decisions.room._RETRY_SECONDS", 0.02)


class Engine:
    """An engine on a data folder; sends and keeps the books of what was answered."""

    def __init__(self, folder, *, faulty=False, **storage_options) -> None:
        self.folder = folder
        self.lock = FolderLock(folder)
        self.lock.acquire()
        self.storage = open_storage(folder, **storage_options)
        self.rows = WindowRows(folder / "windows", mark="t", segment_bytes=1 << 15)
        self.log = FaultyLog(self.storage.events) if faulty else self.storage.events
        self.bench = Bench(self.log, rows=lambda: self.rows).start()
        self.answered: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.events: dict[str, dict] = {}
        self.sent = 0

    def send(self, n: int) -> list[SatarkError]:
        """Send n events together and note what became of each; return the errors."""
        events = [self._event() for _ in range(n)]
        self.bench.clock.advance(1)
        return self._submit(events)

    def retry(self) -> None:
        """Send again what was refused, as a client would."""
        again = sorted(self.refused)
        self.refused = set()
        for event_id in again:
            assert self._submit([self.events[event_id]]) == []

    def _submit(self, events):
        self.events |= {event["id"]: event for event in events}
        answers = [(event["id"], self.bench.send(event)) for event in events]
        errors = []
        for event_id, answer in answers:
            outcome = answer.wait()
            if outcome.error is None:
                self.answered[event_id] = outcome.body
            else:
                self.refused.add(event_id)
                errors.append(outcome.error)
        return errors

    def _event(self):
        self.sent += 1
        number, at_us = self.sent, self.bench.clock.at_us
        if number % 7 == 0:
            return result(f"e{number}", f"e{number - 1}", at_us)
        if number % 11 == 0:
            return label(f"e{number}", f"e{number - 2}", at_us)
        return payment(f"e{number}", at_us, card=f"card_{number % 9}", custom={"tier": "x" * 250})

    def settle(self) -> None:
        for _ in range(4_000):
            if self.bench.service.ready().ready:
                return
            threading.Event().wait(0.005)
        raise AssertionError(self.bench.service.ready())

    def audit(self, *, unknown: bool = False) -> None:
        """Every answer is in the log as it was given, nothing that was refused is, and the windows are the log's."""
        entries = list(self.log.read(0))
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        ids = [entry.event_id for entry in entries]
        assert len(set(ids)) == len(ids)
        by_id = {entry.event_id: entry for entry in entries}
        for event_id, body in self.answered.items():
            assert event_id in by_id
            assert by_id[event_id].decision in {None, body}
        if not unknown:
            assert set(ids) == self.answered.keys()
        for event_id in ids:
            assert self.log.find(1, event_id).seq == by_id[event_id].seq
        assert self.storage.audit.verify().ok
        self.bench.assert_true_to_log()

    def close(self) -> None:
        self.bench.service.stop(20)
        self.storage.close()
        self.lock.release()


@pytest.fixture
def engines():
    """Return a maker of engines; all are closed after the test."""
    made = []

    def make(*arguments, **options):
        made.append(Engine(*arguments, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_refused_events_are_accepted_later_when_the_log_failed_for_a_while(engines, tmp_path, number):
    engine = engines(tmp_path / "data", faulty=True)
    assert engine.send(40) == []
    engine.bench.service.snapshot()
    assert engine.send(10) == []
    for _ in range(3):
        engine.log.break_with(number, times=2)
        errors = engine.send(12)
        assert errors
        assert {type(error) for error in errors} <= {StorageUnavailable, NotReady}
        engine.settle()
        engine.log.mend()
        engine.audit()
    engine.retry()
    assert engine.send(20) == []
    engine.audit()


def test_a_retry_gets_the_stored_answer_when_the_commit_was_made_and_failed(engines, tmp_path):
    engine = engines(tmp_path / "data", faulty=True)
    engine.send(10)
    engine.log.break_with(errno.EIO, times=1, committed=True)
    assert engine.send(8)
    engine.settle()
    engine.audit(unknown=True)
    engine.retry()
    engine.audit()


class Line(sqlite3.Connection):
    """A connection that can be cut right after a commit."""

    cut = False

    def commit(self):
        super().commit()
        if Line.cut:
            Line.cut = False
            message = "disk I/O error"
            raise sqlite3.OperationalError(message)


@pytest.mark.parametrize("deaf", [0, 1, 3])
def test_nothing_is_decided_twice_when_the_line_was_cut_after_a_commit(engines, tmp_path, monkeypatch, deaf):
    engine = engines(tmp_path / "data", connect_args={"factory": Line})
    engine.send(10)
    readers = engine.storage.events._readers
    real, left = Readers.fetch, [0]

    def fetch(self, *arguments):
        if self is readers and left[0] > 0:
            left[0] -= 1
            message = "the log cannot be read"
            raise StorageUnavailable(message, certain=True)
        return real(self, *arguments)

    monkeypatch.setattr(Readers, "fetch", fetch)
    real_settle = engine.storage.events._settle

    def settle(entries, error):
        left[0] = deaf  # From the failure on nothing can be asked for a while.
        real_settle(entries, error)

    monkeypatch.setattr(engine.storage.events, "_settle", settle)
    monkeypatch.setattr(Line, "cut", True)
    errors = engine.send(8)
    assert bool(errors) == bool(deaf)
    engine.settle()
    engine.audit(unknown=True)
    engine.retry()
    assert engine.send(10) == []
    engine.audit()


def test_nothing_is_lost_and_the_engine_goes_on_when_the_disk_was_really_full(engines, tmp_path):
    with small_disk(tmp_path / "disk", 16) as disk:
        engine = engines(disk / "data")
        assert engine.send(200) == []
        engine.bench.service.snapshot()
        assert engine.send(50) == []
        ballast = fill(disk)
        errors: list[SatarkError] = []
        while len(errors) < 100:
            errors += engine.send(20)
            threading.Event().wait(0.01)
            if len(errors) > 50:
                engine.bench.service.snapshot()
        assert {type(error) for error in errors} <= {StorageUnavailable, NotReady}
        assert StorageUnavailable in {type(error) for error in errors}
        ballast.unlink()
        engine.settle()
        engine.audit()
        engine.retry()
        assert engine.send(60) == []
        engine.bench.service.snapshot()
        assert engine.bench.service.counts["snapshots"] >= 2
        engine.audit()
        engine.close()
        again = engines(disk / "data")
        again.answered = engine.answered
        again.audit()
        again.close()


def test_rows_find_room_again_when_only_they_had_none(engines, tmp_path):
    with small_disk(tmp_path / "disk", 1) as disk:
        engine = engines(tmp_path / "data")
        engine.rows = WindowRows(disk / "windows", mark="t", segment_bytes=1 << 14)
        engine.bench.restart()
        engine.send(20)
        ballast = fill(disk)
        errors: list[SatarkError] = []
        while not errors:
            errors = engine.send(20)
        assert {type(error) for error in errors} == {StorageUnavailable}
        assert engine.bench.service.counts["failed_commits"] == 0
        ballast.unlink()
        assert engine.send(100) == []
        engine.audit()
        engine.close()


READ_ONLY = """
import pathlib, sys
from satark.core.errors import SatarkError
from satark.storage import FolderLock, open_storage
try:
    with FolderLock(pathlib.Path(sys.argv[1])), open_storage(pathlib.Path(sys.argv[1])):
        print("opened")
except SatarkError as error:
    print(error.code, error.message)
"""


def test_a_read_only_folder_is_refused_in_words(tmp_path):
    with small_disk(tmp_path / "disk", 6) as disk:
        open_storage(disk / "data").close()
        before = (disk / "data" / "satark.db").read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for call in (FolderLock(disk / "data").acquire, lambda: open_storage(disk / "data")):
            with pytest.raises(FolderUnusable) as caught:
                call()
            assert "Read-only file system" in caught.value.message
            assert caught.value.fields["path"] == str(disk / "data")
        assert (disk / "data" / "satark.db").read_bytes() == before
        with pytest.raises(StorageUnavailable, match="Read-only"):
            Bench(rows=lambda: WindowRows(disk / "data" / "other")).start()


def test_a_second_engine_on_the_folder_is_refused_and_told_whose_it_is(tmp_path):
    folder = tmp_path / "data"
    with FolderLock(folder):
        ran = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(folder)], capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == f"folder_locked the data folder is in use by process {os.getpid()}"
        with pytest.raises(FolderLocked):
            FolderLock(folder).acquire()
    ran = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(folder)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "opened"
