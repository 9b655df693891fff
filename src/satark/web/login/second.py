"""The second step of a login: a one-time password, a recovery code, or a passkey (`satark.web.login.passkey`).

Whose password was right is remembered under a random value that only this browser has, for minutes. Tries are counted
for the member and not for the browser, before the check, and survive a restart: six digits are few.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from satark.web.identity.codes import matching_step, plain_recovery_code
from satark.web.identity.origin import origin_of
from satark.web.login.entering import address_of, is_ours, let_in, show_form, show_guarded, step_cookie

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.core.staff import Standing
    from satark.web.desk import Desk
    from satark.web.identity.ports import IdentityStore
    from satark.web.ports import StaffMember

_MAX_CODE = 40


class SecondPages:
    """The form for the second factor and what it leads to."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def form(self, request: Request) -> Response:
        """Show the form."""
        desk, identity = self._desk, self._desk.identity
        member = await half_in(desk, request)
        if identity is None or member is None:
            return RedirectResponse("/login", status_code=303)
        return await self._form(request, identity, member)

    async def enter(self, request: Request) -> Response:
        """Check a code."""
        desk, identity = self._desk, self._desk.identity
        form = await desk.form(request)
        if not is_ours(desk, request, str(form.get("csrf", ""))):
            return show_form(desk, request, status=403, problem="stale")
        member = await half_in(desk, request)
        if identity is None or member is None:
            return show_form(desk, request, status=403, problem="stale")
        wait = await asyncio.to_thread(identity.factors.attempt, member.username)
        if wait > 0:
            response = await self._form(request, identity, member, status=429, problem="slow")
            response.headers["retry-after"] = str(math.ceil(wait))
            return response
        code = str(form.get("code", ""))[:_MAX_CODE]
        if not await asyncio.to_thread(self._right, identity, member.username, code):
            await desk.note(
                "-", "second_factor_failed", member.username, address=address_of(request), method="code"
            )
            return await self._form(request, identity, member, status=403, problem="wrong")
        await asyncio.to_thread(identity.factors.passed, member.username)
        await asyncio.to_thread(identity.steps.take, request.cookies.get(step_cookie(desk)), "second")
        return await let_in(desk, request, member, method="password", strong=True)

    def _right(self, identity: IdentityStore, username: str, code: str) -> bool:
        """Check a code of either kind and use it up."""
        recovery = plain_recovery_code(code)
        if recovery is not None:
            return identity.factors.use_recovery_code(username, recovery)
        known = identity.factors.totp(username)
        if known is None:
            return False
        secret, last_step = known
        step = matching_step(secret, code, self._desk.clock.now_us(), last_step)
        return step is not None and identity.factors.use_totp(username, step)

    async def _form(
        self,
        request: Request,
        identity: IdentityStore,
        member: StaffMember,
        *,
        status: int = 200,
        problem: str = "",
    ) -> Response:
        standing: Standing = await asyncio.to_thread(identity.factors.standing, member.username)
        return show_guarded(
            self._desk,
            request,
            "login/second.html",
            status=status,
            problem=problem,
            standing=standing,
            passkeys=standing.passkeys > 0 and origin_of(self._desk.options, request) is not None,
        )


async def half_in(desk: Desk, request: Request) -> StaffMember | None:
    """Return the member whose password was right in this browser a moment ago, if he is still who he was."""
    request.state.session = None
    if desk.identity is None:
        return None
    cookie = request.cookies.get(step_cookie(desk))
    step = await asyncio.to_thread(desk.identity.steps.find, cookie, "second")
    if step is None:
        return None
    member = await asyncio.to_thread(desk.staff.find, step["username"])
    if member is None or member.disabled_us is not None or str(member.changed_us) != step["changed_us"]:
        return None
    return member
