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
        How long it may take.
    """

    __slots__ = ("_heard", "_mailbox", "_timer")

    def __init__(self, mailbox: Mailbox, heard: Callable[[Outcome | None], None], seconds: float) -> None:
        self._mailbox = mailbox
        self._heard: Callable[[Outcome | None], None] | None = heard
        self._timer = mailbox.loop.call_later(seconds, self.resolve, None)
        mailbox.waiting += 1

    def __call__(self, outcome: Outcome) -> None:
        """Deliver the outcome; a second one, or one after the deadline, is dropped."""
        self._mailbox.post(self, outcome)

    def resolve(self, outcome: Outcome | None) -> None:
        """Tell the outcome; only in the loop's thread."""
        heard, self._heard = self._heard, None
        if heard is not None:
            self._mailbox.waiting -= 1
            self._timer.cancel()
            heard(outcome)

    def drop(self) -> None:
        """Expect nothing any more: the event was not taken."""
        if self._heard is not None:
            self._heard = None
            self._mailbox.waiting -= 1
            self._timer.cancel()


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
