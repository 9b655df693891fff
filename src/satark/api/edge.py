"""Uvicorn's protocol with manners added, and a short way for the hot routes.

A usual request for a decision comes whole in one read, from a caller that is known. It is answered from here by plain
calls: no task, no scope, no messages, which together cost 50 µs, a sixth of a decision. Whatever is not usual (a body
in pieces, a caller that the key store must be asked about, pipelined requests, HTTP/1.0) goes through ASGI as ever.
A further request with the same head is not even parsed (`satark.api.heads`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from satark.api.heads import DirectRequest, KnownHead, learn
from satark.api.problems import CONTENT_TYPE, Problem

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping

_OK = 200
_HEAD_SECONDS = 15.0


class DirectRoute(Protocol):
    """A route that can answer without ASGI."""

    def answer_direct(self, exchange: Exchange, request: DirectRequest, body: bytes) -> bool:
        """Answer now or later by `exchange.send`; False to be called by ASGI instead. Never raises."""


class _Nobody:
    """Stands where uvicorn tells an ASGI cycle that something came."""

    def set(self) -> None:
        """Wake nobody."""


class Exchange:
    """One request on the short way, and its answer; in place of uvicorn's cycle.

    Attributes
    ----------
    loop
        In whose thread all this happens.
    keep_alive
        Whether the connection stays open after the answer.
    response_complete, disconnected, message_event
        Read and written by uvicorn.
    """

    __slots__ = ("_protocol", "disconnected", "keep_alive", "loop", "response_complete")
    message_event = _Nobody()

    def __init__(self, protocol: EdgeProtocol, *, keep_alive: bool) -> None:
        self._protocol = protocol
        self.loop = protocol.loop
        self.keep_alive = keep_alive
        self.response_complete = False
        self.disconnected = False

    def send(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Send the whole answer; only in the loop's thread, once."""
        self.response_complete = True
        self._protocol.send_answer(self, status, headers, body)

    def send_ok(self, fixed: bytes, body: bytes, request_id: bytes) -> None:
        """Send a whole answer of status 200 on a connection that is kept; `fixed` are its other headers."""
        self.response_complete = True
        self._protocol.send_ok(self, fixed, body, request_id)


