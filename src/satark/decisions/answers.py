"""What the engine gives back: outcomes, receipts and stored answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.errors import IdConflict
from satark.decisions.ports import FLAG_LATE, FLAG_PARKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from satark.decisions.ports import LogEntry

Order = tuple[bytes, int, "Callable[[Outcome], None]", "str | None"]
"""An event to accept: the JSON, whose ids these are, who is told, and the one type that is welcome."""

_ENCODER = msgspec.json.Encoder()


class Outcome(msgspec.Struct, frozen=True):
    """What became of a submitted event.

    Attributes
    ----------
    status
        200 for a durable answer, 0 for an error (the edge maps the error to its own statuses).
    body
        The JSON to give back: a decision, or a receipt for an event that is not decided.
    decision
        Set when it was decided just now.
    error
        Set when nothing was accepted.
    repeated
        The same id and body came before; this is the stored answer.
    """

    status: int
    body: bytes
    decision: Any = None
    error: Any = None
    repeated: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """The answer to an event that is not decided."""

    id: str
    type: str
    seq: int
    late: bool = False
    parked: bool = False


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the engine decides now, and if not, why not."""

    ready: bool
    reasons: tuple[str, ...] = ()


def receipt(entry: LogEntry) -> bytes:
    """Return the encoded receipt of an event that is not decided."""
    return _ENCODER.encode(
        Receipt(
            entry.event_id,
            entry.kind,
            entry.seq,
            late=bool(entry.flags & FLAG_LATE),
            parked=bool(entry.flags & FLAG_PARKED),
        )
    )


def same_or_raise(entry: LogEntry, digest: bytes) -> None:
    """Refuse an id that was used before with another body (DESIGN 5a, same id)."""
    if entry.digest != digest:
        message = "this id was used before with another body"
        raise IdConflict(message, field="id")


def stored_answer(entry: LogEntry) -> bytes:
    """Return the answer that a log entry stands for."""
    if entry.decision is not None:
        return entry.decision
    return receipt(entry)


def tell(listeners: Iterable[Callable[[Outcome], None]], outcome: Outcome) -> int:
    """Give an outcome to all who wait for it; return how many could not take it.

    One whose connection or loop is gone must not keep the others from their answers.
    """
    unheard = 0
    for done in listeners:
        try:
            done(outcome)
        except Exception:  # noqa: BLE001 - what stands behind a callback is not known here
            unheard += 1
    return unheard
