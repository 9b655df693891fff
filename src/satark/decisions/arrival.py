"""An event between the door and its commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.decisions.ports import FLAG_LATE, LogEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.decisions.answers import Outcome
    from satark.decisions.model import Decision
    from satark.events import Event


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that has passed the door."""

    event: Event
    owner: int
    body: bytes
    digest: bytes
    occurred_us: int
    arrived_us: int
    late: bool
    seq: int
    started_ns: int


@dataclass(slots=True)
class Accepted:
    """One accepted event whose answer waits for its commit."""

    entry: LogEntry
    body: bytes
    decision: Decision | None
    done: list[Callable[[Outcome], None]]


def entry_of(
    arrival: Arrival,
    kind: str,
    *,
    flags: int = 0,
    ref: str = "",
    decision: bytes | None = None,
    features: bytes | None = None,
) -> LogEntry:
    """Return the line of the log that an arrival becomes."""
    return LogEntry(
        arrival.seq,
        arrival.owner,
        arrival.event.id,
        kind,
        arrival.occurred_us,
        arrival.arrived_us,
        flags | (FLAG_LATE if arrival.late else 0),
        ref,
        arrival.digest,
        arrival.body,
        decision,
        features,
    )
