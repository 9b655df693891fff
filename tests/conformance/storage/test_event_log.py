from __future__ import annotations

import threading

import pytest

from satark.core.errors import IdConflict, IntegrityBroken, StorageUnavailable
from satark.decisions.ports import FLAG_LATE


def test_log_is_empty_when_new(storage):
    assert storage.events.last_seq() == storage.events.count() == 0
    assert list(storage.events.read(0)) == []
    assert storage.events.get(1) is None
    assert storage.events.find(1, "pay_1") is None
    assert storage.events.recent(10) == []


def test_entry_comes_back_as_it_was_when_found_by_id_place_or_order(storage, entry):
    entries = [
        entry(1),
        entry(2, decision=None, features=None, flags=FLAG_LATE, kind="payment_result", ref="pay_1"),
        entry(3, owner=2**40, event_id="a+b|c/d@e:f._-"),
        entry(4, body=bytes(range(256)) * 40, occurred_us=-5),
    ]
    storage.events.append(entries)
    assert list(storage.events.read(0)) == entries
    assert [storage.events.get(seq) for seq in (1, 2, 3, 4)] == entries
    assert [storage.events.find(one.owner, one.event_id) for one in entries] == entries
    assert storage.events.last_seq() == storage.events.count() == 4


def test_same_id_is_found_per_owner_when_two_owners_use_it(storage, entry):
    storage.events.append([entry(1, "same", owner=1), entry(2, "same", owner=2)])
    assert storage.events.find(1, "same").seq == 1
    assert storage.events.find(2, "same").seq == 2
    assert storage.events.find(3, "same") is None


def test_append_does_nothing_when_the_batch_is_empty(storage):
    storage.events.append([])
    assert storage.events.last_seq() == 0
    assert storage.events.reconcile([])


@pytest.mark.parametrize("merged", [False, True])
def test_append_is_refused_whole_when_an_id_is_in_the_log(storage, entry, merged):
    storage.events.append([entry(1), entry(2)])
    if merged:
        storage.checkpoint()
        storage.checkpoint()
    with pytest.raises(IdConflict):
        storage.events.append([entry(3), entry(4, "pay_1")])
    assert storage.events.last_seq() == 2
    assert storage.events.find(1, "pay_3") is None
    storage.events.append([entry(3), entry(4)])
    assert storage.events.last_seq() == 4


def test_append_is_refused_when_an_id_is_twice_in_the_batch(storage, entry):
    with pytest.raises(IdConflict):
        storage.events.append([entry(1), entry(2, "pay_1")])
    assert storage.events.last_seq() == 0


@pytest.mark.parametrize("seqs", [(2,), (1, 3), (0,)])
def test_append_is_refused_when_places_have_gaps(storage, entry, seqs):
    with pytest.raises(IntegrityBroken):
        storage.events.append([entry(seq) for seq in seqs])
    assert storage.events.last_seq() == 0


def test_read_streams_the_asked_range_when_limits_are_given(storage, entry):
    entries = [entry(seq) for seq in range(1, 1_301)]
    storage.events.append(entries[:700])
    storage.events.append(entries[700:])
    assert list(storage.events.read(0)) == entries
    assert list(storage.events.read(5, limit=3)) == entries[5:8]
    assert list(storage.events.read(1_295, until_seq=1_298)) == entries[1_295:1_298]
    assert list(storage.events.read(100, limit=1_000, until_seq=1_200)) == entries[100:1_100]
    assert list(storage.events.read(1_300)) == []
    assert list(storage.events.read(0, limit=0)) == []


def test_ids_stream_in_order_when_asked_from_a_place(storage, entry):
    storage.events.append([entry(seq, owner=seq % 3) for seq in range(1, 11)])
    assert list(storage.events.ids(7)) == [(2, "pay_8"), (0, "pay_9"), (1, "pay_10")]
    assert len(list(storage.events.ids())) == 10


@pytest.mark.parametrize("merged", [0, 4, 6])
def test_results_of_a_payment_come_in_order_when_some_are_merged(storage, entry, merged):
    entries = [
        entry(1),
        entry(2, kind="payment_result", ref="pay_1"),
        entry(3, kind="payment_result", ref="pay_1", owner=2),
        entry(4, kind="label", ref="pay_9"),
        entry(5, kind="label", ref="pay_1"),
        entry(6, kind="payment_result", ref="pay_1"),
    ]
    storage.events.append(entries[:4])
    if merged:
        _merge(storage)
    storage.events.append(entries[4:])
    if merged == 6:
        _merge(storage)
    assert [one.seq for one in storage.events.find_by_ref(1, "pay_1")] == [2, 5, 6]
    assert [one.seq for one in storage.events.find_by_ref(2, "pay_1")] == [3]
    assert list(storage.events.find_by_ref(1, "")) == []


