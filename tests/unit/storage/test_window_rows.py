"""The kept rows: what a snapshot made durable comes back, and nothing that does not verify."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading

import numpy as np
import pytest

from satark.core.errors import StorageUnavailable
from satark.storage import window_rows
from satark.storage.window_rows import WindowRows

WIDTH = 4
PER_SEGMENT = 8
SEGMENT_BYTES = PER_SEGMENT * WIDTH * 8
VERSION = "v1"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "windows"


@pytest.fixture
def make(folder):
    """Return a maker of stores over one folder, as processes would open it one after the other."""
    return lambda **options: WindowRows(folder, **({"mark": "m", "segment_bytes": SEGMENT_BYTES} | options))


def write(rows, seqs):
    """Write a row per seq, as the engine's thread does; the second word is its time."""
    for seq in seqs:
        buffer, offset, row = rows.place()
        row[0] = (seq, 10 * abs(seq), 7, seq * seq)
        assert np.frombuffer(buffer, dtype=np.int64, count=1, offset=offset)[0] == seq
        rows.keep()


def seqs_of(rows):
    return [int(row[0]) for block in rows.blocks() for row in block]


def files_of(folder):
    return sorted(path.name for path in folder.glob("rows-*.bin"))


def opened(rows, version=VERSION, width=WIDTH):
    return rows.open(version, width)


@pytest.mark.parametrize("n", [1, PER_SEGMENT - 1, PER_SEGMENT, PER_SEGMENT + 1, 5 * PER_SEGMENT + 3])
def test_rows_and_state_come_back_when_a_snapshot_was_taken(make, n):
    rows = make()
    assert opened(rows) == 0
    write(rows, range(1, n + 1))
    rows.snapshot(n, 0, b"state \x00\xff")
    again = make()
    assert opened(again) == n
    assert seqs_of(again) == list(range(1, n + 1))
    assert again.state() == b"state \x00\xff"


def test_rows_behind_the_snapshots_seq_do_not_come_back(make):
    rows = make()
    opened(rows)
    write(rows, [1, 2, 2, 2, 5])
    rows.snapshot(2, 0, b"")
    write(rows, range(6, 40))
    again = make()
    assert opened(again) == 2
    assert seqs_of(again) == [1, 2, 2, 2]
    write(again, [3, 4])
    again.snapshot(4, 0, b"")
    assert opened(make()) == 4


def test_a_taken_out_row_stands_at_the_place_of_its_entry(make):
    rows = make()
    opened(rows)
    write(rows, [1, 2, -3, 3, 4, -5, 5])
    rows.snapshot(4, 0, b"")
    again = make()
    assert opened(again) == 4
    assert seqs_of(again) == [1, 2, -3, 3, 4]


def test_a_later_snapshot_replaces_the_earlier_one(make):
    rows = make()
    opened(rows)
    for last in range(1, 30):
        write(rows, [last])
        rows.snapshot(last, 0, str(last).encode())
        again = make()
        assert opened(again) == last
        assert (seqs_of(again), again.state()) == (list(range(1, last + 1)), str(last).encode())


def test_whole_segments_go_when_all_their_rows_are_before_the_horizon(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, 4 * PER_SEGMENT + 2))
    rows.snapshot(4 * PER_SEGMENT + 1, 10 * (2 * PER_SEGMENT) - 1, b"")
    assert files_of(folder) == [f"rows-0000000{number}.bin" for number in (2, 3, 4, 5)]
    rows.snapshot(4 * PER_SEGMENT + 1, 10 * (2 * PER_SEGMENT), b"")
    assert files_of(folder) == [f"rows-0000000{number}.bin" for number in (3, 4, 5)]
    again = make()
    assert opened(again) == 4 * PER_SEGMENT + 1
    assert seqs_of(again) == list(range(2 * PER_SEGMENT + 1, 4 * PER_SEGMENT + 2))


def test_a_segment_stays_when_some_of_its_rows_are_not_committed(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, 3 * PER_SEGMENT + 1))
    rows.snapshot(PER_SEGMENT + 1, 1 << 60, b"")
    assert files_of(folder) == [f"rows-0000000{number}.bin" for number in (2, 3)]
    again = make()
    assert opened(again) == PER_SEGMENT + 1
    assert seqs_of(again) == [PER_SEGMENT + 1]


def test_the_newest_segment_stays_however_old_its_rows_are(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, PER_SEGMENT + 1))
    rows.snapshot(PER_SEGMENT, 1 << 60, b"")
    assert len(files_of(folder)) == 1
    write(rows, [PER_SEGMENT + 1])
    assert seqs_of(rows) == list(range(1, PER_SEGMENT + 2))


