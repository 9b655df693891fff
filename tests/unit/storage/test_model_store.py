"""Models in the installation's folder: under their hashes, whole or not at all, checked when they are read."""

from __future__ import annotations

import os

import pytest
from tests.support.models import logistic_bytes

from satark.core.errors import FolderUnusable, ModelInvalid, NotFound
from satark.models import load_model
from satark.storage.model_store import ModelStore


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "home")


def test_model_is_found_by_its_hash_and_by_the_beginning_of_it(store):
    data = logistic_bytes()
    path = store.put(data)
    wanted = load_model(data).hash
    for name in (wanted, f"sha256:{wanted}", wanted[:8], wanted.upper()):
        assert store.path(name) == path
    assert store.get(wanted) == data
    assert [model.hash for _, model in store.models()] == [wanted]


def test_model_is_kept_once_and_for_its_owner_alone(store):
    first = store.put(logistic_bytes())
    changed = first.stat().st_mtime_ns
    assert store.put(logistic_bytes()) == first
    assert first.stat().st_mtime_ns == changed
    assert first.stat().st_mode & 0o077 == 0
    assert store.folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in store.folder.iterdir()] == [first.name]


def test_nothing_is_kept_of_what_is_no_model(store):
    with pytest.raises(ModelInvalid):
        store.put(b"SATARKM1 no model")
    assert not store.folder.exists()


def test_nothing_half_is_left_when_the_disk_is_full(store, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FolderUnusable, match="No space left"):
        store.put(logistic_bytes())
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "abc", "../../../etc/passwd", "sha256:", "0" * 64, "*" * 8, "a" * 7])
def test_other_names_find_nothing(store, name):
    store.put(logistic_bytes())
    with pytest.raises(NotFound):
        store.path(name)


def test_beginning_of_two_hashes_is_not_enough(store):
    store.put(logistic_bytes())
    twin = next(store.folder.iterdir())
    twin.with_name(twin.name[:10] + "0" * 54 + ".model").write_bytes(b"x")
    with pytest.raises(NotFound, match="2 models begin"):
        store.path(twin.name[:8])


def test_model_under_another_name_or_damaged_is_told(store):
    path = store.put(logistic_bytes())
    moved = path.rename(path.with_name("1" * 64 + ".model"))
    with pytest.raises(ModelInvalid, match="another one"):
        store.get("1" * 64)
    moved.write_bytes(moved.read_bytes()[:-1])
    with pytest.raises(ModelInvalid, match="damaged"):
        store.get("1" * 64)
    ((_, error),) = store.models()
    assert isinstance(error, ModelInvalid)
