"""The head of a request on the short way, and how the next one with the same head is known without parsing it.

A caller sends the same head again and again; only the length of the body differs. Once the parser has taken a request
and its caller was let in, its head is kept with the connection, in two pieces around the digits of `content-length`. A
later request whose bytes are the same around other digits means the same, so it needs no parser (20 µs of a decision).
"""

from __future__ import annotations

MOST_HEAD_BYTES = 2_048
MOST_LENGTH_DIGITS = 8
_LENGTH = b"\r\ncontent-length:"
_NEVER = (b"x-request-id", b"transfer-encoding", b"expect", b"upgrade", b"connection", b"trailer")
"""Headers that differ from request to request, or that change how the rest is read."""


class DirectRequest:
    """What a route needs of a request's head.

    Attributes
    ----------
    headers
        Names in small letters.
    query
        Behind the question mark.
    digest
        Kept by the route: by what its caller is known.
    deadline_ms
        Kept by the route: how long its caller waits; 0 until the head was checked.
    """

    __slots__ = ("deadline_ms", "digest", "headers", "query")

    def __init__(self, headers: dict[bytes, bytes], query: bytes) -> None:
        self.headers = headers
        self.query = query
        self.digest = b""
        self.deadline_ms = 0


class KnownHead:
    """A head that the parser took.

    Attributes
    ----------
    request
        What it came to.
    """

    __slots__ = ("_after", "_before", "_end", "request")

    def __init__(self, before: bytes, after: bytes, request: DirectRequest) -> None:
        self._before = before
        self._after = after
        self._end = len(before)
        self.request = request

    def body_of(self, data: bytes) -> bytes | None:
        """Return the body if the data is this very head, but for the body's length, and that whole body; else None."""
        start = self._end
        if not data.startswith(self._before):
            return None
        end = data.find(b"\r", start, start + MOST_LENGTH_DIGITS + 1)
        if end < 0 or not data.startswith(self._after, end):
            return None
        digits = data[start:end]
        body = end + len(self._after)
        # Signs, spaces and leading zeros are the parser's business.
        if not digits.isdigit() or digits.startswith(b"0") or int(digits) != len(data) - body:
            return None
        return data[body:]


def learn(data: bytes, body: bytes, request: DirectRequest) -> KnownHead | None:
    r"""Return a head to know again, or None when it had better be parsed each time.

    Parameters
    ----------
    data
        One whole request as it came, head and body.
    body
        As the parser gave it.
    request
        As the parser gave it.

    Examples
    --------
    >>> request = DirectRequest({b"content-length": b"2"}, b"")
    >>> head = learn(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", b"{}", request)
    >>> head.body_of(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n{ }")
    b'{ }'
    >>> head.body_of(b"POST /x HTTP/1.1\r\ncontent-length: 3\r\n\r\n{ }") is None
    True
    """
    headers = request.headers
    end = len(data) - len(body)
    head = data[:end]
    if end > MOST_HEAD_BYTES or not body or data[end:] != body or head.find(b"\r\n\r\n") != end - 4:
        return None
    if headers.get(b"content-length") != b"%d" % len(body) or any(name in headers for name in _NEVER):
        return None
    lowered = head.lower()
    if lowered.count(_LENGTH) != 1:
        return None
    start = lowered.index(_LENGTH) + len(_LENGTH)
    stop = head.index(b"\r\n", start)
    value = head[start:stop]
    digits = value.lstrip(b" \t")
    if digits != b"%d" % len(body):
        return None
    return KnownHead(head[: stop - len(digits)], head[stop:], request)
