"""The hot routes: bare ASGI callables from the socket to the engine and back.

POST /v1/decisions, /v1/events and /v1/labels differ only in their scope, deadline and the kinds of event
they take. The way of an event here: known key, scope, token, content type, body, `submit`, wait for the
commit, answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from satark.api.asgi import (
    JSON_FIXED,
    JSON_HEADERS,
    PROBLEM_HEADERS,
    Gone,
    Receive,
    Scope,
    Send,
    answer_headers,
    check_json,
    check_length,
    deadline_of,
    read_body,
    request_id_of,
    send_json,
    send_problem,
)
from satark.api.delivery import TOO_LATE, Callback, Mailbox
from satark.api.errors import InternalError, Overloaded
from satark.api.faults import log_fault
from satark.api.problems import encode_problem, extra_headers, line_of, problem_of
from satark.core.errors import DeadlineExceeded, InvalidEvent, SatarkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.api.auth import Caller, Door
    from satark.api.edge import Exchange
    from satark.api.heads import DirectRequest
    from satark.api.meter import Meter
    from satark.api.options import ApiOptions
    from satark.api.ports import DecisionServiceLike, Outcome

_OK = 200
_CLIENT_CLOSED = 499

EVENT_KINDS = ("payment_result", "label", "payee_change")
"""What POST /v1/events takes: every kind that is remembered but not decided."""


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """What a hot route asks of its callers.

    Attributes
    ----------
    name
        The path; also the name in the metrics.
    scope
        What the key must be allowed.
    only
        The kind of event, or None where the event's own `type` decides among `EVENT_KINDS`.
    deadline_ms, limit_bytes
        Defaults from `ApiOptions`.
    """

    name: str
    scope: str
    only: str | None
    deadline_ms: int
    limit_bytes: int


Order = tuple[bytes, int, "Callback", "str | None"]
"""An event for the engine: the JSON, whose ids these are, who is told, and the one kind that is welcome."""


class Failed(NamedTuple):
    """The outcome of an event on which the engine raised."""

    status: int = 0
    body: bytes = b""
    error: SatarkError | None = InternalError("")


class Desk:
    """What all hot routes share: the engine, the door, the options, the meter and the mailbox of the loop."""

    def __init__(self, service: DecisionServiceLike, door: Door, options: ApiOptions, meter: Meter) -> None:
        self.service = service
        self.door = door
        self.options = options
        self.meter = meter
        self._mailbox: Mailbox | None = None
        self._tray: list[Order] = []
        many: Callable[[list[Order]], None] | None = getattr(service, "submit_many", None)
        self._submit_many = self._one_by_one if many is None else many

    def hand_in(self, order: Order, loop: asyncio.AbstractEventLoop) -> None:
        """Give an event to the engine, together with all others that come in this turn of the loop."""
        if not self._tray:
            loop.call_soon(self._hand_over)
        self._tray.append(order)

    def _hand_over(self) -> None:
        orders, self._tray = self._tray, []
        try:
            self._submit_many(orders)
        except Exception as error:  # noqa: BLE001 - the last resort: nobody is left to wait for nothing
            log_fault("engine_failed", error)
            for _, _, slip, _ in orders:
                slip(Failed())

    def _one_by_one(self, orders: list[Order]) -> None:
        """Serve an engine that does not take many at once."""
        for raw, owner, slip, only in orders:
            try:
                self.service.submit(raw, owner, slip, only=only)
            except Exception as error:  # noqa: BLE001 - it is this caller's answer and no other's
                log_fault("engine_failed", error)
                slip(Failed())

    def mailbox(self, loop: asyncio.AbstractEventLoop | None = None) -> Mailbox:
        """Return the mailbox of the running loop, which a caller that knows it may give."""
        if loop is None:
            loop = asyncio.get_running_loop()
        mailbox = self._mailbox
        if mailbox is None or mailbox.loop is not loop:
            mailbox = self._mailbox = Mailbox(loop)
        return mailbox

    def check_room(self, mailbox: Mailbox) -> None:
        """Raise `Overloaded` when too many wait already."""
        if mailbox.waiting >= self.options.max_waiting:
            raise Overloaded("Too many requests are waiting for the engine; come back in a moment.")


class HotRoute:
    """One ASGI endpoint for one event per request."""

    def __init__(self, desk: Desk, spec: RouteSpec) -> None:
        self._desk = desk
        self._spec = spec

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one POST."""
        started = perf_counter()
        desk = self._desk
        meter = desk.meter
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = request_id_of(headers.get(b"x-request-id"))
        meter.in_flight += 1
        try:
            status, body = await self._answer(scope, receive, headers)
            await send_json(send, status, body, request_id)
        except SatarkError as error:
            status = await send_problem(send, error, request_id)
        except Gone:
            status = _CLIENT_CLOSED
        except Exception as error:  # noqa: BLE001 - the last resort: answered 500, logged
            log_fault("request_failed", error, route=self._spec.name, request_id=request_id.decode("ascii"))
            status = await send_problem(send, InternalError(""), request_id)
        finally:
            meter.in_flight -= 1
        meter.answered(self._spec.name, status, perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> tuple[int, bytes]:
        desk, spec = self._desk, self._spec
        door = desk.door
        header = headers.get(b"authorization")
        caller = door.known(header)
        if caller is None:
            caller = await door.admit(header, spec.scope)
        else:
            caller.require(spec.scope)
            door.charge(caller)
        check_json(headers)
        options = desk.options
        deadline_ms = deadline_of(scope["query_string"], spec.deadline_ms, options.max_deadline_ms)
        raw = await read_body(receive, headers, spec.limit_bytes, options.body_timeout_seconds)
        only = spec.only or kind_of(raw, caller)
        mailbox = desk.mailbox()
        desk.check_room(mailbox)
        slip = mailbox.slip()
        desk.service.submit(raw, caller.owner, slip, only=only, deadline_ms=deadline_ms)
        outcome = await mailbox.wait(slip, deadline_ms / 1000.0)
        if outcome.error is not None:
            raise outcome.error
        return outcome.status, outcome.body

    def answer_direct(self, exchange: Exchange, request: DirectRequest, body: bytes) -> bool:
        """Serve a request that came whole, without ASGI; False when its caller must be looked up first."""
        desk, spec = self._desk, self._spec
        door, headers = desk.door, request.headers
        header = headers.get(b"authorization")
        if header is None:
            return False
        digest = request.digest
        if not digest:
            digest = request.digest = door.digest(header)
        caller = door.known_by(digest, header)
        if caller is None:
            return False
        answer = _Answer(exchange, request_id_of(headers.get(b"x-request-id")), desk.meter, spec.name)
        try:
            caller.require(spec.scope)
            door.charge(caller)
            deadline_ms = request.deadline_ms
            if not deadline_ms:
                check_json(headers)
                limit_ms = desk.options.max_deadline_ms
                deadline_ms = request.deadline_ms = deadline_of(request.query, spec.deadline_ms, limit_ms)
            check_length(body, spec.limit_bytes)
            only = spec.only or kind_of(body, caller)
            mailbox = desk.mailbox(exchange.loop)
            desk.check_room(mailbox)
            slip = Callback(mailbox, answer.heard, deadline_ms / 1000.0)
            desk.hand_in((body, caller.owner, slip, only), exchange.loop)
        except Exception as error:  # noqa: BLE001 - the last resort: answered 500, logged
            answer.fail(error)
        return True


class _Answer:
    """The answer to one request on the short way."""

    __slots__ = ("_exchange", "_meter", "_request_id", "_route", "_started")

    def __init__(self, exchange: Exchange, request_id: bytes, meter: Meter, route: str) -> None:
        self._exchange = exchange
        self._request_id = request_id
        self._meter = meter
        self._route = route
        self._started = perf_counter()
        meter.in_flight += 1

    def heard(self, outcome: Outcome | None) -> None:
        """Send what the engine said, or that it said nothing in time."""
        if outcome is None:
            self.fail(DeadlineExceeded(TOO_LATE))
        elif outcome.error is not None:
            self.fail(outcome.error)
        elif self._exchange.keep_alive and outcome.status == _OK:
            self._meter.in_flight -= 1
            self._exchange.send_ok(JSON_FIXED, outcome.body, self._request_id)
            self._meter.answered(self._route, _OK, perf_counter() - self._started)
        else:
            body = outcome.body
            self._send(outcome.status, answer_headers(JSON_HEADERS, body, self._request_id), body)

    def fail(self, error: Exception) -> None:
        """Send a problem; what is not a known one is logged."""
        request_id = self._request_id.decode("ascii")
        if not isinstance(error, SatarkError):
            log_fault("request_failed", error, route=self._route, request_id=request_id)
            error = InternalError("")
        body = encode_problem(problem_of(error, request_id))
        headers = [*answer_headers(PROBLEM_HEADERS, body, self._request_id), *extra_headers(error)]
        self._send(line_of(error).status, headers, body)

    def _send(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._meter.in_flight -= 1
        self._exchange.send(status, headers, body)
        self._meter.answered(self._route, status, perf_counter() - self._started)


def kind_of(raw: bytes, caller: Caller) -> str:
    """Return the kind of an event that is not decided.

    The engine is then told to take this kind only, so a second `type` further on in the text cannot smuggle
    another kind past this check. A label needs its own scope here as on its own route.

    Raises
    ------
    InvalidEvent
        It is of no such kind.
    Forbidden
        It is a label and the key may not label.
    """
    try:
        found = _TYPE_DECODER.decode(raw).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if not isinstance(found, str) or found not in EVENT_KINDS:
        shown = found[:64] if isinstance(found, str) else type(found).__name__
        raise InvalidEvent(
            f"type must be one of {', '.join(EVENT_KINDS)}; payments go to /v1/decisions.",
            field="type",
            expected=" | ".join(EVENT_KINDS),
            found=shown,
        )
    if found == "label":
        caller.require("label")
    return found


class _Typed(msgspec.Struct):
    type: object = None


_TYPE_DECODER = msgspec.json.Decoder(_Typed)
