"""Refusals that only exist over HTTP; the others are in `satark.core.errors`."""

from __future__ import annotations

from satark.core.errors import SatarkError


class InvalidRequest(SatarkError):
    """A header or query parameter cannot be used; ``parameter`` says which."""

    code = "invalid_request"


class MethodNotAllowed(SatarkError):
    """The address exists, but not with this method; ``allow`` lists the ones it has."""

    code = "method_not_allowed"


class UnsupportedMediaType(SatarkError):
    """The body is not plain JSON; ``found`` is its content type or encoding."""

    code = "unsupported_media_type"


class BodyTimeout(SatarkError):
    """The body did not arrive in time."""

    code = "body_timeout"


class Overloaded(SatarkError):
    """Too many requests wait for the engine already."""

    code = "overloaded"


class InternalError(SatarkError):
    """Something broke on our side; the log has it under the request id."""

    code = "internal_error"
