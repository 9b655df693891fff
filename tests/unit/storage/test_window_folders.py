"""A folder of rows per version of the windows."""

from __future__ import annotations

import numpy as np
import pytest

from satark.storage.window_folders import WindowFolders
from satark.storage.window_rows import MANIFEST, WindowRows

WIDTH, VERSION = 4, "abcd"


@pytest.fixture
def folders(tmp_path):
    return WindowFolders(tmp_path / "windows", mark="m", segment_bytes=1 << 12)


def filled(rows, version, count):
    rows.restart(version, WIDTH)
    for seq in range(1, count + 1):
        _, _, place = rows.place()
        place[0] = np.array([seq, seq * 10, 0, 0])
        rows.keep()
    rows.snapshot(count, 0, b"state")
    return rows


def seqs(rows):
    return [int(row[0]) for block in rows.blocks() for row in block]


def test_versions_do_not_touch_each_other(folders):
    filled(folders.of("a1"), "a1", 3).close()
    filled(folders.of("b2"), "b2", 5).close()
    first, second = folders.of("a1"), folders.of("b2")
    assert (first.open("a1", WIDTH), second.open("b2", WIDTH)) == (3, 5)
    assert (seqs(first), seqs(second)) == ([1, 2, 3], [1, 2, 3, 4, 5])


def test_others_are_removed_when_one_stands_alone(folders, tmp_path):
    kept = filled(folders.of("a1"), "a1", 3)
    filled(folders.of("b2"), "b2", 5).close()
    kept.stand_alone()
    assert [path.name for path in (tmp_path / "windows").iterdir()] == ["a1"]
    kept.close()
    assert folders.of("a1").open("a1", WIDTH) == 3


def test_standing_alone_before_anything_was_written_is_no_error(folders):
    folders.of("a1").stand_alone()


def test_rows_of_before_are_taken_over(folders, tmp_path):
    filled(WindowRows(tmp_path / "windows", mark="m", segment_bytes=1 << 12), VERSION, 3).close()
    rows = folders.of(VERSION)
    assert rows.open(VERSION, WIDTH) == 3
    assert seqs(rows) == [1, 2, 3]
    assert sorted(path.name for path in (tmp_path / "windows").iterdir()) == [VERSION]


def test_move_that_was_cut_short_is_finished(folders, tmp_path):
    old = tmp_path / "windows"
    filled(WindowRows(old, mark="m", segment_bytes=1 << 12), VERSION, 3).close()
    (old / VERSION).mkdir()
    (old / "rows-00000001.bin").rename(old / VERSION / "rows-00000001.bin")
    rows = folders.of(VERSION)
    assert rows.open(VERSION, WIDTH) == 3
    assert seqs(rows) == [1, 2, 3]


def test_rows_of_another_version_are_thrown_away_when_they_are_taken_over(folders, tmp_path):
    filled(WindowRows(tmp_path / "windows", mark="m", segment_bytes=1 << 12), "other", 3).close()
    rows = folders.of(VERSION)
    assert rows.open(VERSION, WIDTH) == 0
    assert seqs(rows) == []
    assert not (tmp_path / "windows" / MANIFEST).exists()
