"""Logging in with a passkey: instead of name and password, or as the second step after them.

Two calls of a script: what to ask the authenticator, and its answer. Each challenge is kept for minutes under a random
value in a cookie and is used up by the first answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from satark.web import wish
from satark.web.identity import passkeys
from satark.web.identity.origin import origin_of
from satark.web.json_body import read_json
from satark.web.login.entering import address_of, forget, is_ours, let_in, step_cookie
from satark.web.login.second import half_in

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.identity.origin import Origin
    from satark.web.identity.ports import IdentityStore
    from satark.web.ports import StaffMember

KIND = "passkey"


def passkey_cookie(desk: Desk) -> str:
    """Return the name of the cookie that finds a challenge."""
    return "__Host-satark_passkey" if desk.options.secure_cookies else "satark_passkey"


class PasskeyLogin:
    """The two calls."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def options(self, request: Request) -> Response:
        """Say what to ask the authenticator."""
        desk = self._desk
        identity, origin = self._known(request)
        if not is_ours(desk, request, request.headers.get("x-csrf-token", "")):
            return JSONResponse({"problem": "stale"}, status_code=403)
        await read_json(request)
        member = await half_in(desk, request)
        username = "" if member is None else member.username
        own = [] if member is None else await asyncio.to_thread(identity.factors.passkeys, username)
        challenge = passkeys.new_challenge()
        step = await asyncio.to_thread(
            identity.steps.begin,
            KIND,
            {"challenge": challenge, "username": username},
            seconds=passkeys.CHALLENGE_SECONDS,
        )
        response = JSONResponse(passkeys.login_options(origin, challenge, own))
        desk.set_cookie(response, passkey_cookie(desk), step)
        return response

    async def enter(self, request: Request) -> Response:
        """Check the authenticator's answer."""
        desk = self._desk
        identity, origin = self._known(request)
        if not is_ours(desk, request, request.headers.get("x-csrf-token", "")):
            return JSONResponse({"problem": "stale"}, status_code=403)
        answer = await read_json(request)
        address = address_of(request)
        if desk.throttle.wait_seconds("", address) > 0:
            return JSONResponse({"problem": "slow"}, status_code=429)
        cookie = request.cookies.get(passkey_cookie(desk))
        step = await asyncio.to_thread(identity.steps.take, cookie, KIND)
        if step is None:
            return JSONResponse({"problem": "stale"}, status_code=403)
        member = await asyncio.to_thread(self._member, identity, origin, step, answer)
        if member is None:
            desk.throttle.failed("", address)
            await desk.note("-", "login_failed", step["username"], address=address, method="passkey")
            return JSONResponse({"problem": "wrong"}, status_code=403)
        await asyncio.to_thread(identity.steps.take, request.cookies.get(step_cookie(desk)), "second")
        response = JSONResponse({"to": wish.wish_of(request)})
        forget(desk, response, passkey_cookie(desk))
        return await let_in(desk, request, member, response, method="passkey", strong=True)

    def _member(
        self, identity: IdentityStore, origin: Origin, step: dict[str, str], answer: dict[str, Any]
    ) -> StaffMember | None:
        """Return who has proved himself, writing down the use of the passkey."""
        credential_id = passkeys.credential_id_of(answer)
        known = None if credential_id is None else identity.factors.passkey(credential_id)
        if known is None or step["username"] not in ("", known.username):
            return None
        member = self._desk.staff.find(known.username)
        if member is None or member.disabled_us is not None:
            return None
        handle = identity.factors.handle(known.username)
        count = passkeys.new_sign_count(answer, known, handle, origin, step["challenge"])
        if count is None or not identity.factors.use_passkey(known, count):
            return None
        return member

    def _known(self, request: Request) -> tuple[IdentityStore, Origin]:
        request.state.session = None
        origin = origin_of(self._desk.options, request)
        if self._desk.identity is None or origin is None:
            raise HTTPException(404)
        return self._desk.identity, origin
