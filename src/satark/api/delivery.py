"""The hand-over of outcomes from the thread that commits to the event loop.

The engine calls `done` once per event, from its committer thread, for a whole batch in a row. Waking the
loop is a system call, so only the first outcome of a batch does it; the others find the loop already called
and just queue up.
"""

from __future__ import annotations

from collections import deque
from threading import get_ident
from typing import TYPE_CHECKING

from satark.core.errors import DeadlineExceeded

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from satark.api.ports import Outcome


TICKS_PER_SECOND = 100
TOO_LATE = "No durable answer came within the deadline; ask again with the same id."


class Slip:
    """One awaited outcome; call it from any thread to deliver."""

    __slots__ = ("_mailbox", "future")

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.future: asyncio.Future[Outcome] = mailbox.loop.create_future()

    def __call__(self, outcome: Outcome) -> None:
        """Deliver the outcome; a second one, or one after the deadline, is dropped."""
        self._mailbox.post(self, outcome)

    def resolve(self, outcome: Outcome) -> None:
        """Settle the future; only in the loop's thread."""
        if not self.future.done():
            self.future.set_result(outcome)

    def expire(self) -> None:
        """Give up waiting; the engine may still decide, and the same id will then find the stored answer."""
        if not self.future.done():
            self.future.set_exception(DeadlineExceeded(TOO_LATE))


class Callback:
    """One awaited outcome that is told to a function, without a future or a task; call it from any thread.

    Parameters
    ----------
    mailbox
        Of the running loop.
    heard
        Called once in the loop's thread, with the outcome, or with None when the deadline is over.
    seconds
        How long it may take, to a hundredth of a second.
    """

    __slots__ = ("_heard", "_mailbox")

    def __init__(self, mailbox: Mailbox, heard: Callable[[Outcome | None], None], seconds: float) -> None:
        self._mailbox = mailbox
        self._heard: Callable[[Outcome | None], None] | None = heard
        mailbox.waiting += 1
        mailbox.expire_after(seconds, self)

    def __call__(self, outcome: Outcome) -> None:
        """Deliver the outcome; a second one, or one after the deadline, is dropped."""
        self._mailbox.post(self, outcome)

    def resolve(self, outcome: Outcome | None) -> None:
        """Tell the outcome; only in the loop's thread."""
        heard, self._heard = self._heard, None
        if heard is not None:
            self._mailbox.waiting -= 1
            heard(outcome)


class Mailbox:
    """Collects outcomes for one event loop.

    Attributes
    ----------
    loop
        The loop that serves the requests.
    waiting
        How many requests wait for an outcome.
    wakes
        How often another thread had to wake the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting = 0
        self.wakes = 0
        self._letters: deque[tuple[Slip | Callback, Outcome]] = deque()
        self._called = False
        self._thread = get_ident()
        self._due: dict[int, list[Callback]] = {}

    def slip(self) -> Slip:
        """Return a slip for one event; to be handed to the engine as `done`."""
        return Slip(self)

    async def wait(self, slip: Slip, seconds: float) -> Outcome:
        """Return the outcome.

        Raises
        ------
        DeadlineExceeded
            None came in time.
        """
        future = slip.future
        if future.done():
            return future.result()
        timer = self.loop.call_later(seconds, slip.expire)
        self.waiting += 1
        try:
            return await future
        finally:
            self.waiting -= 1
            timer.cancel()

    def expire_after(self, seconds: float, callback: Callback) -> None:
        """Tell a callback that its time is over, if it still waits then.

        A timer for each would cost 5 µs of every decision, to be cancelled nearly always. Those that end in the same
        hundredth of a second share one.
        """
        tick = int((self.loop.time() + seconds) * TICKS_PER_SECOND) + 1
        waiting = self._due.get(tick)
        if waiting is None:
            waiting = self._due[tick] = []
            self.loop.call_at(tick / TICKS_PER_SECOND, self._expire, tick)
        waiting.append(callback)

    def _expire(self, tick: int) -> None:
        for callback in self._due.pop(tick):
            callback.resolve(None)

    def post(self, slip: Slip | Callback, outcome: Outcome) -> None:
        """Deliver from any thread."""
        if get_ident() == self._thread:
            slip.resolve(outcome)
            return
        # The order matters: the letter is queued before the flag is read, and `_drain` lowers the flag
        # before it reads the queue, so no letter can be left behind.
        self._letters.append((slip, outcome))
        if not self._called:
            self._called = True
            try:
                self.loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._letters.clear()
                return
            self.wakes += 1

    def _drain(self) -> None:
        self._called = False
        letters = self._letters
        while letters:
            slip, outcome = letters.popleft()
            slip.resolve(outcome)
