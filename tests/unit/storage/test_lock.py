from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import textwrap

import pytest

from satark.core.errors import FolderLocked, FolderUnusable
from satark.storage import FolderLock, holder_of


def test_second_lock_names_the_holder_when_the_folder_is_in_use(tmp_path):
    with FolderLock(tmp_path / "data") as lock:
        assert lock.held
        assert holder_of(tmp_path / "data") == os.getpid()
        with pytest.raises(FolderLocked) as caught:
            FolderLock(tmp_path / "data").acquire()
        assert caught.value.fields["pid"] == os.getpid()
        assert str(os.getpid()) in caught.value.message
        lock.acquire()
    assert not lock.held
    assert holder_of(tmp_path / "data") is None
    with FolderLock(tmp_path / "data"):
        pass


def test_lock_is_free_when_its_holder_was_killed(tmp_path):
    program = textwrap.dedent("""
        import pathlib, sys, time
        from satark.storage.lock import FolderLock
        FolderLock(pathlib.Path(sys.argv[1])).acquire()
        print("held", flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"held\n"
        assert holder_of(tmp_path) == child.pid
        with pytest.raises(FolderLocked) as caught:
            FolderLock(tmp_path).acquire()
        assert caught.value.fields["pid"] == child.pid
        child.kill()
        child.wait()
    with FolderLock(tmp_path):
        assert holder_of(tmp_path) == os.getpid()


def test_refusal_is_clear_when_the_holder_left_no_number(tmp_path):
    handle = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(FolderLocked, match="another process") as caught:
        FolderLock(tmp_path).acquire()
    assert caught.value.fields["pid"] is None
    os.close(handle)


def test_folder_is_unusable_when_it_is_a_file_or_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable):
        FolderLock(tmp_path / "file").acquire()
    with pytest.raises(FolderUnusable):
        FolderLock(tmp_path / "file" / "below").acquire()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(FolderUnusable, match="Permission denied"):
        FolderLock(tmp_path / "data").acquire()
