"""`create_app`: the ASGI app of the HTTP interface, from ports alone.

The hot routes are found by one look into a dictionary, ahead of every framework; everything else goes to
FastAPI. This is the first and the last stop of an event that comes over HTTP.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from satark.api.asgi import AsgiApp, Message, Receive, Scope, Send, request_id_of, send_problem
from satark.api.auth import Door
from satark.api.batch import BatchRoute
from satark.api.cold import create_cold_app
from satark.api.errors import InternalError, MethodNotAllowed
from satark.api.faults import log_fault
from satark.api.hot import Desk, HotRoute, RouteSpec
from satark.api.meter import Meter
from satark.api.metrics import MetricsPage
from satark.api.options import ApiOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from satark.api.ports import DecisionServiceLike, KeyVerifier

    Hook = Callable[[], Awaitable[None] | None]

_OTHER = "other"
_GET_TOO = "/v1/decisions/batch"


class SatarkApi:
    """The ASGI app.

    Attributes
    ----------
    desk
        What the hot routes share.
    cold
        The FastAPI app of all other routes.
    direct
        Routes that the server may call without ASGI, by path.
    """

    def __init__(
        self,
        service: DecisionServiceLike,
        keys: KeyVerifier,
        options: ApiOptions,
        *,
        version: str = "0.1.0",
        on_start: Hook | None = None,
        on_stop: Hook | None = None,
    ) -> None:
        door = Door(
            keys,
            fresh_seconds=options.key_fresh_seconds,
            keep_seconds=options.key_keep_seconds,
            rate_per_s=options.rate_per_s,
            burst=options.burst,
        )
        meter = Meter()
        self.desk = Desk(service, door, options, meter)
        self.cold = create_cold_app(service, door, options, MetricsPage(service, meter), version)
        self._hot = _hot_routes(self.desk)
        self.direct = {
            path.encode("ascii"): route for path, route in self._hot.items() if isinstance(route, HotRoute)
        }
        self._meter = meter
        self._on_start = on_start
        self._on_stop = on_stop

    def in_flight(self) -> int:
        """Return how many requests of the hot routes are under way."""
        return self._meter.in_flight

    def settled(self) -> bool:
        """Return whether the engine has read its log and decides."""
        return self.desk.service.ready().ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the start and stop of the server."""
        if scope["type"] == "http":
            route = self._hot.get(scope["path"])
            if route is None:
                await self._serve_cold(scope, receive, send)
            elif scope["method"] == "POST":
                await route(scope, receive, send)
            elif scope["path"] == _GET_TOO and scope["method"] in ("GET", "HEAD"):
                # A payment may well be called "batch".
                await self._serve_cold(scope, receive, send)
            else:
                request_id = request_id_of(dict(scope["headers"]).get(b"x-request-id"))
                error = MethodNotAllowed("This address takes POST.", allow="POST")
                await send_problem(_bodiless(send) if scope["method"] == "HEAD" else send, error, request_id)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _serve_cold(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = request_id_of(headers.get(b"x-request-id"))
        # The handlers below read the id from the head, so that one request has one id everywhere.
        kept = [(name, value) for name, value in scope["headers"] if name != b"x-request-id"]
        inner = {**scope, "headers": [*kept, (b"x-request-id", request_id)]}
        state = _Sent()
        if scope["method"] == "HEAD":
            inner["method"] = "GET"
            send = _bodiless(send)
        outer = _finishing(send, request_id, state)
        try:
            await self.cold(inner, receive, outer)
        except Exception as error:  # noqa: BLE001 - the last resort: answered 500, logged
            log_fault("request_failed", error, route=_OTHER, request_id=request_id.decode("ascii"))
            if not state.started:
                state.status = await send_problem(send, InternalError(""), request_id)
        where = (_OTHER, state.status)
        self._meter.requests[where] = self._meter.requests.get(where, 0) + 1

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await _call(self._on_start)
        except Exception as error:  # noqa: BLE001 - said to the server, which ends
            log_fault("start_failed", error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await _call(self._on_stop)
        except Exception as error:  # noqa: BLE001 - said to the server, which ends
            log_fault("stop_failed", error)
            await send({"type": "lifespan.shutdown.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def create_app(
    service: DecisionServiceLike,
    keys: KeyVerifier,
    options: ApiOptions | None = None,
    *,
    version: str = "0.1.0",
    on_start: Hook | None = None,
    on_stop: Hook | None = None,
) -> SatarkApi:
    """Return the HTTP interface over an engine and a key store.

    Parameters
    ----------
    service, keys
        See `satark.api.ports`.
    options
        Bounds and switches; the defaults are those of the documentation.
    version
        Shown in the documentation.
    on_start, on_stop
        Called before the server listens and after the last accepted request was answered. Plain functions
        run in a worker thread, so that they may block; coroutines run in the loop.
    """
    return SatarkApi(
        service, keys, options or ApiOptions(), version=version, on_start=on_start, on_stop=on_stop
    )


class _Sent:
    """What is known of an answer that a framework gave."""

    __slots__ = ("started", "status")

    def __init__(self) -> None:
        self.started = False
        self.status = 500


def _hot_routes(desk: Desk) -> dict[str, AsgiApp]:
    options = desk.options
    limit = options.body_limit_bytes
    specs = (
        RouteSpec("/v1/decisions", "decide", "payment", options.deadline_ms, limit),
        RouteSpec("/v1/labels", "label", "label", options.event_deadline_ms, limit),
        RouteSpec("/v1/events", "events", None, options.event_deadline_ms, limit),
    )
    routes: dict[str, AsgiApp] = {spec.name: HotRoute(desk, spec) for spec in specs}
    routes["/v1/decisions/batch"] = BatchRoute(desk)
    return routes


def _finishing(send: Send, request_id: bytes, state: _Sent) -> Send:
    """Add the request id and the security headers to what a framework answers."""

    async def finishing(message: Message) -> None:
        if message["type"] == "http.response.start":
            state.started = True
            state.status = message["status"]
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", []))
            names = {name for name, _ in headers}
            for name, value in (
                (b"x-request-id", request_id),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"no-referrer"),
                (b"x-frame-options", b"DENY"),
                (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
                (b"cache-control", b"no-store"),
            ):
                if name not in names:
                    headers.append((name, value))
            message = {**message, "headers": headers}
        await send(message)

    return finishing


def _bodiless(send: Send) -> Send:
    """Answer a HEAD request: the head of the GET, and no body."""

    async def bodiless(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return bodiless


async def _call(hook: Hook | None) -> None:
    if hook is None:
        return
    result: Any = hook() if inspect.iscoroutinefunction(hook) else await asyncio.to_thread(hook)
    if inspect.isawaitable(result):
        await result
