"""Where compiled code lies."""

from __future__ import annotations

import os

import pytest

from satark.app import compiled
from satark.app.compiled import NUMBA_VARIABLE, kernel_mark, place_compiled_code


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.delenv(NUMBA_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def placed():
    return os.environ.pop(NUMBA_VARIABLE)


def test_compiled_code_lies_in_the_data_folder_when_there_is_one(tmp_path):
    place_compiled_code(tmp_path)
    assert placed() == str(tmp_path / "cache" / f"numba-{kernel_mark()}")


def test_no_data_folder_is_made_when_a_command_has_none(tmp_path):
    place_compiled_code(tmp_path / "none")
    assert placed() == str(tmp_path / "cache" / "satark" / f"numba-{kernel_mark()}")
    assert not (tmp_path / "none").exists()


def test_temporary_folder_stands_in_when_no_cache_can_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    place_compiled_code(tmp_path / "none")
    assert "satark-numba-" in placed()


def test_each_version_of_the_kernel_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_KERNEL", tmp_path)
    (tmp_path / "step.py").write_text("one")
    before = kernel_mark()
    (tmp_path / "step.py").write_text("two")
    assert kernel_mark() != before


def test_what_the_operator_chose_stays_when_it_is_set(tmp_path, monkeypatch):
    monkeypatch.setenv(NUMBA_VARIABLE, "/elsewhere")
    place_compiled_code(tmp_path)
    assert placed() == "/elsewhere"
