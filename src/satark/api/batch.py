"""POST /v1/decisions/batch: up to a thousand payments, decided in their order, each with its own status.

The body is cut into its events without decoding them; each event then takes the same way as a single one.
After a few events the loop serves others, so a batch never holds up the hot route for long, and its own
order stands because one coroutine hands in all its events.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import msgspec

from satark.api.asgi import (
    Gone,
    Receive,
    Scope,
    Send,
    check_json,
    deadline_of,
    read_body,
    request_id_of,
    send_json,
    send_problem,
)
from satark.api.errors import InternalError
from satark.api.faults import log_fault
from satark.api.problems import encode_problem, line_of, problem_of
from satark.core.errors import BodyTooLarge, InvalidEvent, SatarkError

if TYPE_CHECKING:
    from satark.api.auth import Caller
    from satark.api.delivery import Mailbox, Slip
    from satark.api.hot import Desk
    from satark.api.ports import Outcome

_CLIENT_CLOSED = 499
_NAME = "/v1/decisions/batch"


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    events: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


_DECODER = msgspec.json.Decoder(_Batch)


class BatchRoute:
    """The ASGI endpoint of the batch."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one POST."""
        started = perf_counter()
        meter = self._desk.meter
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = request_id_of(headers.get(b"x-request-id"))
        meter.in_flight += 1
        try:
            body = await self._answer(scope, receive, headers, request_id)
            await send_json(send, 200, body, request_id)
            status = 200
        except SatarkError as error:
            status = await send_problem(send, error, request_id)
        except Gone:
            status = _CLIENT_CLOSED
        except Exception as error:  # noqa: BLE001 - the last resort: answered 500, logged
            log_fault("request_failed", error, route=_NAME, request_id=request_id.decode("ascii"))
            status = await send_problem(send, InternalError(""), request_id)
        finally:
            meter.in_flight -= 1
        meter.answered(_NAME, status, perf_counter() - started)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: dict[bytes, bytes], request_id: bytes
    ) -> bytes:
        desk = self._desk
        options = desk.options
        caller = await desk.door.admit(headers.get(b"authorization"), "decide")
        check_json(headers)
        deadline_ms = deadline_of(scope["query_string"], options.batch_deadline_ms, options.max_deadline_ms)
        raw = await read_body(receive, headers, options.batch_limit_bytes, options.body_timeout_seconds)
        events = split_batch(raw, options.batch_limit_items)
        # One token was taken at the door; the rest of the batch is charged here and may run into debt.
        if len(events) > 1:
            caller.bucket.owe(len(events) - 1)
        ends = asyncio.get_running_loop().time() + deadline_ms / 1000.0
        mailbox = desk.mailbox()
        desk.check_room(mailbox)
        slips = await self._hand_in(events, caller, mailbox, deadline_ms)
        results = [await _result(slip, mailbox, ends, request_id) for slip in slips]
        return b'{"results":[' + b",".join(results) + b"]}"

    async def _hand_in(
        self, events: list[msgspec.Raw], caller: Caller, mailbox: Mailbox, deadline_ms: int
    ) -> list[Slip | SatarkError]:
        service, options = self._desk.service, self._desk.options
        slips: list[Slip | SatarkError] = []
        for place, event in enumerate(events):
            if place and place % options.batch_slice_items == 0:
                await asyncio.sleep(0)
            text = bytes(event)
            if len(text) > options.body_limit_bytes:
                limit = options.body_limit_bytes
                slips.append(BodyTooLarge(f"The event is larger than {limit} bytes.", limit_bytes=limit))
                continue
            slip = mailbox.slip()
            try:
                service.submit(text, caller.owner, slip, only="payment", deadline_ms=deadline_ms)
            except SatarkError as error:
                slips.append(error)
            else:
                slips.append(slip)
        return slips


async def _result(slip: Slip | SatarkError, mailbox: Mailbox, ends: float, request_id: bytes) -> bytes:
    if isinstance(slip, SatarkError):
        return _refusal(slip, request_id)
    try:
        outcome: Outcome = await mailbox.wait(slip, max(0.0, ends - mailbox.loop.time()))
    except SatarkError as error:
        return _refusal(error, request_id)
    if outcome.error is not None:
        return _refusal(outcome.error, request_id)
    return b'{"status":%d,"decision":%b}' % (outcome.status, outcome.body)


def _refusal(error: SatarkError, request_id: bytes) -> bytes:
    problem = encode_problem(problem_of(error, request_id.decode("ascii")))
    return b'{"status":%d,"problem":%b}' % (line_of(error).status, problem)


def split_batch(raw: bytes, limit_items: int) -> list[msgspec.Raw]:
    """Return the undecoded events of a batch in their order.

    Raises
    ------
    InvalidEvent
        The body is not ``{"events": [...]}`` with at least one event.
    BodyTooLarge
        It holds more than `limit_items`.

    Examples
    --------
    >>> [bytes(event) for event in split_batch(b'{"events": [{"id": "a"}, {"id": "b"}]}', 1000)]
    [b'{"id": "a"}', b'{"id": "b"}']
    """
    try:
        events = _DECODER.decode(raw).events
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidEvent(
            f'The body must be {{"events": [...]}} with 1 to {limit_items} payments: {error}.',
            field="events",
            expected="array",
        ) from None
    if len(events) > limit_items:
        raise BodyTooLarge(f"A batch holds at most {limit_items} events.", limit_items=limit_items)
    return events
