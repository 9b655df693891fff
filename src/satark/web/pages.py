"""The pages behind the login: live decisions and preferences."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from satark.web import i18n, views
from satark.web.desk import THEMES
from satark.web.live import chart_of
from satark.web.routing import Page
from satark.web.security import from_our_page
from satark.web.wish import is_ours

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.sessions import Session


class Pages:
    """Handlers of the live page and of preferences."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/", self.home, "decisions.view"),
            Page("/live/rows", self.rows, "decisions.view"),
        ]

    async def home(self, request: Request, _: Session) -> Response:
        """Show the decisions as they arrive."""
        desk = self._desk
        chosen = chosen_action(request)
        rows = await self._newest(chosen)
        counters, now = desk.feed.counters, desk.feed.now_us()
        return desk.page(
            request,
            "live.html",
            chosen=chosen,
            rows=rows,
            totals=counters.totals(now),
            stopped=counters.stopped_minor(now),
            chart=chart_of(counters.chart(now)),
            broken=desk.feed.broken,
        )

    async def rows(self, request: Request, _: Session) -> Response:
        """Return a piece of the list: the newest again, or those before a place."""
        desk = self._desk
        chosen = chosen_action(request)
        before = request.query_params.get("before", "")
        if before and not (before.isascii() and before.isdigit() and len(before) < 19):  # noqa: PLR2004
            raise HTTPException(400)
        rows = await self._newest(chosen, int(before) if before else None)
        html = desk.fragment(
            desk.lang(request), "rows.html", rows=rows, chosen=chosen, fresh=False, more=True
        )
        return HTMLResponse(html)

    async def settings(self, request: Request) -> Response:
        """Remember the language or the theme; open to everyone, since the login page has the switch too."""
        desk = self._desk
        form = await desk.form(request)
        if not from_our_page(request):
            raise HTTPException(403)
        back = str(form.get("back", "/"))
        response = RedirectResponse(back if is_ours(back) else "/", status_code=303)
        lang, theme = form.get("lang"), form.get("theme")
        if lang in i18n.LANGUAGES:
            desk.remember(response, "satark_lang", str(lang))
        if theme in THEMES:
            desk.remember(response, "satark_theme", str(theme))
        return response

    async def _newest(self, chosen: str | None, before: int | None = None) -> list[views.Row]:
        desk = self._desk
        if chosen is None and before is None and desk.feed.latest:
            return list(desk.feed.latest)
        entries = await asyncio.to_thread(
            desk.reader.recent, desk.options.rows, before_seq=before, action=chosen
        )
        return [row for row in map(views.row_of, entries) if row is not None]


def chosen_action(request: Request) -> str | None:
    """Return the action that the list is limited to, if any."""
    action = request.query_params.get("action")
    return action if action in views.ACTIONS else None
