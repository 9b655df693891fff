"""Connections to receivers that are kept for the next delivery.

A new connection costs a way to the receiver and back, with TLS two or three, so a receiver that gets a thousand events
a second is written to over a few connections again and again. A kept connection is given up soon: a receiver may close
its side at any moment, and an event that is sent into a closing connection is in doubt. Before one is used again it is
looked at, and one with anything to be read (an end, or an answer to nothing) is thrown away.
"""

from __future__ import annotations

import contextlib
import select
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

IDLE_SECONDS = 1.0
"""Shorter than any usual server keeps a silent connection (two seconds and more)."""
AGE_SECONDS = 30.0
"""After so long the receiver's name is looked up and its addresses are checked again."""
MOST_KEPT = 16
"""Silent connections to one receiver."""


class Connection(Protocol):
    """What can be kept."""

    @property
    def sock(self) -> socket.socket | None: ...  # noqa: D102

    def close(self) -> None:
        """Close it."""


C = TypeVar("C", bound=Connection)


class Kept(Generic[C]):
    """Silent connections by receiver; callable from several threads.

    Parameters
    ----------
    ticks
        Seconds that only go forward.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._silent: dict[tuple[object, ...], list[tuple[float, float, C]]] = {}

    def take(self, receiver: tuple[object, ...]) -> tuple[C, float] | None:
        """Return a connection to a receiver that can be used, and when it was made; None when there is none."""
        while True:
            with self._lock:
                silent = self._silent.get(receiver)
                if not silent:
                    return None
                since, made, connection = silent.pop()
                if not silent:
                    del self._silent[receiver]
            now = self._ticks()
            if now - since < IDLE_SECONDS and now - made < AGE_SECONDS and _is_silent(connection.sock):
                return connection, made
            _close(connection)

    def give(self, receiver: tuple[object, ...], connection: C, made: float) -> None:
        """Keep a connection whose answer was read to its end."""
        now = self._ticks()
        stale: list[C] = []
        with self._lock:
            for key, silent in list(self._silent.items()):
                good = [one for one in silent if now - one[0] < IDLE_SECONDS]
                stale += [one[2] for one in silent if now - one[0] >= IDLE_SECONDS]
                if good:
                    self._silent[key] = good
                else:
                    del self._silent[key]
            mine = self._silent.setdefault(receiver, [])
            if len(mine) < MOST_KEPT:
                mine.append((now, made, connection))
            else:
                stale.append(connection)
        for one in stale:
            _close(one)

    def now(self) -> float:
        """Return the time by which connections are kept."""
        return self._ticks()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            silent, self._silent = self._silent, {}
        for many in silent.values():
            for _, _, connection in many:
                _close(connection)


def _is_silent(sock: socket.socket | None) -> bool:
    """Tell whether the other side has neither said anything nor closed."""
    if sock is None:
        return False
    try:
        readable, _, _ = select.select([sock], [], [], 0)
    except (OSError, ValueError):
        return False
    return not readable


def _close(connection: Connection) -> None:
    with contextlib.suppress(OSError):
        connection.close()
