"""Logging in and out."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from satark.web.security import from_our_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk

_MAX_NAME = 64
_MAX_PASSWORD = 1_024
_MAX_CHECKS = 2


class LoginPages:
    """The form and what it leads to."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # A password check takes tens of megabytes and milliseconds on purpose: never many at once.
        self._gate = asyncio.Semaphore(_MAX_CHECKS)

    async def form(self, request: Request) -> Response:
        """Show the form."""
        if self._desk.session(request) is not None:
            return RedirectResponse("/", status_code=303)
        return self._form(request)

    async def enter(self, request: Request) -> Response:
        """Check name and password."""
        desk = self._desk
        form = await desk.form(request)
        cookie = request.cookies.get(desk.login_cookie)
        if not (from_our_page(request) and desk.tokens.allows(cookie, str(form.get("csrf", "")))):
            return self._form(request, status=403, problem="stale")
        name = str(form.get("username", ""))[:_MAX_NAME].strip()
        password = str(form.get("password", ""))
        address = request.client.host if request.client else ""
        wait = desk.throttle.wait_seconds(name, address)
        if wait > 0:
            response = self._form(request, status=429, problem="slow", name=name)
            response.headers["retry-after"] = str(math.ceil(wait))
            return response
        # Counted before the check, so that many guesses at once do not slip past together.
        desk.throttle.failed(name, address)
        member = None
        if len(password) <= _MAX_PASSWORD:
            async with self._gate:
                member = await asyncio.to_thread(desk.staff.verify, name, password)
        if member is None:
            await desk.note("-", "login_failed", name, address=address)
            return self._form(request, status=403, problem="wrong", name=name)
        desk.throttle.succeeded(name)
        desk.sessions.end(request.cookies.get(desk.session_cookie))
        await desk.note(member.username, "login", member.username, address=address)
        response = RedirectResponse("/", status_code=303)
        desk.set_cookie(response, desk.session_cookie, desk.sessions.begin(member))
        response.delete_cookie(desk.login_cookie, secure=desk.options.secure_cookies)
        return response

    async def leave(self, request: Request) -> Response:
        """End the session."""
        desk = self._desk
        session = desk.session(request)
        if session is None:
            return desk.to_login(request)
        form = await desk.form(request)
        if not (from_our_page(request) and session.allows(str(form.get("csrf", "")))):
            raise HTTPException(403)
        desk.sessions.end(request.cookies.get(desk.session_cookie))
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(desk.session_cookie, secure=desk.options.secure_cookies)
        return response

    def _form(self, request: Request, *, status: int = 200, problem: str = "", name: str = "") -> Response:
        desk = self._desk
        cookie = request.cookies.get(desk.login_cookie) or desk.tokens.new_cookie()
        token = desk.tokens.token(cookie)
        response = desk.page(request, "login.html", status=status, problem=problem, username=name, csrf=token)
        desk.set_cookie(response, desk.login_cookie, cookie)
        return response
