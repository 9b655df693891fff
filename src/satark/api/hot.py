"""The hot routes: bare ASGI callables from the socket to the engine and back.

POST /v1/decisions, /v1/events and /v1/labels differ only in their scope, deadline and the kinds of event
they take. The way of an event here: known key, scope, token, content type, body, `submit`, wait for the
commit, answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

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
from satark.api.delivery import Mailbox
from satark.api.errors import InternalError, Overloaded
from satark.api.faults import log_fault
from satark.core.errors import InvalidEvent, SatarkError

if TYPE_CHECKING:
    from satark.api.auth import Caller, Door
    from satark.api.meter import Meter
    from satark.api.options import ApiOptions
    from satark.api.ports import DecisionServiceLike

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


class Desk:
    """What all hot routes share: the engine, the door, the options, the meter and the mailbox of the loop."""

    def __init__(self, service: DecisionServiceLike, door: Door, options: ApiOptions, meter: Meter) -> None:
        self.service = service
        self.door = door
        self.options = options
        self.meter = meter
        self._mailbox: Mailbox | None = None

    def mailbox(self) -> Mailbox:
        """Return the mailbox of the running loop."""
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
