"""The order to stop, as SIGINT or SIGTERM brings it.

A handler of signals runs in between whatever the main thread does, also inside another handler. It must not take a lock
that the thread may hold already: `threading.Event.set` does, and a second signal at the wrong moment then hangs the
process for good. What is used here can be called at any moment.
"""

from __future__ import annotations

import contextlib
import signal
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOrder:
    """Listens for the order while it is entered; from the main thread."""

    def __init__(self) -> None:
        self._given = False
        self._told: SimpleQueue[None] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Listen."""
        self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def given(self) -> bool:
        """Return whether the order was given."""
        return self._given

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the order, however long or so many seconds; return whether it was given."""
        if not self._given:
            with contextlib.suppress(Empty):
                self._told.get(timeout=seconds)
        return self._given

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._given = True
        self._told.put(None)
