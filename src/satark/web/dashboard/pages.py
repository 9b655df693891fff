"""The dashboard's page: figures of a span of time, drawn by the server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from satark.core.clock import MICROS_PER_SECOND
from satark.features.geo import STATES
from satark.web.dashboard import figures as fig
from satark.web.dashboard.charts import level, shares, stack
from satark.web.dashboard.india import Shape, india_map
from satark.web.dashboard.words import MAP_NAMES, SPAN_NAMES, STATE_NAMES
from satark.web.routing import Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.core.clock import Lang
    from satark.web.desk import Desk
    from satark.web.sessions import Session

DEFAULT_SPAN, DEFAULT_MAP = "24h", "stopped"


class DashboardPages:
    """Handlers of the dashboard."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._read: dict[str, fig.Figures] = {}
        desk.renderer.add_names("state_title", STATE_NAMES)
        desk.renderer.add_names("span_name", SPAN_NAMES)
        desk.renderer.add_names("map_name", MAP_NAMES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/dashboard", self.dashboard, "dashboard.view"),
            Page("/dashboard/figures", self.figures, "dashboard.view", touch=False),
        ]

    async def dashboard(self, request: Request, session: Session) -> Response:
        """Show the figures of the span that the address names."""
        return self._desk.page(request, "dashboard/dashboard.html", **await self._values(request, session))

    async def figures(self, request: Request, session: Session) -> Response:
        """Return the figures alone, as they are now."""
        return self._desk.piece(
            request, "dashboard/figures.html", session=session, **await self._values(request, session)
        )

    async def _values(self, request: Request, session: Session) -> dict[str, Any]:
        span = fig.SPANS.get(request.query_params.get("span", ""), fig.SPANS[DEFAULT_SPAN])
        figures = await self._figures(span)
        lang: Lang = "hi" if self._desk.lang(request) == "hi" else "en"
        shown = request.query_params.get("map", "")
        shown = shown if shown in MAP_NAMES else DEFAULT_MAP
        counts = {line.key: line.n if shown == "all" else line.stopped for line in figures.states}
        most = max((count for code, count in counts.items() if code in STATES), default=0)
        india = india_map()
        return {
            "figures": figures,
            "spans": list(fig.SPANS),
            "volume": stack(fig.columns(figures, lang)),
            "hours": stack(fig.hour_columns(figures)),
            "scores": stack(fig.score_columns(figures)),
            "latency": stack(fig.latency_columns(figures)),
            "rule_shares": shares({line.key: line.n for line in figures.rules}),
            "method_shares": shares({line.key: line.n for line in figures.methods}),
            "view_box": india.view_box,
            "shapes": [
                Shape(code, outline, level(counts.get(code, 0), most), counts.get(code, 0), code in STATES)
                for code, outline in india.states.items()
            ],
            "maps": list(MAP_NAMES),
            "shown": shown,
            "most": most,
            "may_read_policy": session.may("policies.view"),
        }

    async def _figures(self, span: fig.Span) -> fig.Figures:
        """Return figures of a moment ago, which many viewers share, or read them."""
        desk, now_us = self._desk, self._desk.clock.now_us()
        known = self._read.get(span.code)
        if known is not None and 0 <= now_us - known.to_us < span.fresh_seconds * MICROS_PER_SECOND:
            return known

        def gather() -> fig.Figures:
            with desk.store.reading_together():
                return fig.gather(desk.store.rollups, span, now_us)

        read = await asyncio.to_thread(gather)
        self._read[span.code] = read
        return read
