"""One engine per data folder: a lock that the operating system drops by itself when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets as random
from typing import TYPE_CHECKING, Self

from satark.core.errors import FolderLocked, FolderUnusable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

LOCK_NAME = "lock"


class FolderLock:
    """The right to run the engine on a data folder.

    Taken by the process that owns the windows; pages and commands work beside it without. Under another name it is
    the right to be the folder's one worker.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder, FolderLock(pathlib.Path(folder)) as lock:
    ...     lock.held
    True
    """

    def __init__(self, folder: Path, *, name: str = LOCK_NAME) -> None:
        self._folder = folder
        self._name = name
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle is not None

    def acquire(self) -> None:
        """Take the lock, making the folder when it is missing.

        Raises
        ------
        FolderLocked
            Another process holds it; ``pid`` names that process where it is known.
        FolderUnusable
            The folder cannot be made or written.
        """
        if self.held:
            return
        make_folder(self._folder)
        path = self._folder / self._name
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"the data folder cannot be used: {error.strerror}"
            raise FolderUnusable(message, path=str(self._folder)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid_in(handle)
            os.close(handle)
            who = f"process {pid}" if pid else "another process"
            message = f"the data folder is in use by {who}"
            raise FolderLocked(message, path=str(self._folder), pid=pid) from None
        except OSError as error:
            os.close(handle)
            message = f"the data folder cannot be locked: {error.strerror}"
            raise FolderUnusable(message, path=str(self._folder)) from error
        # The number only makes the refusal clearer; on a full disk the lock itself still holds.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would let two processes lock two files."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        """Take the lock."""
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back."""
        self.release()


def holder_of(folder: Path) -> int | None:
    """Return the process that runs the engine on a folder, None when nobody does (or it left no number)."""
    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(handle)
    else:
        return None
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a data folder that its owner alone can read, and prove that it can be written.

    Raises
    ------
    FolderUnusable
        It cannot.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{random.token_hex(8)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        message = f"the data folder cannot be used: {error.strerror}"
        raise FolderUnusable(message, path=str(folder)) from error


def _pid_in(handle: int) -> int | None:
    """Read the number in a lock file."""
    try:
        text = os.pread(handle, 32, 0).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
