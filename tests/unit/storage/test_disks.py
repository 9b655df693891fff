"""Disks that are really full or really cannot be written, where they can be made."""

from __future__ import annotations

import os
import subprocess

import pytest

from satark.core.errors import FolderUnusable, StorageUnavailable
from satark.storage import FolderLock, open_storage


@pytest.fixture
def small_disk(tmp_path):
    """Return a file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder) -> None:
    """Take all the room that is left."""
    with (folder / "ballast").open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def _failure(work, *arguments, **options) -> StorageUnavailable | None:
    """Return the refusal of the storage, None when it worked."""
    try:
        work(*arguments, **options)
    except StorageUnavailable as error:
        return error
    return None


def test_nothing_is_lost_and_work_goes_on_when_the_disk_was_full(small_disk, entry):
    with open_storage(small_disk / "data") as storage:
        storage.events.append([entry(seq) for seq in range(1, 101)])
        _fill(small_disk)
        seq = 101
        error = None
        while error is None:
            error = _failure(storage.events.append, [entry(number) for number in range(seq, seq + 20)])
            seq += 0 if error else 20
        assert error.fields["certain"] is True
        assert storage.events.last_seq() == seq - 1
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                storage.events.append([entry(number) for number in range(seq, seq + 20)])
        assert any(_failure(storage.checkpoint) for _ in range(3))
        while not _failure(storage.lists.set, "full", "x" * 500, actor="system", note="y" * 2_000):
            pass
        assert [one.seq for one in storage.events.read(0)] == list(range(1, seq))
        assert storage.events.find(1, f"pay_{seq - 1}").seq == seq - 1
        (small_disk / "ballast").unlink()
        storage.events.append([entry(number) for number in range(seq, seq + 20)])
        storage.checkpoint()
        storage.checkpoint()
        assert storage.audit.verify().ok
    with open_storage(small_disk / "data") as storage:
        assert [one.seq for one in storage.events.read(0)] == list(range(1, seq + 20))
        assert storage.audit.verify().ok


def test_backup_says_so_when_there_is_no_room_for_it(small_disk, tmp_path, entry, opened):
    storage = opened()
    storage.events.append([entry(seq) for seq in range(1, 101)])
    _fill(small_disk)
    with pytest.raises((StorageUnavailable, FolderUnusable)):
        storage.backup(small_disk / "backup")
    assert not (small_disk / "backup" / "manifest.json").exists()
    (small_disk / "ballast").unlink()
    storage.backup(small_disk / "again")


def test_folder_is_unusable_when_its_file_system_is_read_only(small_disk, entry):
    with open_storage(small_disk / "data") as storage:
        storage.events.append([entry(1)])
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(FolderUnusable, match="Read-only"):
        open_storage(small_disk / "data")
    with pytest.raises(FolderUnusable, match="Read-only"):
        FolderLock(small_disk / "data").acquire()


def test_probe_tells_whether_the_disk_takes_a_batch(small_disk, entry):
    with open_storage(small_disk / "data") as storage:
        storage.events.append([entry(1)])
        storage.events.probe()
        _fill(small_disk)
        assert _failure(storage.events.probe) is not None
        (small_disk / "ballast").unlink()
        storage.events.probe()
        storage.events.append([entry(2)])
