"""What all pages share: who asks, in which language, where things are kept, and how an answer is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, RedirectResponse, Response

from satark.core.errors import StorageUnavailable
from satark.web import flash, i18n
from satark.web.forms import read_form
from satark.web.navigation import Navigation

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from satark.cases.deadlines import Due
    from satark.cases.ports import CaseStore, Entities, Outbox
    from satark.core.clock import Clock
    from satark.web.assets import Assets
    from satark.web.audit.pages import Trail
    from satark.web.deadlines import DueClock
    from satark.web.feed import Feed
    from satark.web.identity.ports import IdentityStore
    from satark.web.options import WebOptions
    from satark.web.ports import (
        AuditTrail,
        Commands,
        DecisionReader,
        DeskStore,
        ModelShelf,
        StaffDirectory,
    )
    from satark.web.rendering import Renderer
    from satark.web.security import LoginTokens
    from satark.web.sessions import Session, Sessions
    from satark.web.throttle import Throttle

THEMES = ("auto", "light", "dark")
_YEAR_SECONDS = 31_536_000
_KNOWN_REFUSALS = frozenset({400, 403, 404, 405, 409, 413, 429, 503})
_BROKEN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The collaborators of all pages.

    Attributes
    ----------
    reader
        The engine's log, read only.
    desk_store
        Cases and all else that people work on; None where only the live page is served.
    identity
        Sessions and second factors of the staff; None where nothing of them is kept.
    trail
        The installation's own audit trail, to be read; None where it cannot be.
    models
        The models of the installation's folder; None where there is none.
    navigation
        The entries of the bar; filled when the areas are registered.
    """

    reader: DecisionReader
    staff: StaffDirectory
    options: WebOptions
    audit: AuditTrail | None
    assets: Assets
    feed: Feed
    renderer: Renderer
    sessions: Sessions
    throttle: Throttle
    tokens: LoginTokens
    clock: Clock
    desk_store: DeskStore | None = None
    identity: IdentityStore | None = None
    trail: Trail | None = None
    models: ModelShelf | None = None
    navigation: Navigation = field(default_factory=Navigation)
    due_clock: DueClock | None = None

    @property
    def store(self) -> DeskStore:
        """The desk database.

        Raises
        ------
        StorageUnavailable
            These pages were made without one.
        """
        if self.desk_store is None:
            message = "these pages have no desk database"
            raise StorageUnavailable(message)
        return self.desk_store

    @property
    def cases(self) -> CaseStore:
        """Cases and their alerts; its calls block: use a thread."""
        return self.store.cases

    @property
    def entities(self) -> Entities:
        """What cards, devices and people have done."""
        return self.store.entities

    @property
    def outbox(self) -> Outbox:
        """Messages on their way out."""
        return self.store.outbox

    @property
    def notices(self) -> Any:  # noqa: ANN401 - the area of notices asks for what it needs
        """Notices to customers and their answers."""
        return self.store.notices

    @property
    def commands(self) -> Commands:
        """What the engine is asked to put into its log."""
        return self.store.commands

    @property
    def audit_log(self) -> Any:  # noqa: ANN401 - as above
        """The chain of what people did at the desk."""
        return self.store.audit

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie."""
        return "__Host-satark_session" if self.options.secure_cookies else "satark_session"

    @property
    def login_cookie(self) -> str:
        """The name of the cookie that guards the login form."""
        return "__Host-satark_login" if self.options.secure_cookies else "satark_login"

    def due(self, session: Session | None) -> Due | None:
        """Return how many of one's own cases press, None where nobody could have any; blocks, so use a thread."""
        if (
            self.due_clock is None
            or self.desk_store is None
            or session is None
            or not session.may("cases.work")
        ):
            return None
        return self.due_clock.of(self.desk_store.cases, session.username)

    def session(self, request: Request, *, touch: bool = True) -> Session | None:
        """Return who is logged in; asks the database only when the guard has not done so."""
        if hasattr(request.state, "session"):
            found: Session | None = request.state.session
            return found
        return self.sessions.find(request.cookies.get(self.session_cookie), touch=touch)

    async def still_there(self, request: Request) -> bool:
        """Return whether the session of a long answer has not ended meanwhile."""
        cookie = request.cookies.get(self.session_cookie)
        return await asyncio.to_thread(self.sessions.find, cookie, touch=False) is not None

    def lang(self, request: Request) -> str:
        """Return the language of a request."""
        accepted = request.headers.get("accept-language", "")
        return i18n.choose(request.cookies.get("satark_lang"), accepted, self.options.language)

    def theme(self, request: Request) -> str:
        """Return auto, light or dark."""
        theme = request.cookies.get("satark_theme", "auto")
        return theme if theme in THEMES else "auto"

    def page(self, request: Request, name: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """Return a whole page; the template extends `base.html`."""
        session = self.session(request, touch=False)
        done = flash.read(request.cookies)
        path = request.url.path
        html = self.renderer.render(
            self.lang(request),
            name,
            session=session,
            theme=self.theme(request),
            themes=THEMES,
            path=path,
            back=self._back(request),
            flash=done,
            due=getattr(request.state, "due", None),
            entries=self.navigation.entries(None if session is None or session.needs else session.role),
            current=self.navigation.current(path),
            **values,
        )
        response = HTMLResponse(html, status_code=status)
        if done is not None:
            response.delete_cookie(flash.COOKIE, secure=self.options.secure_cookies, samesite="strict")
        return response

    def _back(self, request: Request) -> str:
        """Return where the switches of language and colours come back to: this page, or what its form stands on."""
        if request.method in {"GET", "HEAD"}:
            return _address(request)
        return self.navigation.readable(request.url.path)

    def fragment(self, lang: str, name: str, **values: Any) -> str:  # noqa: ANN401
        """Return a piece of a page."""
        return self.renderer.render(lang, name, **values)

    def piece(self, request: Request, name: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """Return a piece of a page as an answer to htmx."""
        return HTMLResponse(self.fragment(self.lang(request), name, **values), status_code=status)

    def after(self, address: str, done: flash.Flash | None = None) -> Response:
        """Return the redirect that follows a form, with a word about what was done."""
        response = RedirectResponse(address, status_code=303)
        if done is not None:
            self.set_cookie(response, flash.COOKIE, done.cookie(), seconds=flash.KEPT_SECONDS)
        return response

    def error_page(self, request: Request, status: int, reason: str = "") -> Response:
        """Return the page of a refusal; `reason` is the guard's: permission or form."""
        known = status if status in _KNOWN_REFUSALS else _BROKEN
        if known == _BROKEN:
            status = _BROKEN
        phrase = HTTPStatus(status).phrase
        if status >= _BROKEN and not hasattr(request.state, "session"):
            # Whatever broke may be the very thing that knows who is logged in.
            request.state.session = None
        return self.page(request, "error.html", status=status, code=known, phrase=phrase, reason=reason)

    def to_login(self, request: Request) -> Response:
        """Send someone who is not logged in to the form; htmx is told to change the whole page."""
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"hx-redirect": "/login"})
        return RedirectResponse("/login", status_code=303)

    async def form(self, request: Request, *, upload: bool = False) -> FormData:
        """Return the form of a request: see `satark.web.forms`.

        Raises
        ------
        HTTPException
            It is too large, or not a form.
        """
        return await read_form(request, upload=upload)

    def set_cookie(
        self, response: Response, name: str, value: str, *, seconds: int | None = None, hidden: bool = True
    ) -> None:
        """Set one of our cookies."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self.options.secure_cookies,
            httponly=hidden,
            samesite="strict",
        )

    def remember(self, response: Response, name: str, value: str) -> None:
        """Set a cookie of a preference for a year."""
        self.set_cookie(response, name, value, seconds=_YEAR_SECONDS)

    async def note(self, actor: str, action: str, subject: str, **detail: str) -> None:
        """Append to the audit trail, if there is one."""
        if self.audit is not None:
            await asyncio.to_thread(self.audit, actor, action, subject, detail)


def _address(request: Request) -> str:
    """Return the path with its query: where the language switch comes back to."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