@pytest.mark.parametrize(
    ("version", "width", "options"),
    [
        ("v2", WIDTH, {}),
        (VERSION, WIDTH + 1, {}),
        (VERSION, WIDTH, {"mark": "other"}),
        (VERSION, WIDTH, {"segment_bytes": 2 * SEGMENT_BYTES}),
    ],
)
def test_nothing_comes_back_when_the_rows_are_of_another_make(make, folder, version, width, options):
    rows = make()
    opened(rows)
    write(rows, range(1, 20))
    rows.snapshot(19, 0, b"s")
    again = make(**options)
    assert opened(again, version, width) == 0
    assert (seqs_of(again), again.state(), files_of(folder)) == ([], b"", [])


def test_nothing_comes_back_when_the_format_is_another(make, monkeypatch):
    rows = make()
    opened(rows)
    write(rows, [1])
    rows.snapshot(1, 0, b"")
    monkeypatch.setattr(window_rows, "FORMAT", window_rows.FORMAT + 1)
    assert opened(make()) == 0


def test_no_change_of_a_byte_goes_unseen(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, PER_SEGMENT + 4))
    rows.snapshot(PER_SEGMENT + 3, 0, b"the state")
    content = {path: path.read_bytes() for path in folder.iterdir()}
    in_use = {"rows-00000001.bin": SEGMENT_BYTES, "rows-00000002.bin": 3 * WIDTH * 8}
    checked = 0
    for path, whole in content.items():
        for at in range(0, in_use.get(path.name, len(whole)), 7):
            for other, bytes_before in content.items():
                other.write_bytes(bytes_before)
            changed = bytearray(whole)
            changed[at] ^= 0x10
            path.write_bytes(changed)
            assert opened(make()) == 0, (path.name, at)
            checked += 1
    assert checked > 60


def test_no_cut_goes_unseen(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, PER_SEGMENT + 4))
    rows.snapshot(PER_SEGMENT + 3, 0, b"the state")
    content = {path: path.read_bytes() for path in folder.iterdir()}
    for path, whole in content.items():
        for keep in (0, 1, len(whole) // 2, len(whole) - 1, None):
            for other, bytes_before in content.items():
                other.write_bytes(bytes_before)
            if keep is None:
                path.unlink()
            else:
                path.write_bytes(whole[:keep])
            assert opened(make()) == 0, (path.name, keep)


def test_files_of_no_snapshot_are_removed(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, PER_SEGMENT + 1))
    rows.snapshot(PER_SEGMENT, 0, b"")
    write(rows, range(PER_SEGMENT + 1, 4 * PER_SEGMENT))
    (folder / "rows-00000099.bin").write_bytes(b"left by a crash")
    again = make()
    assert opened(again) == PER_SEGMENT
    assert files_of(folder) == ["rows-00000001.bin"]
    write(again, range(PER_SEGMENT + 1, 2 * PER_SEGMENT + 1))
    again.snapshot(2 * PER_SEGMENT, 0, b"")
    assert opened(make()) == 2 * PER_SEGMENT


def test_rows_may_be_written_again_after_a_failed_commit(make):
    rows = make()
    opened(rows)
    write(rows, range(1, PER_SEGMENT + 3))
    rows.snapshot(PER_SEGMENT + 2, 0, b"")
    write(rows, range(PER_SEGMENT + 3, 3 * PER_SEGMENT))  # These were never committed.
    assert opened(rows) == PER_SEGMENT + 2
    assert seqs_of(rows) == list(range(1, PER_SEGMENT + 3))
    for seq in range(PER_SEGMENT + 3, 3 * PER_SEGMENT):
        rows.place()[2][0] = (seq, 1, 1, 1)
        rows.keep()
    rows.snapshot(3 * PER_SEGMENT - 1, 0, b"")
    again = make()
    assert opened(again) == 3 * PER_SEGMENT - 1
    assert {int(row[1]) for block in again.blocks() for row in block if row[0] > PER_SEGMENT + 2} == {1}


@pytest.mark.parametrize("after", [0, 1, PER_SEGMENT - 1, PER_SEGMENT, PER_SEGMENT + 1, 2 * PER_SEGMENT, 99])
def test_cut_forgets_rows_with_a_greater_seq(make, after):
    rows = make()
    opened(rows)
    write(rows, range(1, 2 * PER_SEGMENT + 4))
    rows.snapshot(2 * PER_SEGMENT + 3, 0, b"")
    rows.cut(after)
    kept = min(after, 2 * PER_SEGMENT + 3)
    assert seqs_of(rows) == list(range(1, kept + 1))
    write(rows, [kept + 1])
    rows.snapshot(kept + 1, 0, b"")
    again = make()
    assert opened(again) == kept + 1
    assert seqs_of(again) == list(range(1, kept + 2))


