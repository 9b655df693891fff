from __future__ import annotations

import sqlite3
import sys

import pytest

from satark.core.errors import FolderUnusable, SettingInvalid, StorageUnavailable
from satark.storage import open_storage


def test_reading_is_refused_when_there_is_no_installation(tmp_path):
    with pytest.raises(FolderUnusable, match="no installation"):
        open_storage(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()


def test_opening_is_refused_when_the_database_is_something_else(tmp_path):
    (tmp_path / "satark.db").write_bytes(b"this is not a database at all, but a letter" * 100)
    with pytest.raises(StorageUnavailable, match="not a database"):
        open_storage(tmp_path)


def test_opening_is_refused_when_the_tables_are_from_the_future(tmp_path, opened):
    opened().close()
    with sqlite3.connect(tmp_path / "data" / "satark.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(FolderUnusable, match="9999"):
            open_storage(tmp_path / "data", read_only=read_only)


def test_server_is_named_unreachable_when_nobody_listens(tmp_path):
    with pytest.raises(StorageUnavailable):
        open_storage("postgresql://satark@127.0.0.1:1/satark", folder=tmp_path)
    assert not (tmp_path / "secrets.json").exists()


def test_opening_is_refused_when_the_url_cannot_be_read(tmp_path):
    with pytest.raises(SettingInvalid):
        open_storage("postgresql://host:port/x", folder=tmp_path)


def test_missing_driver_is_named_when_a_server_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingInvalid, match=r"satark\[postgres\]"):
        open_storage("postgresql://satark@127.0.0.1:1/satark", folder=tmp_path)


def test_folder_may_have_any_name_when_it_is_opened(opened, entry):
    storage = opened("a b%20?x#y")
    storage.events.append([entry(1)])
    storage.checkpoint()
    storage.checkpoint()
    assert storage.events.find(1, "pay_1").seq == 1


def test_storage_is_closed_when_its_block_ends(tmp_path, entry):
    with open_storage(tmp_path / "data") as storage:
        storage.events.append([entry(1)])
    assert {file.name for file in (tmp_path / "data").iterdir()} == {"satark.db", "index.db", "secrets.json"}
