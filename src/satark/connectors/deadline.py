"""An end to every delivery: whatever the other side does, after so long its connection is cut.

Time-outs of sockets hold per operation; a receiver that answers one byte every few seconds would keep a thread for
hours. Here the connection is shut down from another thread, and whatever waits on it fails at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType


class _HasSocket(Protocol):
    sock: socket.socket | None


class Deadline:
    """Cuts a connection when the time is over; a context manager around its use.

    Parameters
    ----------
    seconds
        From now.
    """

    def __init__(self, seconds: float) -> None:
        self._holder: _HasSocket | None = None
        self._lock = threading.Lock()
        self.passed = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def guard(self, holder: _HasSocket) -> None:
        """Name what holds the connection; its `sock` is looked at when the time is over."""
        with self._lock:
            self._holder = holder

    def __enter__(self) -> Self:
        """Begin."""
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End in time."""
        self._timer.cancel()

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            sock = None if self._holder is None else self._holder.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
