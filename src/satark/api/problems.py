"""The one table from errors to HTTP, and the problem+json that callers read (RFC 9457).

Every `SatarkError` has a line here (a test walks all subclasses). Errors of our own making (status 500)
keep their message for the log: the caller sees the request id and nothing of our insides.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec

from satark.api import errors as edge
from satark.core import errors as core


class Line(NamedTuple):
    """How one kind of error is answered."""

    status: int
    title: str


PROBLEMS: dict[type[core.SatarkError], Line] = {
    core.SatarkError: Line(500, "Internal error"),
    core.InvalidEvent: Line(422, "The event breaks its schema"),
    core.FutureEvent: Line(422, "The event claims to be from the future"),
    core.BodyTooLarge: Line(413, "The body is too large"),
    core.IdConflict: Line(409, "The id was used with another body"),
    core.NotFound: Line(404, "Not found"),
    core.WorkRefused: Line(409, "The act is refused now"),
    core.Unauthenticated: Line(401, "No valid API key"),
    core.Forbidden: Line(403, "The API key may not do this"),
    core.RateLimited: Line(429, "Too many requests for this API key"),
    core.NotReady: Line(503, "Not ready"),
    core.StorageUnavailable: Line(503, "The decision could not be stored"),
    core.DeadlineExceeded: Line(504, "No durable answer within the deadline"),
    core.FolderLocked: Line(500, "Internal error"),
    core.FolderUnusable: Line(500, "Internal error"),
    core.PolicyInvalid: Line(422, "The policy has errors"),
    core.ModelInvalid: Line(422, "The model cannot be used"),
    core.InputInvalid: Line(422, "The input cannot be used"),
    core.SettingInvalid: Line(500, "Internal error"),
    core.WindowsFull: Line(503, "The windows are full"),
    core.IntegrityBroken: Line(500, "Internal error"),
    edge.InvalidRequest: Line(400, "The request cannot be used"),
    edge.MethodNotAllowed: Line(405, "Method not allowed"),
    edge.UnsupportedMediaType: Line(415, "The body must be plain JSON"),
    edge.BodyTimeout: Line(408, "The body did not arrive in time"),
    edge.Overloaded: Line(503, "Too many requests are waiting"),
    edge.InternalError: Line(500, "Internal error"),
}
"""The most special class that an error is of decides."""

PROBLEM_TYPE = "urn:satark:problem:"
CONTENT_TYPE = b"application/problem+json"
RETRY_AFTER_SECONDS = 1
_HIDDEN_STATUS = 500


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every refusal.

    Attributes
    ----------
    type
        A URN that ends with the code; stable, made for machines.
    title
        The same for all problems of this type.
    status
        The HTTP status again, for bodies that travel without their head.
    detail
        What was wrong this time, in one sentence.
    code
        The last part of `type`.
    request_id
        The same as in the header `X-Request-Id`; quote it when you ask for help.
    fields
        Particulars for machines, for instance the field of the event that broke the rule.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    fields: dict[str, Any] = {}


def line_of(error: core.SatarkError) -> Line:
    """Return the line of the most special class in the table."""
    for kind in type(error).__mro__:
        line = PROBLEMS.get(kind)
        if line is not None:
            return line
    return PROBLEMS[core.SatarkError]


def problem_of(error: core.SatarkError, request_id: str) -> Problem:
    """Return what the caller may know about an error.

    Examples
    --------
    >>> problem_of(core.NotFound("No decision has this id."), "r1").status
    404
    >>> problem_of(core.IntegrityBroken("row 7 of /data/log differs"), "r1").detail
    'Something broke on our side; the log has it under the request id.'
    """
    line = line_of(error)
    if line.status == _HIDDEN_STATUS:
        detail, code, fields = str(edge.InternalError.__doc__), edge.InternalError.code, {}
    else:
        detail, code, fields = error.message, error.code, error.fields
    return Problem(
        type=PROBLEM_TYPE + code,
        title=line.title,
        status=line.status,
        detail=detail,
        code=code,
        request_id=request_id,
        fields=fields,
    )


def encode_problem(problem: Problem) -> bytes:
    """Return the JSON text; a field that JSON cannot say becomes its text."""
    return _ENCODER.encode(problem)


def extra_headers(error: core.SatarkError) -> list[tuple[bytes, bytes]]:
    """Return the headers that this status asks for: Retry-After, WWW-Authenticate, Allow."""
    status = line_of(error).status
    if status in (429, 503):
        seconds = error.fields.get("retry_after_seconds", RETRY_AFTER_SECONDS)
        wait = math.ceil(seconds) if isinstance(seconds, int | float) else RETRY_AFTER_SECONDS
        return [(b"retry-after", str(max(1, wait)).encode())]
    if status == 401:  # noqa: PLR2004 - the status is the plainest name for itself
        return [(b"www-authenticate", b'Bearer realm="satark"')]
    if status == 405:  # noqa: PLR2004
        return [(b"allow", str(error.fields.get("allow", "")).encode())]
    if status in (408, 413):
        return [(b"connection", b"close")]
    return []


_ENCODER = msgspec.json.Encoder(enc_hook=str)
