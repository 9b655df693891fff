"""Requests and answers as bytes, shared by both clients; nothing here touches the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from satark.client.model import Answer, BatchBody, BatchItem, Problem, error_of
from satark.core.errors import DeadlineExceeded, SatarkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.decisions.model import Decision
    from satark.events import Label, PayeeChange, Payment, PaymentResult

    AnyEvent = Payment | PaymentResult | PayeeChange | Label | Mapping[str, Any] | bytes

DECISIONS = "/v1/decisions"
BATCH = "/v1/decisions/batch"
LABELS = "/v1/labels"
EVENTS = "/v1/events"
ACTIONS = ("allow", "challenge", "hold", "block")
MAX_BATCH = 1_000

T = TypeVar("T")


def headers_of(key: str) -> dict[str, str]:
    """Return the headers of every request."""
    return {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "accept": "application/json, application/problem+json",
        "user-agent": "satark-client",
    }


def check_action(action: str) -> str:
    """Return the action if it is one, else raise ValueError."""
    if action not in ACTIONS:
        message = f"on_no_answer must be one of {', '.join(ACTIONS)}, not {action!r}"
        raise ValueError(message)
    return action


def encode_event(event: AnyEvent) -> bytes:
    """Return the JSON text of an event; made once per call, so that each attempt sends the same bytes."""
    return event if isinstance(event, bytes) else msgspec.json.encode(event)


def encode_batch(events: Sequence[AnyEvent]) -> bytes:
    """Return the JSON text of a batch."""
    if not 1 <= len(events) <= MAX_BATCH:
        message = f"a batch holds 1 to {MAX_BATCH} events, not {len(events)}"
        raise ValueError(message)
    return b'{"events":[' + b",".join(map(encode_event, events)) + b"]}"


def query_of(deadline_ms: int | None) -> dict[str, str]:
    """Return the query of a request with this deadline."""
    return {} if deadline_ms is None else {"deadline_ms": str(deadline_ms)}


def path_of(event_id: str) -> str:
    """Return the address of one decision; any id may stand in a path when quoted."""
    return f"{DECISIONS}/{quote(event_id, safe='')}"


def decode(body: bytes, shape: type[T]) -> T:
    """Return the body of a good answer in its shape.

    Raises
    ------
    SatarkError
        Whoever answered is no Satark server.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise SatarkError("The answer is not one of Satark's; is the address right?") from None


def refusal(status: int, body: bytes) -> SatarkError:
    """Return the error of an answer with a status of 400 or more."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = Problem(status=status, detail=f"The server answered {status} without saying why.")
    return error_of(problem)


def no_answer(attempts: int, last: str) -> DeadlineExceeded:
    """Return the error of a call that got no answer; what a decision's `on_no_answer` stands in for."""
    return DeadlineExceeded(
        f"No answer came after {attempts} attempts; the last said: {last}.", attempts=attempts
    )


def answer_of(decision: Decision, attempts: int) -> Answer:
    """Return a decision as an answer."""
    return Answer(action=decision.action, decision=decision, attempts=attempts)


def answers_of(body: bytes, events: int, on_no_answer: str, attempts: int) -> list[Answer | SatarkError]:
    """Return the answers of a batch in order; a refused event has its error in its place."""
    results = decode(body, BatchBody).results
    if len(results) != events:
        raise SatarkError("The batch's answer does not have one result per event.")
    return [_item(item, on_no_answer, attempts) for item in results]


def _item(item: BatchItem, on_no_answer: str, attempts: int) -> Answer | SatarkError:
    if item.decision is not None:
        return answer_of(item.decision, attempts)
    error = error_of(item.problem or Problem(status=item.status, detail="No result."))
    if item.status in (503, 504):
        return Answer(action=on_no_answer, attempts=attempts)
    return error
