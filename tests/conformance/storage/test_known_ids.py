"""The one that appends knows by itself which ids are new, and never denies one that is there."""

from __future__ import annotations

import time

import pytest

from satark.core.errors import IdConflict, StorageUnavailable
from satark.storage import known_ids_filling, postgres_log


def fill(log, entry, first, last):
    log.append([entry(seq) for seq in range(first, last + 1)])


def wait_until_ready(log):
    until = time.monotonic() + 20
    while not log._filling.ready:
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.fixture
def log(backend, storage, monkeypatch):
    if backend.kind != "postgres":
        pytest.skip("on SQLite the lookups lie beside the log: tests/unit/storage/test_known_ids.py")
    monkeypatch.setattr(known_ids_filling, "_CHUNK", 7)
    monkeypatch.setattr(postgres_log, "FRESH_IDS", 20)
    return storage.events


@pytest.fixture
def asked(log, monkeypatch):
    """Return the statements that the log sends from now on."""
    sent = []
    fetch = log._readers.fetch

    class Readers:
        def fetch(self, sql, parameters=()):
            if sql == log._sql.by_id:
                sent.append(parameters)
            return fetch(sql, parameters)

        def close(self):
            return None

    monkeypatch.setattr(log, "_readers", Readers())
    return sent


def test_new_ids_are_not_asked_for_and_old_ones_are_found(log, entry, asked):
    for first in range(1, 200, 10):
        fill(log, entry, first, first + 9)
    assert log.find(1, "new") is None  # The first question fills the filter.
    wait_until_ready(log)
    asked.clear()
    assert [log.find(1, f"new_{number}") for number in range(100)] == [None] * 100
    assert len(asked) < 10
    assert [log.find(1, f"pay_{seq}").seq for seq in range(1, 201)] == list(range(1, 201))
    assert log.find(2, "pay_1") is None


def test_ids_that_come_while_the_filter_is_filled_are_in_it(log, entry):
    fill(log, entry, 1, 100)
    assert log.find(1, "new") is None
    for first in range(101, 400, 7):
        fill(log, entry, first, first + 6)
        assert log.find(1, f"pay_{first}").seq == first
    wait_until_ready(log)
    fill(log, entry, 402, 440)
    assert all(log.find(1, f"pay_{seq}").seq == seq for seq in range(1, 441))


def test_who_has_not_appended_asks(log, backend, entry, asked):
    fill(log, entry, 1, 10)
    other = backend.open().events
    assert other.find(1, "pay_3").seq == 3
    fill(log, entry, 11, 12)
    assert other.find(1, "pay_12").seq == 12


def test_after_a_lost_connection_it_asks_again_and_learns_what_another_appended(log, backend, entry, asked):
    fill(log, entry, 1, 30)
    log.find(1, "new")
    wait_until_ready(log)
    log._drop_writer()
    log._last = None
    other = backend.open().events
    fill(other, entry, 31, 60)
    assert log.find(1, "pay_31").seq == 31
    other.close()
    fill(log, entry, 61, 65)
    asked.clear()
    assert log.find(1, "new") is None
    assert asked == []
    assert all(log.find(1, f"pay_{seq}").seq == seq for seq in range(1, 66))


def test_batch_that_was_committed_though_its_answer_was_lost_is_known(log, entry, monkeypatch):
    fill(log, entry, 1, 5)
    log.find(1, "new")
    wait_until_ready(log)
    connect = log._connect_writer
    lost = log.__dict__.setdefault("_lost", [])

    class Connection:
        """Commits, and says that it could not."""

        def __init__(self, real):
            self._real = real

        def __getattr__(self, name):
            return getattr(self._real, name)

        def commit(self):
            self._real.commit()
            if not lost:
                lost.append(True)
                raise log._faults[0]("the connection was lost")

    log._drop_writer()
    monkeypatch.setattr(log, "_connect_writer", lambda: Connection(connect()))
    try:
        fill(log, entry, 6, 9)
    except StorageUnavailable:
        log.reconcile([entry(seq) for seq in range(6, 10)])
    assert lost
    assert [log.find(1, f"pay_{seq}").seq for seq in range(1, 10)] == list(range(1, 10))
    fill(log, entry, 10, 12)
    assert [log.find(1, f"pay_{seq}").seq for seq in range(1, 13)] == list(range(1, 13))


def test_repeated_id_is_refused_and_the_filter_serves_on_after_the_next_batch(log, entry, asked):
    fill(log, entry, 1, 20)
    log.find(1, "new")
    wait_until_ready(log)
    with pytest.raises(IdConflict):
        log.append([entry(21, event_id="pay_3")])
    asked.clear()
    assert log.find(1, "new") is None
    assert asked == [(1, "new")]
    fill(log, entry, 21, 22)
    asked.clear()
    assert log.find(1, "new") is None
    assert asked == []
