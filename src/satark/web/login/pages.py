"""Logging in with name and password: the first of two steps for everybody who has a second factor."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from satark.web.login.entering import (
    MAX_NAME,
    STEP_SECONDS,
    address_of,
    is_ours,
    let_in,
    show_form,
    step_cookie,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk

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
        desk = self._desk
        cookie = request.cookies.get(desk.session_cookie)
        if await asyncio.to_thread(desk.sessions.find, cookie) is not None:
            return RedirectResponse("/", status_code=303)
        return show_form(desk, request)

    async def enter(self, request: Request) -> Response:
        """Check name and password."""
        desk = self._desk
        form = await desk.form(request)
        if not is_ours(desk, request, str(form.get("csrf", ""))):
            return show_form(desk, request, status=403, problem="stale")
        name = str(form.get("username", ""))[:MAX_NAME].strip()
        password = str(form.get("password", ""))
        address = address_of(request)
        wait = desk.throttle.wait_seconds(name, address)
        if wait > 0:
            response = show_form(desk, request, status=429, problem="slow", name=name)
            response.headers["retry-after"] = str(math.ceil(wait))
            return response
        # Counted before the check, so that many guesses at once do not slip past together.
        desk.throttle.failed(name, address)
        member = None
        if len(password) <= _MAX_PASSWORD:
            async with self._gate:
                member = await asyncio.to_thread(desk.staff.verify, name, password)
        if member is None:
            # People type passwords into the wrong field: a name that is nobody's goes into no trail.
            known = await asyncio.to_thread(desk.staff.find, name)
            await desk.note("-", "login_failed", "" if known is None else name, address=address)
            return show_form(desk, request, status=403, problem="wrong", name=name)
        desk.throttle.succeeded(name, address)
        if desk.identity is not None:
            standing = await asyncio.to_thread(desk.identity.factors.standing, member.username)
            if standing.second_factor:
                body = {"username": member.username, "changed_us": str(member.changed_us)}
                step = await asyncio.to_thread(
                    desk.identity.steps.begin, "second", body, seconds=STEP_SECONDS
                )
                response = RedirectResponse("/login/second", status_code=303)
                desk.set_cookie(response, step_cookie(desk), step)
                return response
        return await let_in(desk, request, member, method="password", strong=False)
