"""Where the pages are reached: what passkeys are bound to, and where single sign-on comes back to.

It comes from the settings, never from what a request claims. The one exception is `localhost`, which browsers hold to
be safe and which nobody else can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request

    from satark.web.options import WebOptions

_LOCAL = "localhost"


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin as browsers know it.

    Attributes
    ----------
    address
        Scheme, host and port, as `https://fraud.bank.example`.
    host
        The host alone: the relying party's id (W3C Web Authentication, 5.1.2).
    """

    address: str
    host: str


def origin_of(options: WebOptions, request: Request) -> Origin | None:
    """Return where the pages are reached, None when nobody has said so and it is not `localhost`."""
    if options.origin:
        return parse_origin(options.origin)
    host = request.headers.get("host", "")
    if host.partition(":")[0] != _LOCAL:
        return None
    return parse_origin(f"{'https' if options.secure_cookies else 'http'}://{host}")


def parse_origin(text: str) -> Origin | None:
    """Read an origin; None when it is none, or one over which nothing secret may travel.

    Examples
    --------
    >>> parse_origin("https://fraud.bank.example")
    Origin(address='https://fraud.bank.example', host='fraud.bank.example')
    >>> parse_origin("http://localhost:8081").address, parse_origin("http://bank.example"), parse_origin("bank")
    ('http://localhost:8081', None, None)
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if not host or parts.username or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and host == _LOCAL):
        return None
    return Origin(f"{parts.scheme}://{host}" + (f":{port}" if port else ""), host)
