"""The few ASGI primitives of the hot routes: request ids, reading a bounded JSON body, answering.

No framework stands between the server and these functions: each microsecond here is paid by every decision.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from satark.api.errors import BodyTimeout, InvalidRequest, UnsupportedMediaType
from satark.api.problems import CONTENT_TYPE, encode_problem, extra_headers, line_of, problem_of
from satark.core.errors import BodyTooLarge, SatarkError

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_SANE_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}").fullmatch
_PREFIX = secrets.token_hex(6).encode()
_COUNTER = itertools.count(1)

JSON_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
JSON_FIXED = b"".join(b"%b: %b\r\n" % pair for pair in JSON_HEADERS)
PROBLEM_HEADERS: tuple[tuple[bytes, bytes], ...] = ((b"content-type", CONTENT_TYPE), *JSON_HEADERS[1:])


class Gone(Exception):
    """The caller hung up before its body was complete; nobody is left to answer."""


def request_id_of(header: bytes | None) -> bytes:
    """Return the caller's request id if it is short and plain, else one of ours.

    Examples
    --------
    >>> request_id_of(b"order-17")
    b'order-17'
    >>> request_id_of(b"<script>") == b"<script>"
    False
    """
    if header is not None and _SANE_ID(header):
        return header
    return b"%b-%x" % (_PREFIX, next(_COUNTER))


def check_json(headers: dict[bytes, bytes]) -> None:
    """Raise `UnsupportedMediaType` unless the body is said to be plain JSON."""
    content_type = headers.get(b"content-type", b"")
    if content_type != b"application/json":
        kind, _, rest = content_type.partition(b";")
        charset = rest.strip().lower().replace(b'"', b"")
        if kind.strip().lower() != b"application/json" or charset not in (b"", b"charset=utf-8"):
            found = content_type[:100].decode("latin-1")
            raise UnsupportedMediaType("Send 'Content-Type: application/json'.", found=found)
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        found = encoding[:100].decode("latin-1")
        raise UnsupportedMediaType("Send the body without a content encoding.", found=found)


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int, seconds: float) -> bytes:
    """Return the whole body.

    Raises
    ------
    BodyTooLarge
        More than `limit` bytes were announced or came, chunked or not.
    BodyTimeout
        The body was not complete after `seconds`.
    Gone
        The caller hung up.
    """
    announced = headers.get(b"content-length")
    if announced is not None and len(announced) > 5 and int(announced) > limit:  # noqa: PLR2004 - a cheap first look
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        check_length(body, limit)
        return body
    return await _read_rest(message, receive, limit, seconds)


async def _read_rest(message: Message, receive: Receive, limit: int, seconds: float) -> bytes:
    chunks = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                if message["type"] != "http.request":
                    raise Gone
                chunks += message.get("body", b"")
                if len(chunks) > limit:
                    raise _too_large(limit)
                if not message.get("more_body", False):
                    return bytes(chunks)
                message = await receive()
    except TimeoutError:
        raise BodyTimeout(f"The body was not complete after {seconds:g} seconds.") from None


def check_length(body: bytes, limit: int) -> None:
    """Raise `BodyTooLarge` for a body that is longer than the bound."""
    if len(body) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.", limit_bytes=limit)


def deadline_of(query: bytes, default_ms: int, limit_ms: int) -> int:
    """Return the milliseconds that the caller is ready to wait.

    Examples
    --------
    >>> deadline_of(b"", 100, 60_000), deadline_of(b"deadline_ms=250", 100, 60_000)
    (100, 250)
    """
    if not query:
        return default_ms
    found = default_ms
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"deadline_ms":
            if not (value.isdigit() and len(value) <= 6 and 1 <= int(value) <= limit_ms):  # noqa: PLR2004
                raise InvalidRequest(
                    f"deadline_ms must be a whole number from 1 to {limit_ms}.", parameter="deadline_ms"
                )
            found = int(value)
    return found


def answer_headers(
    headers: tuple[tuple[bytes, bytes], ...], body: bytes, request_id: bytes
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with its length and request id."""
    return [*headers, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id)]


async def send_json(send: Send, status: int, body: bytes, request_id: bytes) -> None:
    """Answer with JSON."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": answer_headers(JSON_HEADERS, body, request_id),
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_problem(send: Send, error: SatarkError, request_id: bytes) -> int:
    """Answer with problem+json and return the status."""
    body = encode_problem(problem_of(error, request_id.decode("ascii")))
    status = line_of(error).status
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*answer_headers(PROBLEM_HEADERS, body, request_id), *extra_headers(error)],
        }
    )
    await send({"type": "http.response.body", "body": body})
    return status
