"""Registering and removing one's passkeys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from satark.web.account.fresh import is_fresh, now_strong, own_factors
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.identity import passkeys
from satark.web.identity.origin import origin_of
from satark.web.json_body import read_json
from satark.web.login.passkey import passkey_cookie
from satark.web.routing import ACCOUNT, Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.sessions import Session

KIND = "registration"
MOST = 20
"""Passkeys that one member may have."""
_MAX_ID_TEXT = 2 * passkeys.MAX_CREDENTIAL_BYTES


class PasskeyPages:
    """The calls of the script, and the form that removes one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/account/passkeys/options", self.options, ACCOUNT, methods=("POST",)),
            Page("/account/passkeys", self.add, ACCOUNT, methods=("POST",)),
            Page("/account/passkeys/remove", self.remove, ACCOUNT, methods=("POST",)),
        ]

    async def options(self, request: Request, session: Session) -> Response:
        """Say what to ask the authenticator."""
        desk = self._desk
        identity, origin = own_factors(desk, session), origin_of(desk.options, request)
        if origin is None:
            raise HTTPException(404)
        if not is_fresh(desk, session):
            return JSONResponse({"problem": "again"}, status_code=403)
        present = await asyncio.to_thread(identity.factors.passkeys, session.username)
        if len(present) >= MOST:
            return JSONResponse({"problem": "many"}, status_code=409)
        challenge = passkeys.new_challenge()
        step = await asyncio.to_thread(
            identity.steps.begin,
            KIND,
            {"challenge": challenge, "username": session.username},
            seconds=passkeys.CHALLENGE_SECONDS,
        )
        handle = identity.factors.handle(session.username)
        response = JSONResponse(
            passkeys.registration_options(origin, session.username, handle, challenge, present)
        )
        desk.set_cookie(response, passkey_cookie(desk), step)
        return response

    async def add(self, request: Request, session: Session) -> Response:
        """Check the authenticator's answer and keep its passkey."""
        desk = self._desk
        identity, origin = own_factors(desk, session), origin_of(desk.options, request)
        if origin is None:
            raise HTTPException(404)
        answer = await read_json(request)
        step = await asyncio.to_thread(identity.steps.take, request.cookies.get(passkey_cookie(desk)), KIND)
        if step is None or step["username"] != session.username or not is_fresh(desk, session):
            return JSONResponse({"problem": "stale"}, status_code=403)
        name = str(answer.get("name") or "").strip()[: passkeys.MAX_NAME]
        passkey = passkeys.registered(
            answer, origin, step["challenge"], session.username, name, desk.clock.now_us()
        )
        if passkey is None:
            return JSONResponse({"problem": "wrong"}, status_code=400)
        before = await asyncio.to_thread(identity.factors.standing, session.username)
        if not await asyncio.to_thread(identity.factors.add_passkey, passkey, actor=session.username):
            return JSONResponse({"problem": "known"}, status_code=409)
        await asyncio.to_thread(now_strong, desk, request, session, first=not before.second_factor)
        response = JSONResponse({"to": "/account"})
        after = desk.after("/account", Flash("passkey_added"))
        for cookie in after.headers.getlist("set-cookie"):
            response.headers.append("set-cookie", cookie)
        return response

    async def remove(self, request: Request, session: Session) -> Response:
        """Remove a passkey."""
        desk = self._desk
        identity = own_factors(desk, session)
        if not is_fresh(desk, session):
            return desk.after("/account", Flash("login_again"))
        credential_id = passkeys.credential_id_of(
            {"rawId": text_of(await desk.form(request), "passkey", _MAX_ID_TEXT)}
        )
        standing = await asyncio.to_thread(identity.factors.standing, session.username)
        if desk.options.second_factor and not standing.totp and standing.passkeys == 1:
            return desk.after("/account", Flash("last_factor"))
        removed = credential_id is not None and await asyncio.to_thread(
            identity.factors.remove_passkey, session.username, credential_id, actor=session.username
        )
        return desk.after("/account", Flash("passkey_removed") if removed else None)
