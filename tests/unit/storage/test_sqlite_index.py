from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from satark.core.errors import StorageUnavailable
from satark.storage import FolderLock, sqlite_log
from satark.storage.sqlite_checkpoint import SqliteCheckpointer

if TYPE_CHECKING:
    from pathlib import Path


def _fill(storage, entry, until, start=1, **changes):
    storage.events.append([entry(seq, **changes) for seq in range(start, until + 1)])


def test_lookups_move_to_the_file_when_the_log_is_quiet(opened, entry):
    storage = opened()
    _fill(storage, entry, 50)
    assert storage.checkpoint().unmerged == 50
    assert storage.checkpoint().unmerged == 0
    assert storage.events.index.indexed_seq == 50
    assert storage.events._ids == storage.events._older_ids == {}
    assert storage.events.find(1, "pay_50").seq == 50


def test_lookups_move_to_the_file_when_many_wait_under_load(opened, entry, monkeypatch):
    monkeypatch.setattr(sqlite_log, "MERGE_WHEN_BUSY", 30)
    storage = opened()
    _fill(storage, entry, 29)
    assert storage.checkpoint().unmerged == 29
    _fill(storage, entry, 31, start=30)
    assert storage.checkpoint().unmerged == 0


def test_index_is_built_again_when_its_file_is_gone_torn_or_of_another_log(tmp_path, opened, entry):
    storage = opened()
    _fill(storage, entry, 40)
    storage.checkpoint()
    storage.checkpoint()
    storage.close()
    other = opened("other")
    _fill(other, entry, 60, owner=9)
    other.checkpoint()
    other.checkpoint()
    other.close()
    file = tmp_path / "data" / "index.db"
    for damage in (
        file.unlink,
        lambda: file.write_bytes(b"torn" * 2_000),
        lambda: file.write_bytes((tmp_path / "other" / "index.db").read_bytes()),
        lambda: _set_version(file),
        lambda: file.write_bytes(b""),
    ):
        damage()
        again = opened()
        assert again.events.find(1, "pay_7").seq == 7
        assert again.events.find(9, "pay_7") is None
        again.checkpoint()
        again.checkpoint()
        assert again.events.index.indexed_seq == 40
        assert again.events.find(1, "pay_7").seq == 7
        again.close()


