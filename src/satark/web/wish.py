"""Where someone wanted to go when the login came in between, kept in a cookie until it is done.

Not in the address of the login page, so that no link from outside can choose where a login ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk

COOKIE = "satark_wish"
KEPT_SECONDS = 600
_MAX_LENGTH = 1_000
_HOME = "/"


def remember_wish(desk: Desk, request: Request, response: Response) -> None:
    """Keep the address of a page that needs a login; pieces that htmx asks for are no pages."""
    address = request.url.path
    if request.url.query:
        address = f"{address}?{request.url.query}"
    if address == _HOME or not is_ours(address) or request.headers.get("hx-request") == "true":
        return
    desk.set_cookie(response, COOKIE, address, seconds=KEPT_SECONDS)


def wish_of(request: Request) -> str:
    """Return where to go after the login: the wish, else the first page."""
    address = request.cookies.get(COOKIE, _HOME)
    return address if is_ours(address) else _HOME


def is_ours(address: str) -> bool:
    r"""Tell whether an address is a plain path of ours.

    Examples
    --------
    >>> is_ours("/cases/7?tab=graph"), is_ours("//evil.test"), is_ours("/\\evil.test"), is_ours("https://a.test")
    (True, False, False, False)
    """
    return (
        address.startswith("/")
        and not address.startswith("//")
        and "\\" not in address
        and address.isascii()
        and address.isprintable()
        and ";" not in address
        and len(address) <= _MAX_LENGTH
    )
