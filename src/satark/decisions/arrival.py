"""An event between the door and its commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import FutureEvent
from satark.decisions.ports import FLAG_LATE, LogEntry
from satark.events.kinds import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.decisions.answers import Outcome
    from satark.decisions.model import Decision
    from satark.events import Event


@dataclass(slots=True)
class Arrival:
    """An event that has passed the door; not frozen, which would cost a microsecond of each decision."""

    event: Event
    owner: int
    body: bytes
    digest: bytes
    occurred_us: int
    arrived_us: int
    late: bool
    seq: int
    started_ns: int


def not_future_or_raise(event: Event, occurred_us: int, now_us: int, allowed_us: int) -> None:
    """Refuse an event from the future: one bad clock must not make all others late (DESIGN 5a, late)."""
    if occurred_us > now_us + allowed_us:
        field = "reported_at" if isinstance(event, Label) else "occurred_at"
        message = f"the event is more than {allowed_us // MICROS_PER_SECOND} seconds in the future"
        raise FutureEvent(message, field=field, expected="not in the future", found="datetime")


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