def _set_version(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def test_rows_are_merged_at_open_when_very_many_are_not(opened, entry, monkeypatch):
    storage = opened()
    _fill(storage, entry, 100)
    storage.close()
    monkeypatch.setattr("satark.storage.sqlite_log.MERGE_ROWS", 30)
    monkeypatch.setattr("satark.storage.sqlite_index.MERGE_ROWS", 30)
    again = opened()
    again.events._own()
    assert again.events.index.indexed_seq == 90
    assert len(again.events._ids) == 10
    assert [again.events.find(1, f"pay_{seq}").seq for seq in (1, 90, 91, 100)] == [1, 90, 91, 100]


def test_reader_finds_all_when_there_is_no_index_file(tmp_path, opened, entry):
    storage = opened()
    _fill(storage, entry, 20, ref="pay_x")
    reader = opened(read_only=True)
    (tmp_path / "data" / "index.db").unlink()
    assert reader.events.find(1, "pay_20").seq == 20
    assert len(list(reader.events.find_by_ref(1, "pay_x"))) == 20
    assert reader.events.recent(1, action="hold")[0].seq == 19


def test_nothing_is_lost_when_a_merge_fails(opened, entry, monkeypatch):
    storage = opened()
    _fill(storage, entry, 20)
    index = storage.events.index
    with monkeypatch.context() as patch:
        patch.setattr("satark.storage.sqlite_index._MARK", "UPDATE nowhere SET seq = ?, digest = ?")
        storage.checkpoint()
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                storage.checkpoint()
        assert index.indexed_seq == 0
        assert storage.events.find(1, "pay_3").seq == 3
        _fill(storage, entry, 25, start=21)
        assert storage.events.find(1, "pay_24").seq == 24
    storage.checkpoint()
    storage.checkpoint()
    assert index.indexed_seq == 25
    assert storage.events.find(1, "pay_3").seq == 3


def test_write_ahead_log_is_emptied_when_idle_and_begun_anew_when_long(tmp_path, opened, entry, monkeypatch):
    monkeypatch.setattr("satark.storage.sqlite_checkpoint.RESET_BYTES", 200_000)
    storage = opened()
    wal = tmp_path / "data" / "satark.db-wal"
    sizes = []
    for start in range(1, 1_001, 50):
        _fill(storage, entry, start + 49, start=start)
        storage.checkpoint()
        sizes.append(wal.stat().st_size)
    assert max(sizes[3:]) == sizes[3] < 1_000_000
    report = storage.checkpoint()
    assert (report.wal_bytes, report.moved, wal.stat().st_size) == (0, True, 0)
    _fill(storage, entry, 1_001, start=1_001)
    assert storage.events.last_seq() == 1_001


def test_appends_wait_for_no_checkpoint_when_a_long_file_is_hardly_used(tmp_path, opened, entry, monkeypatch):
    monkeypatch.setattr("satark.storage.sqlite_checkpoint.RESET_BYTES", 200_000)
    storage = opened()
    wal = tmp_path / "data" / "satark.db-wal"
    _fill(storage, entry, 1_000)
    modes: list[str] = []
    real = SqliteCheckpointer._pragma
    monkeypatch.setattr(
        SqliteCheckpointer, "_pragma", lambda self, mode: (modes.append(mode), real(self, mode))[1]
    )
    storage.checkpoint()
    assert modes == ["PASSIVE", "PASSIVE", "RESTART"]
    length = wal.stat().st_size
    assert length > 200_000
    modes.clear()
    for start in range(1_001, 1_101, 20):
        _fill(storage, entry, start + 19, start=start)
        storage.checkpoint()
    assert modes == ["PASSIVE"] * 5
    assert wal.stat().st_size == length


def test_checkpoint_comes_back_later_when_a_reader_holds_an_old_moment(opened, entry):
    storage = opened()
    _fill(storage, entry, 10)
    with storage.engines.read.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM events").all()
        _fill(storage, entry, 20, start=11)
        storage.checkpoint()
        assert not storage.checkpoint().moved
    assert storage.checkpoint().moved


def test_another_process_sees_all_and_leaves_the_index_alone_when_it_opens_for_writing(opened, entry):
    engine, pages = opened(), opened()
    _fill(engine, entry, 20, ref="pay_x")
    pages.audit.append(actor="asha", action="looked")
    assert pages.events.last_seq() == 20
    assert pages.events.find(1, "pay_20").seq == 20
    engine.checkpoint()
    engine.checkpoint()
    _fill(engine, entry, 30, start=21, ref="pay_x")
    assert pages.events.last_seq() == 30
    assert [pages.events.find(1, f"pay_{seq}").seq for seq in (7, 30)] == [7, 30]
    assert len(list(pages.events.find_by_ref(1, "pay_x"))) == 30
    pages.close()
    engine.checkpoint()
    engine.checkpoint()
    assert engine.events.index.indexed_seq == 30
    assert engine.audit.verify().ok


def test_rows_are_merged_once_when_two_merge(opened, entry):
    first, second = opened(), opened()
    _fill(first, entry, 20)
    for storage in (second, first, second, first):
        storage.checkpoint()
        storage.checkpoint()
    assert first.events.index.indexed_seq == second.events.index.indexed_seq == 20
    assert first.events.find(1, "pay_20").seq == second.events.find(1, "pay_20").seq == 20


def test_lookups_are_claimed_at_open_when_this_process_holds_the_folder(tmp_path, opened, entry):
    storage = opened()
    _fill(storage, entry, 20)
    storage.close()
    assert not opened().events._owned
    with FolderLock(tmp_path / "data"):
        again = opened()
        assert again.events._owned
        assert len(again.events._ids) == 20


def test_reader_looks_into_the_log_when_the_index_cannot_be_read(tmp_path, opened, entry):
    storage = opened()
    _fill(storage, entry, 20, ref="pay_x")
    storage.close()
    for torn in (b"", b"torn" * 4_000):
        (tmp_path / "data" / "index.db").write_bytes(torn)
        reader = opened(read_only=True)
        assert reader.events.find(1, "pay_20").seq == 20
        assert len(list(reader.events.find_by_ref(1, "pay_x"))) == 20
        assert reader.events.recent(1, action="hold")[0].seq == 19
        reader.close()
