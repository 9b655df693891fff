"""Pages behind the login: how an area declares them, and the one guard that every request passes first.

An area (`satark.web.<area>.pages`) returns a list of `Page`; `guarded` makes the routes. Before an endpoint runs,
the guard has found the session, checked the permission against `satark.web.permissions` and, for everything but
reading, that the request came from a page of ours and carries the session's token. An endpoint that takes a form
reads it with `satark.web.forms.read_form`; the second read costs nothing.

A route that is neither guarded nor named in `OPEN_PATHS` fails a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from satark.web.forms import read_form
from satark.web.permissions import PERMISSIONS
from satark.web.security import from_our_page
from satark.web.sessions import Session
from satark.web.wish import remember_wish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.cases.deadlines import Due
    from satark.web.desk import Desk

Endpoint = Callable[[Request, Session], Awaitable[Response]]
"""What an area writes: the request and who sent it, to an answer."""

OPEN_PATHS = frozenset(
    {
        "/login",
        "/login/second",
        "/login/passkey",
        "/login/passkey/options",
        "/login/single-sign-on",
        "/login/single-sign-on/back",
        "/settings",
        "/static/{name}",
        "/health/live",
        "/c/{token}",
    }
)
"""What answers without a login: the ways in, our own files, the health check, and a customer's signed link."""

ACCOUNT = "account.self"
_READING = frozenset({"GET", "HEAD"})
_log = structlog.get_logger("satark.web")


@dataclass(frozen=True, slots=True)
class Page:
    """One page or act behind the login.

    Attributes
    ----------
    path
        As Starlette writes it, for instance ``/cases/{case:int}``.
    endpoint
        ``async (request, session) -> Response``.
    permission
        A name of `satark.web.permissions.PERMISSIONS`.
    methods
        GET brings HEAD along. Everything else must carry the session's token.
    upload
        The form may bring one file (see `satark.web.forms`).
    touch
        Whether a request counts as being there. False for what a page asks by itself, so that a page left open
        does not keep its session alive.
    stream
        Server-sent events: without a session the answer is 204, which tells an EventSource not to come back.

    Raises
    ------
    ValueError
        The permission is not in the table.
    """

    path: str
    endpoint: Endpoint
    permission: str
    methods: tuple[str, ...] = ("GET",)
    upload: bool = False
    touch: bool = True
    stream: bool = False

    def __post_init__(self) -> None:
        """Refuse a permission that nobody could have."""
        if self.permission not in PERMISSIONS:
            message = f"{self.path}: there is no permission {self.permission}"
            raise ValueError(message)


class GuardedRoute(Route):
    """A route whose endpoint runs only after the guard; `page` says what was declared."""

    def __init__(self, desk: Desk, page: Page) -> None:
        self.page = page

        async def answer(request: Request) -> Response:
            return await guard(desk, page, request)

        super().__init__(page.path, answer, methods=list(page.methods))


def guarded(desk: Desk, pages: Iterable[Page]) -> list[GuardedRoute]:
    """Return the routes of an area's pages."""
    return [GuardedRoute(desk, page) for page in pages]


async def guard(desk: Desk, page: Page, request: Request) -> Response:
    """Let a request through to its page, or say why not.

    Raises
    ------
    HTTPException
        403: the role may not do this, or the form does not prove that a page of ours sent it; and what reading
        a form raises.
    """
    cookie = request.cookies.get(desk.session_cookie)
    session, due = await asyncio.to_thread(_who, desk, cookie, touch=page.touch)
    # What renders the page asks again who is logged in, and must not ask the database again.
    request.state.session, request.state.due = session, due
    if session is None:
        return _nobody(desk, page, request)
    if session.needs and page.permission != ACCOUNT:
        return _unfinished(page, request)
    if not session.may(page.permission):
        _log.warning("page_refused", path=page.path, permission=page.permission, role=session.role)
        raise HTTPException(403, detail="permission")
    try:
        if request.method not in _READING:
            await _prove(page, request, session)
        return await page.endpoint(request, session)
    finally:
        # A file that came with a form waits in a temporary one.
        await request.close()


def _who(desk: Desk, cookie: str | None, *, touch: bool) -> tuple[Session | None, Due | None]:
    """Return who asks, and how many of that person's cases press; in one thread, since both ask the database."""
    session = desk.sessions.find(cookie, touch=touch)
    return session, None if session is None or session.needs else desk.due(session)


def _nobody(desk: Desk, page: Page, request: Request) -> Response:
    """Answer someone who is not logged in."""
    if page.stream:
        return Response(status_code=204)
    response = desk.to_login(request)
    if request.method == "GET" and page.touch:
        remember_wish(desk, request, response)
    return response


def _unfinished(page: Page, request: Request) -> Response:
    """Send someone who must first change a password or set up a second factor to where that is done."""
    if page.stream:
        return Response(status_code=204)
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"hx-redirect": "/account"})
    return RedirectResponse("/account", status_code=303)


async def _prove(page: Page, request: Request, session: Session) -> None:
    """Refuse what another site, or a page from before this session, has sent."""
    if not from_our_page(request):
        raise HTTPException(403, detail="form")
    token = request.headers.get("x-csrf-token")
    if token is None:
        field = (await read_form(request, upload=page.upload)).get("csrf", "")
        token = field if isinstance(field, str) else ""
    if not session.allows(token):
        raise HTTPException(403, detail="form")
