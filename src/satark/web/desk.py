"""What all pages share: who asks, in which language, and how an answer is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from satark.web import i18n

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from satark.web.assets import Assets
    from satark.web.feed import Feed
    from satark.web.options import WebOptions
    from satark.web.ports import AuditTrail, DecisionReader, StaffDirectory
    from satark.web.rendering import Renderer
    from satark.web.security import LoginTokens
    from satark.web.sessions import Session, Sessions
    from satark.web.throttle import Throttle

THEMES = ("auto", "light", "dark")
_YEAR_SECONDS = 31_536_000
_MAX_FORM_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The collaborators of all pages."""

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

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie."""
        return "__Host-satark_session" if self.options.secure_cookies else "satark_session"

    @property
    def login_cookie(self) -> str:
        """The name of the cookie that guards the login form."""
        return "__Host-satark_login" if self.options.secure_cookies else "satark_login"

    def session(self, request: Request, *, touch: bool = True) -> Session | None:
        """Return who is logged in."""
        return self.sessions.find(request.cookies.get(self.session_cookie), touch=touch)

    def lang(self, request: Request) -> str:
        """Return the language of a request."""
        accepted = request.headers.get("accept-language", "")
        return i18n.choose(request.cookies.get("satark_lang"), accepted, self.options.language)

    def theme(self, request: Request) -> str:
        """Return auto, light or dark."""
        theme = request.cookies.get("satark_theme", "auto")
        return theme if theme in THEMES else "auto"

    def page(self, request: Request, name: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """Return a whole page."""
        session = self.session(request, touch=False)
        html = self.renderer.render(
            self.lang(request),
            name,
            session=session,
            theme=self.theme(request),
            themes=THEMES,
            path=request.url.path,
            **values,
        )
        return HTMLResponse(html, status_code=status)

    def fragment(self, lang: str, name: str, **values: Any) -> str:  # noqa: ANN401
        """Return a piece of a page."""
        return self.renderer.render(lang, name, **values)

    def error_page(self, request: Request, status: int) -> Response:
        """Return the page of a refusal."""
        known = status if status in (400, 403, 404, 405, 413, 429, 503) else 500
        if known == 500:  # noqa: PLR2004
            status = 500
        return self.page(request, "error.html", status=status, code=known, phrase=HTTPStatus(status).phrase)

    def to_login(self, request: Request) -> Response:
        """Send someone who is not logged in to the form; htmx is told to change the whole page."""
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"hx-redirect": "/login"})
        return RedirectResponse("/login", status_code=303)

    async def form(self, request: Request) -> FormData:
        """Return a small form.

        Raises
        ------
        HTTPException
            It is too large, or not a form.
        """
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > _MAX_FORM_BYTES:
            raise HTTPException(413)
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            raise HTTPException(400)
        return await request.form(max_fields=20)

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