@pytest.mark.parametrize("merged", [0, 1, 2])
def test_recent_pages_through_decisions_when_filtered_by_action(storage, entry, merged):
    log = storage.events
    entries = [
        entry(seq, **({"decision": None, "kind": "label", "ref": "x"} if seq % 5 == 0 else {}))
        for seq in range(1, 61)
    ]
    log.append(entries[:40])
    if merged:
        _merge(storage)
    log.append(entries[40:])
    if merged == 2:
        _merge(storage)
    decided = [one for one in reversed(entries) if one.decision is not None]
    for action, wanted in (
        (None, decided),
        ("block", [one for one in decided if one.seq % 4 == 3]),
        ("allow", [one for one in decided if one.seq % 4 == 0]),
    ):
        pages, before = [], None
        while page := log.recent(7, before_seq=before, action=action):
            pages += page
            before = page[-1].seq
        assert pages == wanted
        after = wanted[-3].seq
        assert log.recent(2, after_seq=after, action=action) == wanted[-5:-3]
        assert log.recent(100, after_seq=after, action=action) == wanted[:-3]
        assert log.recent(100, before_seq=30, after_seq=20, action=action) == [
            one for one in wanted if 20 < one.seq < 30
        ]


def test_log_goes_on_where_it_was_when_opened_again(backend, entry):
    first = backend.open()
    first.events.append([entry(1), entry(2)])
    first.close()
    second = backend.open()
    assert second.events.last_seq() == 2
    second.events.append([entry(3)])
    with pytest.raises(IdConflict):
        second.events.append([entry(4, "pay_2")])
    assert [one.seq for one in second.events.read(0)] == [1, 2, 3]
    assert second.audit.verify().ok


def test_another_reader_sees_commits_when_it_opened_before_them(backend, entry):
    writer = backend.open()
    reader = backend.open(read_only=True)
    writer.events.append([entry(1), entry(2, kind="label", ref="pay_1")])
    assert reader.events.last_seq() == 2
    assert reader.events.find(1, "pay_2").seq == 2
    _merge(writer)
    writer.events.append([entry(3, kind="label", ref="pay_1")])
    assert reader.events.find(1, "pay_1").seq == 1
    assert reader.events.find(1, "pay_3").seq == 3
    assert [one.seq for one in reader.events.find_by_ref(1, "pay_1")] == [2, 3]
    assert [one.seq for one in reader.events.recent(5, action="challenge")] == [1]
    with pytest.raises(StorageUnavailable):
        reader.events.append([entry(4)])


def test_readers_in_threads_see_whole_batches_when_appends_go_on(storage, entry):
    stop, torn = threading.Event(), []

    def read():
        while not stop.is_set():
            last = storage.events.last_seq()
            found = [one.seq for one in storage.events.read(0)]
            if found != list(range(1, len(found) + 1)) or len(found) < last or len(found) % 10:
                torn.append((last, found[-1:]))
            if last and storage.events.find(1, f"pay_{last}") is None:
                torn.append(last)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(1, 401, 10):
        storage.events.append([entry(seq) for seq in range(start, start + 10)])
        if start % 100 == 1:
            _merge(storage)
    stop.set()
    for thread in threads:
        thread.join()
    assert torn == []


def _merge(storage):
    """Make the log quiet for two checkpoints, after which all lookups are merged."""
    storage.checkpoint()
    storage.checkpoint()


@pytest.mark.parametrize("merged", [False, True])
def test_id_is_found_whoever_sent_it_when_asked_for_anywhere(storage, entry, merged):
    first, second = (
        storage.keys.create("key", ("decide",), owner=name).key.owner for name in ("shop", "bank")
    )
    storage.events.append(
        [entry(1, "same", owner=first), entry(2, "same", owner=second), entry(3, owner=second)]
    )
    if merged:
        storage.checkpoint()
        storage.checkpoint()
    assert [one.seq for one in storage.events.find_anywhere("same")] == [1, 2]
    assert [one.seq for one in storage.events.find_anywhere("pay_3")] == [3]
    assert storage.events.find_anywhere("pay_9") == []
