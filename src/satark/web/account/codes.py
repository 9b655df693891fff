"""Setting up one-time passwords of an app, and recovery codes.

A new secret counts only when a code made from it has come back, so that nobody locks himself out with an app that did
not take it. Recovery codes are shown once, right after they were made, and kept as digests.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.responses import RedirectResponse

from satark.web.account.fresh import is_fresh, now_strong, own_factors
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.identity import codes
from satark.web.routing import ACCOUNT, Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.sessions import Session

_MAX_CODE = 40
_GROUP = 4


class CodePages:
    """The pages of codes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/account/codes", self.show, ACCOUNT),
            Page("/account/codes", self.confirm, ACCOUNT, methods=("POST",)),
            Page("/account/codes/begin", self.begin, ACCOUNT, methods=("POST",)),
            Page("/account/codes/remove", self.remove, ACCOUNT, methods=("POST",)),
            Page("/account/recovery", self.recovery, ACCOUNT, methods=("POST",)),
        ]

    async def begin(self, _: Request, session: Session) -> Response:
        """Make a secret that waits for its first code."""
        desk = self._desk
        identity = own_factors(desk, session)
        if not is_fresh(desk, session):
            return desk.after("/account", Flash("login_again"))
        await asyncio.to_thread(identity.factors.begin_totp, session.username, codes.new_secret())
        return RedirectResponse("/account/codes", status_code=303)

    async def show(self, request: Request, session: Session) -> Response:
        """Show the waiting secret as a QR code."""
        return await self._show(request, session)

    async def confirm(self, request: Request, session: Session) -> Response:
        """Take the first code of the waiting secret; from then on it counts."""
        desk = self._desk
        identity = own_factors(desk, session)
        code = text_of(await desk.form(request), "code", _MAX_CODE)
        secret = await asyncio.to_thread(identity.factors.pending_totp, session.username)
        if secret is None or not is_fresh(desk, session):
            return desk.after("/account", Flash("login_again"))
        step = codes.matching_step(secret, code, desk.clock.now_us())
        if step is None:
            return await self._show(request, session, status=400, problem="wrong")
        name = session.username
        before = await asyncio.to_thread(identity.factors.standing, name)
        if not await asyncio.to_thread(identity.factors.confirm_totp, name, step, actor=name):
            return desk.after("/account", Flash("login_again"))
        await asyncio.to_thread(now_strong, desk, request, session, first=not before.second_factor)
        if before.recovery_codes:
            return desk.after("/account")
        return await self._new_codes(request, session)

    async def remove(self, _: Request, session: Session) -> Response:
        """Let the codes of the app work no more."""
        desk = self._desk
        identity = own_factors(desk, session)
        if not is_fresh(desk, session):
            return desk.after("/account", Flash("login_again"))
        standing = await asyncio.to_thread(identity.factors.standing, session.username)
        if desk.options.second_factor and not standing.passkeys:
            return desk.after("/account", Flash("last_factor"))
        removed = await asyncio.to_thread(
            identity.factors.remove_totp, session.username, actor=session.username
        )
        return desk.after("/account", Flash("totp_removed") if removed else None)

    async def recovery(self, request: Request, session: Session) -> Response:
        """Make new recovery codes and show them this once; the old ones do not work any more."""
        desk = self._desk
        identity = own_factors(desk, session)
        if not is_fresh(desk, session):
            return desk.after("/account", Flash("login_again"))
        standing = await asyncio.to_thread(identity.factors.standing, session.username)
        if not standing.second_factor:
            return desk.after("/account")
        return await self._new_codes(request, session)

    async def _new_codes(self, request: Request, session: Session) -> Response:
        desk = self._desk
        identity = own_factors(desk, session)
        made = codes.new_recovery_codes()
        await asyncio.to_thread(
            identity.factors.new_recovery_codes, session.username, made, actor=session.username
        )
        return desk.page(request, "account/recovery.html", codes=made)

    async def _show(
        self, request: Request, session: Session, *, status: int = 200, problem: str = ""
    ) -> Response:
        desk = self._desk
        identity = own_factors(desk, session)
        secret = await asyncio.to_thread(identity.factors.pending_totp, session.username)
        if secret is None or not is_fresh(desk, session):
            return RedirectResponse("/account", status_code=303)
        # The library draws squares; nothing of the text that they say is markup.
        drawing = Markup(codes.qr_code(codes.address_of(secret, session.username)))  # noqa: S704
        groups = [secret[start : start + _GROUP] for start in range(0, len(secret), _GROUP)]
        return desk.page(
            request, "account/codes.html", status=status, problem=problem, drawing=drawing, groups=groups
        )
