"""The desk's part of a backup."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa
from tests.support.cases import open_case

from satark.cases.cloud_events import event_message
from satark.cases.model import CaseOutcome
from satark.core.errors import IntegrityBroken
from satark.storage import check_backup, restore
from satark.storage.desk.tables import METADATA


@pytest.fixture
def filled(backend):
    """Return a storage whose desk has something in many tables."""
    storage = backend.open(secrets=backend.secrets)
    desk = backend.open_desk()
    first = open_case(desk, 1, card="a", device="d")
    desk.cases.note(first, "ग्राहक से बात हुई", "asha")
    desk.cases.attach(first, "a.pdf", "application/pdf", b"%PDF-\x00\xff", "asha")
    desk.cases.check(first, "rules_read", "asha", done=True)
    desk.cases.save_view("asha", "mine", "queue=upi", shared=True)
    desk.outbox.endpoints.add("test", "https://hooks.example/x", ["case.closed"], actor="asha")
    desk.cases.close([first], CaseOutcome.FRAUD, "stolen_card", "asha")
    open_case(desk, 2, card="a")
    return storage, desk


def contents(desk):
    with desk.reading() as connection:
        return {
            table.name: [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in METADATA.sorted_tables
            if table.name != "outbox"
        }


def states(desk):
    with desk.reading() as connection:
        return connection.execute(sa.text("SELECT state, reason FROM outbox")).all()


def test_the_desk_comes_back_when_a_backup_is_restored(filled, backend, tmp_path):
    storage, desk = filled
    storage.seal_desk()
    manifest = storage.backup(tmp_path / "backup")
    assert (manifest.desk_seq, manifest.desk_hash) == (desk.audit.head()[0], desk.audit.head()[1].hex())
    assert set(manifest.files) == {"satark.db", "desk.db", "secrets.json"}
    target = backend.beside("restored")
    assert restore(tmp_path / "backup", target.target, folder=target.folder) == manifest
    restored = target.open()
    assert restored.verify_desk().ok
    again = target.open_desk()
    assert contents(again) == contents(desk)
    assert open_case(again, 3, card="a") == 2
    assert open_case(again, 4, card="z") == 3
    assert not {"desk.db-wal", "desk.db-shm"} & {file.name for file in (tmp_path / "backup").iterdir()}


def test_what_waited_to_be_sent_is_in_doubt_after_a_restore(filled, backend, tmp_path):
    storage, desk = filled
    assert states(desk) == [("waiting", "")]
    storage.backup(tmp_path / "backup")
    target = backend.beside("restored")
    restore(tmp_path / "backup", target.target, folder=target.folder)
    target.open()
    again = target.open_desk()
    assert states(again) == [("unknown", "restored")]
    with again.writing("a test") as connection:
        again.outbox.put(connection, event_message("case.closed", "new", {}))
    assert sorted(states(again)) == [("unknown", "restored"), ("waiting", "")]


def test_a_backup_without_a_desk_is_restored_as_it_was_before_there_were_desks(backend, tmp_path):
    storage = backend.beside("bare", fresh=True).open()
    manifest = storage.backup(tmp_path / "backup")
    assert (manifest.desk_seq, set(manifest.files)) == (0, {"satark.db", "secrets.json"})
    path = tmp_path / "backup" / "manifest.json"
    old = msgspec.to_builtins(manifest)
    del old["desk_seq"], old["desk_hash"]
    path.write_bytes(msgspec.json.encode({**old, "format": 1}))
    target = backend.beside("restored", fresh=True)
    restored = restore(tmp_path / "backup", target.target, folder=target.folder)
    assert restored.format == 1
    assert target.open().verify_desk() is None


def test_a_backup_is_refused_when_its_desk_was_changed(filled, backend, tmp_path):
    filled[0].backup(tmp_path / "backup")
    path = tmp_path / "backup" / "desk.db"
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))
    with pytest.raises(IntegrityBroken):
        check_backup(tmp_path / "backup")


def test_both_are_copied_anew_when_the_trail_notes_a_newer_desk_meanwhile(
    filled, backend, tmp_path, monkeypatch
):
    storage, desk = filled
    from satark.storage import backup

    copies = []
    real = backup._copy_log

    def note_meanwhile(*args):
        if not copies:
            desk.audit.append(actor="asha", action="tested")
            storage.seal_desk()
        copies.append(1)
        return real(*args)

    monkeypatch.setattr(backup, "_copy_log", note_meanwhile)
    manifest = storage.backup(tmp_path / "backup")
    assert len(copies) == 2
    assert manifest.desk_seq == desk.audit.head()[0]
    target = backend.beside("restored")
    restore(tmp_path / "backup", target.target, folder=target.folder)
    assert target.open().verify_desk().ok
