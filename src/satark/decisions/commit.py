"""Group commit: decided events wait here for their durable write, many sharing one.

One thread takes all that is waiting, appends it to the log in one transaction, and then lets every answer go. An
answer is given only after its commit; if the commit fails, none of the waiting answers is given (DESIGN 5a, order and
commit).
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING, Protocol

from satark.core.errors import SatarkError, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.decisions.ports import EventLog, LogEntry

MANY = 8
"""A batch of so many shows that the engine is busy, and that the next may wait longer than usual."""
MOST_WAITS = 2.5
MAX_BATCH = 2_000


class Waiting(Protocol):
    """A decided event whose answer is held back."""

    entry: LogEntry


class _Mark:
    """A mark in the queue: behind `_POISON` the windows are wrong, behind `_STOP` nothing comes."""

    entry: LogEntry


class _Together(_Mark):
    """Entries that are written in one transaction or not at all."""

    def __init__(self, waiting: Sequence[Waiting]) -> None:
        self.waiting = waiting


_POISON = _Mark()
_STOP = _Mark()


def crowd_of(batch: int) -> float:
    """Return how many times the usual wait is worth its while after a batch of this size.

    Examples
    --------
    >>> crowd_of(1), crowd_of(2), crowd_of(12), crowd_of(100)
    (0.0, 1.0, 1.5, 2.5)
    """
    return 0.0 if batch <= 1 else min(max(batch / MANY, 1.0), MOST_WAITS)


class Committer:
    """Owns the thread that writes the log.

    Parameters
    ----------
    log
        Where entries go.
    committed
        Called in the committer's thread with each durable batch.
    failed
        Called in the committer's thread with everything that was waiting when a commit failed, and why; it returns
        when appending makes sense again.
    wait_us
        How long a batch may wait for more to share its write.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        committed: Callable[[Sequence[Waiting]], None],
        failed: Callable[[Sequence[Waiting], SatarkError], None],
        wait_us: int = 0,
    ) -> None:
        self._log = log
        self._committed = committed
        self._failed = failed
        self._wait_seconds = wait_us / 1_000_000
        self._queue: SimpleQueue[Waiting] = SimpleQueue()
        self._stopped = False
        self._poison: SatarkError = StorageUnavailable("the windows are rebuilt")
        self._thread = threading.Thread(target=self._run, name="satark-commit", daemon=True)
        self.batches = 0
        self.entries = 0
        self.last_commit_us = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def fail_after(self, error: SatarkError) -> None:
        """Write what is queued so far, then call `failed`: the windows are known to be wrong."""
        self._poison = error
        self._queue.put(_POISON)

    def put(self, waiting: Waiting) -> None:
        """Queue an event; from the engine's thread, in log order."""
        self._queue.put(waiting)

    def put_together(self, waiting: Sequence[Waiting]) -> None:
        """Queue entries that must all be durable, or none of them."""
        self._queue.put(_Together(waiting))

    @property
    def depth(self) -> int:
        """How many events wait."""
        return self._queue.qsize()

    def stop(self, timeout: float) -> bool:
        """Write all that was accepted, then stop; False when that took longer than `timeout` seconds."""
        self._queue.put(_STOP)
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def take_all(self) -> list[Waiting]:
        """Empty the queue; only while the thread is inside `failed`."""
        taken: list[Waiting] = []
        while self._queue.qsize():
            waiting = self._queue.get()
            if waiting is _STOP:
                self._stopped = True
            elif isinstance(waiting, _Together):
                taken.extend(waiting.waiting)
            elif waiting is not _POISON:
                taken.append(waiting)
        return taken

    def _run(self) -> None:
        queue = self._queue
        wait_seconds = 0.0
        while not self._stopped:
            batch: list[Waiting] = []
            poisoned = False
            waiting = queue.get()
            if wait_seconds:
                sleep(wait_seconds)
            while True:
                if waiting is _POISON:
                    poisoned = True
                elif waiting is _STOP:
                    self._stopped = True
                elif type(waiting) is _Together:
                    batch.extend(waiting.waiting)
                else:
                    batch.append(waiting)
                if poisoned or self._stopped or len(batch) >= MAX_BATCH or not queue.qsize():
                    break
                waiting = queue.get()
            # Alone, an event is written at once; among others it waits, since each commit costs the deciding thread
            # several changes of the interpreter's lock: at 48 callers waiting 2 ms made 70% more decisions a second,
            # and up to 5 ms another 15%.
            wait_seconds = self._wait_seconds * crowd_of(len(batch))
            if batch and not self._write(batch):
                continue
            if poisoned:
                self._failed([], self._poison)

    def _write(self, batch: list[Waiting]) -> bool:
        started = perf_counter_ns()
        try:
            self._log.append([waiting.entry for waiting in batch])
        except SatarkError as error:
            self._failed(batch, error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever fails here, nothing may be answered as durable
            self._failed(batch, StorageUnavailable(f"the log could not be written ({type(error).__name__})"))
            return False
        self.last_commit_us = (perf_counter_ns() - started) // 1000
        self.batches += 1
        self.entries += len(batch)
        self._committed(batch)
        return True
