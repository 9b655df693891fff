"""GET /live/stream: server-sent events with pieces of the page.

Events: `rows` (new list items), `counters` (the tiles), `state` (whether the database answers), `bye` (the session
ended or the pages are closing; the page then asks again by itself). A piece is rendered once per language and filter,
however many look.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from satark.web.live import chart_of
from satark.web.pages import chosen_action
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from satark.web.desk import Desk
    from satark.web.feed import News
    from satark.web.sessions import Session

_COUNTERS_SECONDS = 1.0
_SILENCE_SECONDS = 15.0
_SESSION_SECONDS = 2.0
"""How long a stream may outlive its session; asking the database at each piece of news costs more than the news."""
_MAX_VIEWERS = 200


class Stream:
    """The endpoint of the live page's news."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open = 0

    def pages(self) -> list[Page]:
        """Return the stream, which counts as nobody's being there."""
        return [Page("/live/stream", self.open, "decisions.view", touch=False, stream=True)]

    async def open(self, request: Request, _: Session) -> Response:
        """Stream until the page, the session or the server ends."""
        if self._open >= _MAX_VIEWERS:
            return Response(status_code=503, headers={"retry-after": "10"})
        return StreamingResponse(
            self._events(request),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _events(self, request: Request) -> AsyncIterator[str]:
        desk = self._desk
        lang, chosen = desk.lang(request), chosen_action(request)
        counted_at, asked_at = 0.0, 0.0
        broken = desk.feed.broken
        self._open += 1
        try:
            with desk.feed.viewer() as queue:
                yield "retry: 2000\n\n"
                while True:
                    try:
                        news = await asyncio.wait_for(queue.get(), _SILENCE_SECONDS)
                    except TimeoutError:
                        yield ": still here\n\n"
                        continue
                    if news.ended:
                        yield event("bye", "")
                        return
                    if time.monotonic() - asked_at >= _SESSION_SECONDS:
                        asked_at = time.monotonic()
                        if not await desk.still_there(request):
                            yield event("bye", "")
                            return
                    if news.broken != broken:
                        broken = news.broken
                        yield event("state", desk.fragment(lang, "state.html", broken=broken))
                    if broken:
                        continue
                    if news.rows:
                        yield self._rows(news, lang, chosen)
                    now = time.monotonic()
                    if now - counted_at >= _COUNTERS_SECONDS:
                        counted_at = now
                        yield self._counters(news, lang, chosen)
        finally:
            self._open -= 1

    def _rows(self, news: News, lang: str, chosen: str | None) -> str:
        key = ("rows", lang, chosen or "")
        if key not in news.rendered:
            rows = [row for row in news.rows if chosen is None or row.action == chosen]
            html = self._desk.fragment(
                lang,
                "rows.html",
                rows=rows,
                chosen=chosen,
                fresh=True,
                more=False,
                passed_over=news.passed_over,
            )
            news.rendered[key] = event("rows", html) if rows else ""
        return news.rendered[key]

    def _counters(self, news: News, lang: str, chosen: str | None) -> str:
        key = ("counters", lang, chosen or "")
        if key not in news.rendered:
            counters, now = self._desk.feed.counters, self._desk.feed.now_us()
            html = self._desk.fragment(
                lang,
                "counters.html",
                totals=counters.totals(now),
                stopped=counters.stopped_minor(now),
                chart=chart_of(counters.chart(now)),
                chosen=chosen,
            )
            news.rendered[key] = event("counters", html)
        return news.rendered[key]


def event(name: str, html: str) -> str:
    r"""Write one server-sent event.

    Examples
    --------
    >>> event("rows", "<li>\n</li>")
    'event: rows\ndata: <li>\ndata: </li>\n\n'
    """
    lines = "".join(f"data: {line}\n" for line in html.splitlines()) or "data: \n"
    return f"event: {name}\n{lines}\n"
