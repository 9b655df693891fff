"""Uvicorn's protocol with manners added, and a short way for the hot routes.

A usual request for a decision comes whole in one read, from a caller that is known. It is answered from here by plain
calls: no task, no scope, no messages, which together cost 50 µs, a sixth of a decision. Whatever is not usual (a body
in pieces, a caller that the key store must be asked about, pipelined requests, HTTP/1.0) goes through ASGI as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from satark.api.problems import CONTENT_TYPE, Problem

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping

_HEAD_SECONDS = 15.0


class DirectRoute(Protocol):
    """A route that can answer without ASGI."""

    def answer_direct(
        self, exchange: Exchange, headers: dict[bytes, bytes], query: bytes, body: bytes
    ) -> bool:
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


class EdgeProtocol(HttpToolsProtocol):
    """Uvicorn's protocol with two manners added.

    A request that is not HTTP is answered in problem+json; a connection that says nothing, or does not finish
    the head of its request, is closed.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _held: DirectRoute | None = None
    _held_body = b""
    _held_query = b""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self._direct: Mapping[bytes, DirectRoute] = getattr(self.config.app, "direct", None) or {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of a silent connection."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request whose body is not complete in them takes the long way."""
        super().data_received(data)
        if self._held is not None:
            body, self._held = self._held_body, None
            self._start_cycle()
            if body:
                super().on_body(body)

    def on_message_begin(self) -> None:
        """Begin a request; what only ASGI needs is made when it is needed."""
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
        route = self._held
        if route is None:
            super().on_message_complete()
            return
        self._held = None
        body, self._held_body = self._held_body, b""
        before = self.cycle
        exchange = Exchange(self, keep_alive=self.parser.should_keep_alive())
        self.cycle = exchange  # type: ignore[assignment]
        if not route.answer_direct(exchange, dict(self.headers), self._held_query, body):
            self.cycle = before
            self._start_cycle()
            super().on_body(body)
            super().on_message_complete()

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

    def _is_usual(self) -> bool:
        """Say whether nothing about this request needs the long way."""
        cycle: Any = self.cycle
        parser, limit = self.parser, self.limit_concurrency
        return (
            (cycle is None or cycle.response_complete)
            and not self.pipeline
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and not self.flow.write_paused
            and (limit is None or len(self.connections) < limit)
        )

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
