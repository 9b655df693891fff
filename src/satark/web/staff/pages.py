"""The administrator's pages: add a member, give a role, end and restore access, reset a lost factor, end sessions.

Nobody changes his own standing here, so that no slip leaves the house without an administrator; that the last one stays
is checked again where it is written.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from satark.core.errors import InputInvalid
from satark.core.staff import ROLES, Standing
from satark.web.account.pages import add_words
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.i18n import mark_plural as ngettext
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.ports import StaffMember
    from satark.web.sessions import Session

MANAGE = "staff.manage"
PASSWORD_BYTES = 15
_MAX_NAME = 64
_MAX_ID = 40
FLASHES = {
    "staff_role_changed": ngettext("The role has been changed.", "The role has been changed."),
    "staff_disabled": ngettext("The access has been ended.", "The access has been ended."),
    "staff_enabled": ngettext("The access has been restored.", "The access has been restored."),
    "staff_reset": ngettext(
        "The second factors have been removed and all sessions ended.",
        "The second factors have been removed and all sessions ended.",
    ),
    "staff_last": ngettext(
        "This is the last administrator: nobody could add people any more.",
        "This is the last administrator: nobody could add people any more.",
    ),
    "staff_self": ngettext(
        "Nobody changes their own access. Ask another administrator.",
        "Nobody changes their own access. Ask another administrator.",
    ),
    "staff_sessions_ended": ngettext("The session has been ended.", "%(count)s sessions have been ended."),
}


class StaffPages:
    """The pages of members."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.renderer.add_flashes(FLASHES)
        add_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        acts = {
            "role": self.change_role,
            "disable": self.disable,
            "enable": self.enable,
            "password": self.new_password,
            "reset": self.reset,
            "sessions/end": self.end_session,
        }
        return [
            Page("/staff", self.everybody, MANAGE),
            Page("/staff", self.add, MANAGE, methods=("POST",)),
            Page("/staff/{username}", self.one, MANAGE),
            *(
                Page(f"/staff/{{username}}/{name}", act, MANAGE, methods=("POST",))
                for name, act in acts.items()
            ),
        ]

    async def everybody(self, request: Request, _: Session) -> Response:
        """Show all members."""
        return await self._everybody(request)

    async def add(self, request: Request, session: Session) -> Response:
        """Add a member and show the password this once."""
        desk = self._desk
        form = await desk.form(request)
        username, role = text_of(form, "username", _MAX_NAME).lower(), text_of(form, "role", _MAX_NAME)
        try:
            made = await asyncio.to_thread(desk.staff.create, username, role, actor=session.username)
        except InputInvalid as error:
            problem = str(error.fields.get("field", ""))
            return await self._everybody(request, status=400, problem=problem, username=username, role=role)
        return desk.page(request, "staff/password.html", member=made.member, password=made.password)

    async def one(self, request: Request, session: Session) -> Response:
        """Show one member."""
        desk = self._desk
        member = await self._member(request)
        standing = Standing()
        if desk.identity is not None:
            standing = await asyncio.to_thread(desk.identity.factors.standing, member.username)
        return desk.page(
            request,
            "staff/member.html",
            member=member,
            standing=standing,
            roles=ROLES,
            own=member.username == session.username,
            sessions=await asyncio.to_thread(desk.sessions.alive, member.username),
        )

    async def change_role(self, request: Request, session: Session) -> Response:
        """Give a member another role; his sessions end."""
        role = text_of(await self._desk.form(request), "role", _MAX_NAME)
        if role not in ROLES:
            raise HTTPException(400)

        def change(username: str) -> None:
            self._desk.staff.change_role(username, role, actor=session.username)

        return await self._change(request, session, change, "staff_role_changed")

    async def disable(self, request: Request, session: Session) -> Response:
        """End a member's access."""

        def change(username: str) -> None:
            self._desk.staff.disable(username, actor=session.username)

        return await self._change(request, session, change, "staff_disabled")

    async def enable(self, request: Request, session: Session) -> Response:
        """Restore a member's access."""

        def change(username: str) -> None:
            self._desk.staff.enable(username, actor=session.username)

        return await self._change(request, session, change, "staff_enabled")

    async def reset(self, request: Request, session: Session) -> Response:
        """Remove a member's second factors: the device is lost."""
        identity = self._desk.identity
        if identity is None:
            raise HTTPException(404)

        def change(username: str) -> None:
            identity.factors.reset(username, actor=session.username)

        return await self._change(request, session, change, "staff_reset")

    async def new_password(self, request: Request, session: Session) -> Response:
        """Make a new password for a member and show it this once; he must change it at the next login."""
        desk = self._desk
        member = await self._member(request)
        if member.username == session.username:
            return desk.after(self._address(member), Flash("staff_self"))
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        changed = await asyncio.to_thread(
            desk.staff.change_password,
            member.username,
            password,
            must_change=True,
            actor=session.username,
        )
        await asyncio.to_thread(desk.sessions.store.end_all, member.username, actor=session.username)
        return desk.page(request, "staff/password.html", member=changed, password=password)

    async def end_session(self, request: Request, session: Session) -> Response:
        """End one of a member's sessions, or all of them."""
        desk = self._desk
        member = await self._member(request)
        name = text_of(await desk.form(request), "session", _MAX_ID)
        store = desk.sessions.store
        if name:
            ended = int(await asyncio.to_thread(store.end, member.username, name, actor=session.username))
        else:
            ended = await asyncio.to_thread(store.end_all, member.username, actor=session.username)
        done = Flash("staff_sessions_ended", ended) if ended else None
        # Whoever has just ended his own session goes where he can log in again.
        return desk.after(self._address(member), done)

    async def _change(
        self, request: Request, session: Session, change: Callable[[str], None], done: str
    ) -> Response:
        """Change a member who is not oneself, and end his sessions."""
        desk = self._desk
        member = await self._member(request)
        if member.username == session.username:
            return desk.after(self._address(member), Flash("staff_self"))
        try:
            await asyncio.to_thread(change, member.username)
        except InputInvalid:
            return desk.after(self._address(member), Flash("staff_last"))
        await asyncio.to_thread(desk.sessions.store.end_all, member.username, actor=session.username)
        return desk.after(self._address(member), Flash(done))

    async def _member(self, request: Request) -> StaffMember:
        member = await asyncio.to_thread(self._desk.staff.find, request.path_params["username"][:_MAX_NAME])
        if member is None:
            raise HTTPException(404)
        return member

    @staticmethod
    def _address(member: StaffMember) -> str:
        return f"/staff/{member.username}"

    async def _everybody(
        self, request: Request, *, status: int = 200, problem: str = "", username: str = "", role: str = ""
    ) -> Response:
        desk = self._desk
        members = await asyncio.to_thread(desk.staff.list)
        names = [member.username for member in members]
        standings = {name: Standing() for name in names}
        if desk.identity is not None:
            standings = await asyncio.to_thread(desk.identity.factors.standings, names)
        return desk.page(
            request,
            "staff/list.html",
            status=status,
            problem=problem,
            username=username,
            role=role,
            roles=ROLES,
            members=sorted(members, key=lambda member: (member.disabled_us is not None, member.username)),
            standings=standings,
        )
