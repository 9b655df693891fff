"""What all ways in share: the form that is shown, the tokens it carries, and the session at the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from satark.web import wish
from satark.web.identity.origin import origin_of
from satark.web.security import from_our_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.ports import StaffMember
    from satark.web.sessions import Method

STEP_SECONDS = 300.0
"""How long a login may take between its pages."""
MAX_NAME = 64


def step_cookie(desk: Desk) -> str:
    """Return the name of the cookie that finds a half-done login."""
    return "__Host-satark_step" if desk.options.secure_cookies else "satark_step"


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def is_ours(desk: Desk, request: Request, token: str) -> bool:
    """Tell whether a form, or a script of ours, on the login pages sent this."""
    cookie = request.cookies.get(desk.login_cookie)
    return from_our_page(request) and desk.tokens.allows(cookie, token)


def show_form(
    desk: Desk, request: Request, *, status: int = 200, problem: str = "", name: str = ""
) -> Response:
    """Show the form for name and password, with the other ways in that there are."""
    # Whoever sees this form has no session, or will not need the one he has.
    request.state.session = None
    return show_guarded(
        desk,
        request,
        "login.html",
        status=status,
        problem=problem,
        username=name,
        passkeys=desk.identity is not None and origin_of(desk.options, request) is not None,
        provider=desk.identity is not None and desk.options.single_sign_on is not None,
    )


def show_guarded(
    desk: Desk, request: Request, template: str, *, status: int = 200, **values: object
) -> Response:
    """Show a page with a form that is sent before there is a session."""
    cookie = request.cookies.get(desk.login_cookie) or desk.tokens.new_cookie()
    response = desk.page(request, template, status=status, csrf=desk.tokens.token(cookie), **values)
    desk.set_cookie(response, desk.login_cookie, cookie)
    return response


async def let_in(
    desk: Desk,
    request: Request,
    member: StaffMember,
    response: Response | None = None,
    *,
    method: Method,
    strong: bool,
) -> Response:
    """Begin a session, put it into an answer (by default one that leads where the member wanted to go), note it."""
    address = address_of(request)
    await asyncio.to_thread(desk.sessions.end, request.cookies.get(desk.session_cookie))
    await desk.note(member.username, "login", member.username, address=address, method=method)
    value = await asyncio.to_thread(
        desk.sessions.begin,
        member,
        method=method,
        strong=strong,
        address=address,
        agent=request.headers.get("user-agent", ""),
    )
    if response is None:
        response = RedirectResponse(wish.wish_of(request), status_code=303)
    desk.set_cookie(response, desk.session_cookie, value)
    for name in (desk.login_cookie, step_cookie(desk), wish.COOKIE):
        forget(desk, response, name)
    return response


def forget(desk: Desk, response: Response, name: str) -> None:
    """Remove one of our cookies."""
    response.delete_cookie(name, secure=desk.options.secure_cookies, httponly=True, samesite="strict")
