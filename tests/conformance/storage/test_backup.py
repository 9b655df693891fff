"""A backup is worth what restoring it gives."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from satark.core.errors import FolderUnusable, InputInvalid, IntegrityBroken
from satark.storage import check_backup, restore
from satark.storage.tables import METADATA


@pytest.fixture
def filled(backend, entry):
    """Return a storage with something in every table."""
    storage = backend.open()
    storage.events.append([entry(seq) for seq in range(1, 1_201)])
    storage.events.append([entry(1_201, kind="label", ref="pay_1", decision=None, features=None)])
    storage.keys.create("shop", ["decide"], owner="acme", rate_per_s=0.1)
    storage.staff.create("asha", "analyst", password="a long enough password")
    storage.lists.set("stolen", "tok_1", actor="asha", note="चोरी")
    storage.lists.set("stolen", "tok_2", actor="asha")
    storage.lists.remove("stolen", "tok_2", actor="asha")
    storage.audit.append(actor="asha", action="list_edited", detail={"n": 1})
    return storage


def _contents(storage):
    with storage.engines.read.connect() as connection:
        return {
            table.name: [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in METADATA.sorted_tables
        }


def test_every_table_comes_back_when_a_backup_is_restored(backend, filled, tmp_path):
    told = []
    manifest = filled.backup(tmp_path / "backup", progress=lambda *step: told.append(step))
    assert told
    assert (manifest.log_seq, manifest.audit_seq) == (1_201, 2)
    before = {file.name: file.read_bytes() for file in (tmp_path / "backup").iterdir()}
    target = backend.beside("restored")
    assert restore(tmp_path / "backup", target.target, folder=target.folder) == manifest
    assert {file.name: file.read_bytes() for file in (tmp_path / "backup").iterdir()} == before
    restored = target.open()
    assert _contents(restored) == _contents(filled)
    assert restored.secrets == filled.secrets
    assert restored.audit.verify().ok
    assert restored.events.find(1, "pay_777") == filled.events.find(1, "pay_777")
    assert [one.seq for one in restored.events.find_by_ref(1, "pay_1")] == [1_201]


def test_restored_installation_goes_on_when_written_to(backend, filled, entry, tmp_path):
    filled.backup(tmp_path / "backup")
    target = backend.beside("restored")
    restore(tmp_path / "backup", target.target, folder=target.folder)
    restored = target.open()
    restored.events.append([entry(1_202)])
    assert restored.lists.set("stolen", "tok_3", actor="ravi").id == 4
    restored.keys.create("more", ["read"], owner="new owner")
    restored.audit.append(actor="ravi", action="list_edited")
    assert restored.audit.verify().ok


def test_backup_is_of_one_moment_when_appends_go_on(backend, filled, entry, tmp_path):
    stop, appended = threading.Event(), []

    def write():
        seq = 1_201
        while not stop.is_set():
            filled.events.append([entry(number) for number in range(seq + 1, seq + 21)])
            seq += 20
            appended.append(seq)
            if seq % 100 == 1:
                filled.checkpoint()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while not appended:
            pass
        manifest = filled.backup(tmp_path / "backup")
    finally:
        stop.set()
        thread.join()
    assert manifest.log_seq % 20 == 1
    assert appended[0] <= manifest.log_seq <= appended[-1]
    target = backend.beside("restored")
    restore(tmp_path / "backup", target.target, folder=target.folder)
    restored = target.open()
    assert restored.audit.verify().ok
    assert list(restored.events.read(0)) == list(filled.events.read(0, until_seq=manifest.log_seq))


def test_restore_is_refused_when_the_target_holds_something(backend, filled, tmp_path):
    filled.backup(tmp_path / "backup")
    with pytest.raises(FolderUnusable, match="not empty"):
        restore(tmp_path / "backup", backend.target, folder=tmp_path / "elsewhere")
    assert filled.events.last_seq() == 1_201


def test_backup_is_refused_when_the_folder_is_not_empty(filled, tmp_path):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "file").touch()
    with pytest.raises(FolderUnusable, match="not empty"):
        filled.backup(tmp_path / "backup")


@pytest.mark.parametrize("name", ["satark.db", "secrets.json"])
def test_restore_makes_nothing_when_a_file_was_changed(backend, filled, tmp_path, name):
    filled.backup(tmp_path / "backup")
    with (tmp_path / "backup" / name).open("r+b") as file:
        file.seek(300)
        byte = file.read(1)
        file.seek(300)
        file.write(bytes([byte[0] ^ 1]))
    target = backend.beside("restored")
    with pytest.raises(IntegrityBroken, match=name):
        restore(tmp_path / "backup", target.target, folder=target.folder)
    assert not target.folder.exists()


def test_restore_makes_nothing_when_the_backup_is_not_whole(backend, filled, tmp_path):
    filled.backup(tmp_path / "backup")
    (tmp_path / "backup" / "satark.db").rename(tmp_path / "db")
    with pytest.raises(IntegrityBroken):
        check_backup(tmp_path / "backup")
    (tmp_path / "backup" / "manifest.json").unlink()
    with pytest.raises(InputInvalid):
        check_backup(tmp_path / "backup")


def test_installation_moves_when_a_backup_is_restored_to_the_other_kind(
    backend, filled, tmp_path, postgres_server
):
    filled.backup(tmp_path / "backup")
    if backend.kind == "postgres":
        folder = tmp_path / "file"
        restore(tmp_path / "backup", folder)
        target = type(backend)("sqlite", folder, folder, None, backend.clock, backend.opened)
    else:
        target = type(backend)(
            "postgres",
            tmp_path / "server",
            postgres_server.take(),
            postgres_server,
            backend.clock,
            backend.opened,
            backend.taken,
        )
        restore(tmp_path / "backup", target.target, folder=target.folder)
    moved = target.open()
    assert _contents(moved) == _contents(filled)
    assert moved.audit.verify().ok
