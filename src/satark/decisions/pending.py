"""What was accepted and is not durable yet: where a concurrent duplicate finds the first, and waits with it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from satark.decisions.answers import same_or_raise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from satark.decisions.answers import Outcome
    from satark.decisions.arrival import Accepted
    from satark.decisions.ports import LogEntry


class Pending:
    """Accepted events by owner and id; filled by the thread that decides, emptied by the one that commits."""

    __slots__ = ("_by_id", "_lock")

    def __init__(self) -> None:
        self._by_id: dict[tuple[int, str], Accepted] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._by_id)

    def add(self, accepted: Accepted) -> None:
        """Let an accepted event be found."""
        entry = accepted.entry
        self._by_id[entry.owner, entry.event_id] = accepted

    def join(self, owner: int, event_id: str, digest: bytes, done: Callable[[Outcome], None]) -> bool:
        """Wait together with the first of the same id; False when there is none (any more).

        Raises
        ------
        IdConflict
            The first has another body.
        """
        waiting = self._by_id.get((owner, event_id))
        if waiting is None:
            return False
        same_or_raise(waiting.entry, digest)
        with self._lock:
            if (owner, event_id) not in self._by_id:
                return False
            waiting.done.append(done)
            return True

    def about(self, owner: int, payment_id: str) -> list[LogEntry]:
        """Return the entries of a payment, and of what was said about it."""
        with self._lock:
            entries = [accepted.entry for accepted in self._by_id.values()]
        return [
            entry for entry in entries if entry.owner == owner and payment_id in {entry.ref, entry.event_id}
        ]

    def after(self, seq: int) -> list[LogEntry]:
        """Return the entries behind a place in the log, in order."""
        with self._lock:
            entries = [accepted.entry for accepted in self._by_id.values()]
        return sorted((entry for entry in entries if entry.seq > seq), key=lambda entry: entry.seq)

    def remove(self, batch: Iterable[Any]) -> None:
        """Let go of what was committed or turned away; from here on nobody joins it."""
        with self._lock:
            for waiting in batch:
                self._by_id.pop((waiting.entry.owner, waiting.entry.event_id), None)