class EdgeProtocol(HttpToolsProtocol):
    """Uvicorn's protocol with two manners added.

    A request that is not HTTP is answered in problem+json; a connection that says nothing, or does not finish
    the head of its request, is closed.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _held: DirectRoute | None = None
    _held_body = b""
    _held_query = b""
    _known: KnownHead | None = None  # The last head that was taken, and whose it was.
    _known_route: DirectRoute | None = None
    _piece = b""  # What is being parsed, while it may be a whole request.
    _between = True  # The parser has nothing half done.
    _idle_since: float | None = None
    _half_seen = False
    _defaults: list[tuple[bytes, bytes]] | None = None
    _fixed = b""
    _prefix = b""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self._direct: Mapping[bytes, DirectRoute] = getattr(self.config.app, "direct", None) or {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of a silent connection."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        self._stop_timer()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        self._known = self._known_route = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request whose body is not complete in them takes the long way."""
        self._idle_since = None
        known = self._known
        if known is not None and self._between and self._is_free():
            body = known.body_of(data)
            if body is not None and self._answer(known.request, body):
                return
        self._piece = data if self._between else b""
        super().data_received(data)
        self._piece = b""
        if self._held is not None:
            body, self._held = self._held_body, None
            self._start_cycle()
            if body:
                super().on_body(body)

    def on_message_begin(self) -> None:
        """Begin a request; what only ASGI needs is made when it is needed."""
        self._between = False
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Stop the timer and start the request."""
        self._stop_timer()
        path, _, query = self.url.partition(b"?")
        route = self._direct.get(path)
        if route is not None and self._is_usual():
            self._held, self._held_body, self._held_query = route, b"", query
        else:
            self._start_cycle()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held_body = self._held_body + body if self._held_body else body

    def on_message_complete(self) -> None:
        """Answer a request that came whole."""
        self._between = True
        route = self._held
        if route is None:
            super().on_message_complete()
            return
        self._held = None
        body, self._held_body = self._held_body, b""
        before = self.cycle
        request = DirectRequest(dict(self.headers), self._held_query)
        exchange = Exchange(self, keep_alive=self.parser.should_keep_alive())
        self.cycle = exchange  # type: ignore[assignment]
        if not route.answer_direct(exchange, request, body):
            self.cycle = before
            self._start_cycle()
            super().on_body(body)
            super().on_message_complete()
        elif exchange.keep_alive and len(self.headers) == len(request.headers):
            self._known, self._known_route = learn(self._piece, body, request), route

    def send_answer(
        self, exchange: Exchange, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Write an answer of the short way, and go on to what was pipelined behind it."""
        transport = self.transport
        if not exchange.disconnected and not transport.is_closing():
            parts = [STATUS_LINE[status]]
            for name, value in self.server_state.default_headers:
                parts += (name, b": ", value, b"\r\n")
            for name, value in headers:
                parts += (name, b": ", value, b"\r\n")
            parts.append(b"\r\n" if exchange.keep_alive else b"connection: close\r\n\r\n")
            parts.append(body)
            transport.write(b"".join(parts))
            if not exchange.keep_alive:
                transport.close()
        self.on_response_complete()

    def send_ok(self, exchange: Exchange, fixed: bytes, body: bytes, request_id: bytes) -> None:
        """Write an answer of status 200 whose connection stays open; only the changing parts are put together."""
        transport = self.transport
        if not exchange.disconnected and not transport.is_closing():
            defaults = self.server_state.default_headers
            if defaults is not self._defaults or fixed is not self._fixed:
                # Uvicorn makes a new list each second, with a new date.
                self._defaults, self._fixed = defaults, fixed
                lines = b"".join(b"%b: %b\r\n" % pair for pair in defaults)
                self._prefix = b"%b%b%bcontent-length: " % (STATUS_LINE[_OK], lines, fixed)
            transport.write(
                b"%b%d\r\nx-request-id: %b\r\n\r\n%b" % (self._prefix, len(body), request_id, body)
            )
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Go on to what was pipelined, or wait for the next request.

        Uvicorn starts a timer here and cancels it with the next request, for each of them. Here one timer stays; when
        it rings it looks how long nothing has come.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        self._half_seen = False
        if self.timeout_keep_alive_task is None:
            self._watch_idleness(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing has come for as long as is allowed."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            cycle: Any = self.cycle
            if (
                cycle is not None and not cycle.response_complete
            ):  # At work; looked at again after the answer.
                return
            # Half of a head has come; who does not send the rest until this rings again never will.
            if self._half_seen:
                self._close()
            else:
                self._half_seen = True
                self._watch_idleness(self.timeout_keep_alive)
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch_idleness(left)
        else:
            self._close()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP."""
        problem = Problem(
            type="urn:satark:problem:invalid_request",
            title="The request cannot be used",
            status=400,
            detail=msg,
            code="invalid_request",
            request_id="-",
        )
        body = msgspec.json.encode(problem)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"
            b"content-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (CONTENT_TYPE, len(body), body)
        )
        self.transport.close()

    def _answer(self, request: DirectRequest, body: bytes) -> bool:
        """Answer a request whose head was known; False when its caller must be looked up first."""
        before = self.cycle
        exchange = Exchange(self, keep_alive=True)
        self.cycle = exchange  # type: ignore[assignment]
        route = self._known_route
        if route is not None and route.answer_direct(exchange, request, body):
            return True
        self.cycle = before
        return False

    def _is_free(self) -> bool:
        """Say whether this connection can take a request on the short way."""
        cycle: Any = self.cycle
        limit = self.limit_concurrency
        return (
            (cycle is None or cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and (limit is None or len(self.connections) < limit)
        )

    def _is_usual(self) -> bool:
        """Say whether nothing about this request needs the long way."""
        parser = self.parser
        return (
            self._is_free()
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
        )

    def _unset_keepalive_if_required(self) -> None:
        """Leave the timer alone: it looks itself whether anything came."""

    def _watch_idleness(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _start_cycle(self) -> None:
        """Hand the request over to ASGI."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
