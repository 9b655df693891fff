"""The account page, the password, the open sessions, and leaving."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from webauthn.helpers import bytes_to_base64url

from satark.core.errors import InputInvalid
from satark.core.staff import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, Standing
from satark.web import wish
from satark.web.account.agents import browser_name
from satark.web.account.codes import CodePages
from satark.web.account.fresh import is_fresh
from satark.web.account.passkeys import PasskeyPages
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.i18n import mark as _
from satark.web.i18n import mark_plural as ngettext
from satark.web.identity.origin import origin_of
from satark.web.login.entering import address_of, forget, let_in
from satark.web.permissions import ROLE_NAMES
from satark.web.routing import ACCOUNT, Page
from satark.web.sessions import key_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.rendering import Renderer
    from satark.web.sessions import Session

_MAX_ID = 40
METHOD_NAMES = {
    "password": _("Password"),
    "passkey": _("Passkey"),
    "single_sign_on": _("Single sign-on"),
}
FLASHES = {
    "password_changed": ngettext("Your password has been changed.", "Your password has been changed."),
    "sessions_ended": ngettext("The session has been ended.", "%(count)s sessions have been ended."),
    "passkey_added": ngettext("The passkey has been added.", "The passkey has been added."),
    "passkey_removed": ngettext("The passkey has been removed.", "The passkey has been removed."),
    "totp_removed": ngettext(
        "The codes of your app do not work any more.", "The codes of your app do not work any more."
    ),
    "last_factor": ngettext(
        "A second factor is required here: add another one first.",
        "A second factor is required here: add another one first.",
    ),
    "login_again": ngettext(
        "For this you must have logged in within the last ten minutes. Please log in again.",
        "For this you must have logged in within the last ten minutes. Please log in again.",
    ),
}


def add_words(renderer: Renderer) -> None:
    """Add the filters that the pages of accounts and of staff use."""
    renderer.add_names("role_name", ROLE_NAMES)
    renderer.add_names("login_method", METHOD_NAMES)
    renderer.add_filter("browser_name", lambda _: browser_name)
    renderer.add_filter("passkey_id", lambda _: bytes_to_base64url)


class AccountPages:
    """What everybody may do with his own account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._codes, self._passkeys = CodePages(desk), PasskeyPages(desk)
        desk.renderer.add_flashes(FLASHES)
        add_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/account", self.account, ACCOUNT),
            Page("/account/password", self.change_password, ACCOUNT, methods=("POST",)),
            Page("/account/sessions/end", self.end_session, ACCOUNT, methods=("POST",)),
            Page("/account/sessions/end-others", self.end_others, ACCOUNT, methods=("POST",)),
            Page("/account/again", self.again, ACCOUNT, methods=("POST",)),
            Page("/logout", self.leave, ACCOUNT, methods=("POST",)),
            *self._codes.pages(),
            *self._passkeys.pages(),
        ]

    async def account(self, request: Request, session: Session) -> Response:
        """Show the account."""
        return await self._show(request, session)

    async def change_password(self, request: Request, session: Session) -> Response:
        """Take a new password; all other sessions end, and this one begins anew."""
        desk = self._desk
        form = await desk.form(request)
        present, new = str(form.get("present", "")), str(form.get("new", ""))
        address = address_of(request)
        if desk.throttle.wait_seconds(session.username, address) > 0:
            return await self._show(request, session, status=429, problem="slow")
        if new != str(form.get("again", "")):
            return await self._show(request, session, status=400, problem="differ")
        if not MIN_PASSWORD_LENGTH <= len(new) <= MAX_PASSWORD_LENGTH or session.username in new:
            return await self._show(request, session, status=400, problem="weak")
        if new == present:
            return await self._show(request, session, status=400, problem="same")
        desk.throttle.failed(session.username, address)
        if await asyncio.to_thread(desk.staff.verify, session.username, present) is None:
            return await self._show(request, session, status=403, problem="wrong")
        desk.throttle.succeeded(session.username, address)
        try:
            member = await asyncio.to_thread(
                desk.staff.change_password, session.username, new, actor=session.username
            )
        except InputInvalid:
            return await self._show(request, session, status=400, problem="weak")
        await asyncio.to_thread(desk.sessions.store.end_all, session.username, actor=session.username)
        response = desk.after("/account" if session.needs else "/", Flash("password_changed"))
        return await let_in(desk, request, member, response, method="password", strong=session.strong)

    async def end_session(self, request: Request, session: Session) -> Response:
        """End one of one's own sessions."""
        desk = self._desk
        name = text_of(await desk.form(request), "session", _MAX_ID)
        ended = await asyncio.to_thread(
            desk.sessions.store.end, session.username, name, actor=session.username
        )
        return desk.after("/account", Flash("sessions_ended") if ended else None)

    async def end_others(self, request: Request, session: Session) -> Response:
        """End all of one's own sessions but this one."""
        desk = self._desk
        cookie = request.cookies[desk.session_cookie]
        ended = await asyncio.to_thread(
            desk.sessions.store.end_all, session.username, actor=session.username, but=key_of(cookie)
        )
        return desk.after("/account", Flash("sessions_ended", ended) if ended else None)

    async def again(self, request: Request, _session: Session) -> Response:
        """End this session and come back to the account after the next login."""
        response = await self._left(request)
        self._desk.set_cookie(response, wish.COOKIE, "/account", seconds=wish.KEPT_SECONDS)
        return response

    async def leave(self, request: Request, _session: Session) -> Response:
        """End this session."""
        return await self._left(request)

    async def _left(self, request: Request) -> Response:
        desk = self._desk
        await asyncio.to_thread(desk.sessions.end, request.cookies.get(desk.session_cookie))
        response = RedirectResponse("/login", status_code=303)
        forget(desk, response, desk.session_cookie)
        return response

    async def _show(
        self, request: Request, session: Session, *, status: int = 200, problem: str = ""
    ) -> Response:
        desk = self._desk
        own = desk.identity is not None and session.method != "single_sign_on"
        standing, passkeys = Standing(), []
        if desk.identity is not None and own:
            standing = await asyncio.to_thread(desk.identity.factors.standing, session.username)
            passkeys = await asyncio.to_thread(desk.identity.factors.passkeys, session.username)
        return desk.page(
            request,
            "account/account.html",
            status=status,
            problem=problem,
            own=own,
            fresh=is_fresh(desk, session),
            required=desk.options.second_factor,
            standing=standing,
            passkeys=passkeys,
            passkeys_work=origin_of(desk.options, request) is not None,
            sessions=await asyncio.to_thread(desk.sessions.alive, session.username),
            least=MIN_PASSWORD_LENGTH,
        )
