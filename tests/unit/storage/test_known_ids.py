from __future__ import annotations

import time

import pytest

from satark.core.errors import IdConflict, StorageUnavailable
from satark.storage import known_ids_filling, sqlite_log
from satark.storage.known_ids import SMALLEST, KnownIds


def test_what_was_added_is_never_denied_and_few_others_are_doubted():
    known = KnownIds()
    ids = [(owner, f"pay_{number}") for owner in (1, 2) for number in range(20_000)]
    for start in range(0, len(ids), 777):
        known.add(ids[start : start + 777])
    assert all(known.may_hold(*one) for one in ids)
    doubted = sum(known.may_hold(3, f"pay_{number}") for number in range(20_000))
    assert doubted < 200


def test_grows_when_more_come_than_were_expected():
    known = KnownIds()
    for start in range(0, 3 * SMALLEST, 5_000):
        known.add([(1, str(number)) for number in range(start, start + 5_000)])
    assert len(known._tables) > 1
    assert all(known.may_hold(1, str(number)) for number in range(0, 3 * SMALLEST, 13))
    assert sum(known.may_hold(2, str(number)) for number in range(10_000)) < 200


def _fill(storage, entry, start, until):
    storage.events.append([entry(seq) for seq in range(start, until + 1)])


def _wait_until_ready(log):
    until = time.monotonic() + 20
    while not log._filling.ready:
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.fixture
def counted(monkeypatch):
    asked = []
    monkeypatch.setattr(
        sqlite_log.SqliteIndex,
        "find",
        lambda self, owner, event_id, find=sqlite_log.SqliteIndex.find: (
            asked.append(event_id) or find(self, owner, event_id)
        ),
    )
    return asked


def test_new_ids_are_not_asked_for_and_old_ones_are_found(opened, entry, monkeypatch, counted):
    monkeypatch.setattr(sqlite_log, "MERGE_WHEN_BUSY", 1)
    monkeypatch.setattr(known_ids_filling, "_CHUNK", 7)
    storage = opened()
    _fill(storage, entry, 1, 200)
    storage.checkpoint()
    assert storage.events.find(1, "new") is None  # The first question fills the filter.
    _wait_until_ready(storage.events)
    counted.clear()
    assert [storage.events.find(1, f"new_{number}") for number in range(100)] == [None] * 100
    assert len(counted) < 10
    assert [storage.events.find(1, f"pay_{seq}").seq for seq in range(1, 201)] == list(range(1, 201))


def test_ids_merged_while_the_filter_is_filled_are_in_it(opened, entry, monkeypatch):
    monkeypatch.setattr(sqlite_log, "MERGE_WHEN_BUSY", 1)
    monkeypatch.setattr(known_ids_filling, "_CHUNK", 3)
    storage = opened()
    _fill(storage, entry, 1, 100)
    storage.checkpoint()
    assert storage.events.find(1, "new") is None
    for start in range(101, 400, 10):
        _fill(storage, entry, start, start + 9)
        storage.checkpoint()
        assert storage.events.find(1, f"pay_{start}").seq == start
    _wait_until_ready(storage.events)
    for start in range(401, 500, 10):
        _fill(storage, entry, start, start + 9)
        storage.checkpoint()
    assert all(storage.events.find(1, f"pay_{seq}").seq == seq for seq in range(1, 501))


def test_a_repeated_id_is_refused_by_the_log_with_a_full_filter(opened, entry, monkeypatch):
    monkeypatch.setattr(sqlite_log, "MERGE_WHEN_BUSY", 1)
    storage = opened()
    _fill(storage, entry, 1, 20)
    storage.checkpoint()
    storage.events.find(1, "new")
    _wait_until_ready(storage.events)
    with pytest.raises(IdConflict):
        storage.events.append([entry(21, event_id="pay_3")])


def test_filling_goes_on_after_the_index_could_not_be_read(opened, entry, monkeypatch):
    monkeypatch.setattr(sqlite_log, "MERGE_WHEN_BUSY", 1)
    monkeypatch.setattr(known_ids_filling, "_RETRY_SECONDS", 0.01)
    storage = opened()
    _fill(storage, entry, 1, 20)
    storage.checkpoint()
    real, failures = storage.events.index.ids_after, iter([True, True])

    def failing(owner, event_id, limit):
        if next(failures, False):
            message = "no"
            raise StorageUnavailable(message)
        return real(owner, event_id, limit)

    monkeypatch.setattr(storage.events.index, "ids_after", failing)
    assert storage.events.find(1, "pay_3").seq == 3
    assert storage.events.find(1, "new") is None
    _wait_until_ready(storage.events)
    assert storage.events.find(1, "pay_3").seq == 3
