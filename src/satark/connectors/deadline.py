"""An end to every delivery: whatever the other side does, after so long its connection is cut.

Time-outs of sockets hold per operation; a receiver that answers one byte every few seconds would keep a thread for
hours. Here the connection is shut down from another thread, and whatever waits on it fails at once. One thread looks
after all deliveries of the process: a thread for each would cost more than the delivery.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

TICK_SECONDS = 0.05
"""How late a connection may be cut."""


class _HasSocket(Protocol):
    sock: socket.socket | None


class Deadline:
    """Cuts a connection when the time is over; a context manager around its use.

    Parameters
    ----------
    seconds
        From entering it.
    """

    def __init__(self, seconds: float) -> None:
        self._holder: _HasSocket | None = None
        self._lock = threading.Lock()
        self._seconds = seconds
        self.at = 0.0
        self.passed = False

    def guard(self, holder: _HasSocket) -> None:
        """Name what holds the connection; its `sock` is looked at when the time is over."""
        with self._lock:
            self._holder = holder

    def __enter__(self) -> Self:
        """Begin."""
        self.at = time.monotonic() + self._seconds
        _WATCH.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End in time."""
        _WATCH.remove(self)
        with self._lock:
            # A connection that is kept for the next delivery is none of ours any more.
            self._holder = None

    def cut(self) -> None:
        """Shut the connection down."""
        with self._lock:
            self.passed = True
            sock = None if self._holder is None else self._holder.sock
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class _Watch:
    """Looks at all deadlines that run, in a thread that sleeps while there is none."""

    def __init__(self) -> None:
        self._running: dict[int, Deadline] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self._lock:
            self._running[id(deadline)] = deadline
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="satark-deadlines", daemon=True)
                self._thread.start()
            self._some.set()

    def remove(self, deadline: Deadline) -> None:
        with self._lock:
            self._running.pop(id(deadline), None)
            if not self._running:
                self._some.clear()

    def _run(self) -> None:
        while True:
            self._some.wait()
            now = time.monotonic()
            with self._lock:
                over = [deadline for deadline in self._running.values() if deadline.at <= now]
                for deadline in over:
                    self._running.pop(id(deadline))
            for deadline in over:
                deadline.cut()
            time.sleep(TICK_SECONDS)


_WATCH = _Watch()
