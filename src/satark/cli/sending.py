"""The simulated stream's way to a server: the typed client, waiting where a server is busy or starting."""

from __future__ import annotations

import functools
import itertools
import time
from collections import Counter
from typing import TYPE_CHECKING, Self, TypeVar

from satark.client import Answer, Client
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import DeadlineExceeded
from satark.events import Payment, occurred_us
from satark.payments.simulation.pacing import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from satark.core.clock import Clock
    from satark.events import Event

CALL_SECONDS = 10.0
MAX_SILENCE_SECONDS = 60.0
RETRY_SECONDS = 1.0
PAST_BATCH = 500
MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND

T = TypeVar("T")


def send_past(
    events: Iterator[Event],
    sender: ClientSender,
    minutes: int,
    clock: Clock,
    stopped: Callable[[], bool],
) -> tuple[int, Iterator[Event]]:
    """Send the first minutes of a stream at once, with times that end now; return how many, and the rest.

    Whoever looks then finds windows that know something, and decisions to look at.
    """
    first = next(events, None)
    if first is None or not minutes:
        return 0, events if first is None else itertools.chain([first], events)
    shift_us = clock.now_us() - occurred_us(first) - minutes * MICROS_PER_MINUTE
    sent = 0
    rest = itertools.chain([first], events)
    while not stopped():
        batch = list(itertools.islice(rest, PAST_BATCH))
        due = [event for event in batch if occurred_us(event) + shift_us <= clock.now_us()]
        sender.send([moved(event, shift_us) for event in due])
        sent += len(due)
        if len(due) < len(batch) or not batch:
            return sent, itertools.chain(batch[len(due) :], rest)
    return sent, rest


class ClientSender:
    """Sends events in order over one connection.

    Parameters
    ----------
    address, key
        Of the server.
    stopped
        True ends waiting for a silent server.

    Attributes
    ----------
    decided, actions
        How many payments were answered, and by which actions.
    progress
        Called with the number of events sent so far.
    """

    def __init__(self, address: str, key: str, *, stopped: Callable[[], bool]) -> None:
        self._client = Client(address, key, timeout_seconds=CALL_SECONDS)
        self._stopped = stopped
        self._sent = 0
        self.decided = 0
        self.actions: Counter[str] = Counter()
        self.progress: Callable[[int], None] = lambda _sent: None

    def send(self, events: Sequence[Event]) -> None:
        """Deliver events; runs of payments go as one batch.

        Raises
        ------
        DeadlineExceeded
            The server said nothing for a minute.
        SatarkError
            The server refused an event, or the key.
        """
        run: list[Payment] = []
        for event in events:
            if isinstance(event, Payment):
                run.append(event)
                continue
            self._decide(run)
            run = []
            self._patiently(functools.partial(self._client.send, event))
            self._count(1)
        self._decide(run)

    def summary(self) -> str:
        """Return the actions so far, for people."""
        return ", ".join(f"{count:,} {action}" for action, count in self.actions.most_common()) or "nothing"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._client.close()

    def _decide(self, payments: list[Payment]) -> None:
        if not payments:
            return
        answers = self._patiently(lambda: self._answers(payments))
        for answer in answers or ():
            self.decided += 1
            self.actions[answer.action] += 1
        self._count(len(payments))

    def _answers(self, payments: list[Payment]) -> list[Answer]:
        """Return a decision for each payment; asking again gives stored answers, so all or none is safe."""
        if len(payments) == 1:
            answers = [self._client.decide(payments[0], deadline_ms=int(CALL_SECONDS * 500))]
        else:
            answers = []
            for answer in self._client.decide_batch(payments, deadline_ms=int(CALL_SECONDS * 500)):
                if not isinstance(answer, Answer):
                    raise answer
                answers.append(answer)
        if not all(answer.answered for answer in answers):
            message = "the server does not answer"
            raise DeadlineExceeded(message)
        return answers

    def _patiently(self, call: Callable[[], T]) -> T | None:
        """Call until there is an answer; None when told to stop meanwhile."""
        limit = time.monotonic() + MAX_SILENCE_SECONDS
        while True:
            try:
                return call()
            except DeadlineExceeded:
                if self._stopped():
                    return None
                if time.monotonic() > limit:
                    raise
                time.sleep(RETRY_SECONDS)

    def _count(self, sent: int) -> None:
        self._sent += sent
        self.progress(self._sent)