def test_restart_forgets_all(make, folder):
    rows = make()
    opened(rows)
    write(rows, range(1, 30))
    rows.snapshot(29, 0, b"s")
    rows.restart("v2", 3)
    assert (seqs_of(rows), rows.state(), files_of(folder)) == ([], b"", [])
    rows.place()[2][0] = (1, 2, 3)
    rows.keep()
    rows.snapshot(1, 0, b"")
    assert opened(make(), "v2", 3) == 1


class Disk:
    """The calls that reach the disk, one of which fails."""

    def __init__(self, monkeypatch, number) -> None:
        self.number, self.left, self.calls = number, None, []
        for name in ("fdatasync", "fsync", "posix_fallocate"):
            monkeypatch.setattr(os, name, self._wrap(name, getattr(os, name)))
        monkeypatch.setattr("pathlib.Path.replace", self._wrap("replace", window_rows.os.replace))

    def _wrap(self, name, real):
        def call(*arguments):
            self.calls.append(name)
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise OSError(self.number, os.strerror(self.number))
            return real(*arguments)

        return call


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_the_earlier_snapshot_stays_when_one_fails_at_any_call(make, monkeypatch, number, folder, tmp_path):
    disk = Disk(monkeypatch, number)
    rows = make()
    opened(rows)
    write(rows, range(1, 20))
    rows.snapshot(19, 0, b"first")
    write(rows, range(20, 40))
    seen = []
    for allowed in range(20):
        disk.left = allowed
        with contextlib.suppress(StorageUnavailable):
            rows.snapshot(39, 0, b"second")
            disk.left = None
            break
        disk.left = None
        copy = tmp_path / f"copy{allowed}"
        shutil.copytree(folder, copy)
        again = WindowRows(copy, mark="m", segment_bytes=SEGMENT_BYTES)
        seen.append((opened(again), again.state()))
        assert seqs_of(again) == list(range(1, seen[-1][0] + 1))
    # Once the manifest has its name, only the folder's entry may still fail: then the new one is good already.
    assert seen == [(19, b"first")] * (len(seen) - 1) + [(39, b"second")]
    assert len(seen) >= 4
    again = make()
    assert (opened(again), again.state()) == (39, b"second")


def test_a_row_has_no_place_and_nothing_is_left_when_the_disk_is_full(make, monkeypatch, folder):
    disk = Disk(monkeypatch, errno.ENOSPC)
    rows = make()
    opened(rows)
    write(rows, range(1, PER_SEGMENT + 1))
    disk.left = 0
    with pytest.raises(StorageUnavailable):
        rows.place()
    assert len(files_of(folder)) == 1
    disk.left = None
    write(rows, [PER_SEGMENT + 1])
    assert seqs_of(rows) == list(range(1, PER_SEGMENT + 2))


def test_a_segment_has_its_blocks_when_it_is_made(make, folder):
    rows = make(segment_bytes=1 << 20)
    opened(rows)
    write(rows, [1])
    found = (folder / "rows-00000001.bin").stat()
    assert found.st_blocks * 512 >= found.st_size == 1 << 20


def test_the_engine_writes_rows_while_a_snapshot_is_under_way(make, monkeypatch):
    rows = make()
    opened(rows)
    write(rows, range(1, 20))
    inside, go_on = threading.Event(), threading.Event()
    real = os.fsync

    def slow(file) -> None:
        inside.set()
        assert go_on.wait(20)
        real(file)

    monkeypatch.setattr(os, "fsync", slow)
    thread = threading.Thread(target=rows.snapshot, args=(19, 0, b""))
    thread.start()
    assert inside.wait(20)
    write(rows, range(20, 60))  # It would hang here if a snapshot stopped the engine.
    go_on.set()
    thread.join(20)
    assert opened(make()) == 19
    assert seqs_of(rows) == list(range(1, 60))


def test_rows_are_not_opened_anew_while_a_snapshot_is_under_way(make, monkeypatch):
    rows = make()
    opened(rows)
    write(rows, range(1, 20))
    inside, go_on = threading.Event(), threading.Event()
    real = os.fsync

    def slow(file) -> None:
        inside.set()
        assert go_on.wait(20)
        real(file)

    monkeypatch.setattr(os, "fsync", slow)
    snapshot = threading.Thread(target=rows.snapshot, args=(19, 0, b""))
    snapshot.start()
    assert inside.wait(20)
    found = []
    opening = threading.Thread(target=lambda: found.append(opened(rows)))
    opening.start()
    opening.join(0.05)
    assert found == []
    go_on.set()
    opening.join(20)
    snapshot.join(20)
    assert found == [19]
    assert seqs_of(rows) == list(range(1, 20))


def test_the_folder_and_its_files_are_the_owners_alone(make, folder):
    rows = make()
    opened(rows)
    write(rows, [1])
    rows.snapshot(1, 0, b"")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "rows-00000001.bin").stat().st_mode & 0o777 == 0o600
