"""GET /entities/{token}: everything that a card, a device, a person or a place has done, and with whom.

The value is masked; POST .../reveal shows it whole and says so in the audit trail.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from satark.core.clock import IST_OFFSET_US, MICROS_PER_SECOND
from satark.web import views
from satark.web.charts import BarChart, bar_chart
from satark.web.decision.shelf import Shelf
from satark.web.entity.choices import CustomerChoices, choices_of
from satark.web.entity.labels import NOT_PERSONAL, label_of
from satark.web.entity.names import EntityNames
from satark.web.entity.windows import window_lines
from satark.web.i18n import mark as _
from satark.web.permissions import allowed
from satark.web.routing import Page
from satark.web.wording import OUTCOME_NAMES, STATE_NAMES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.model import EntityRef
    from satark.cases.ports import EntitySummary
    from satark.core.clock import Lang
    from satark.decisions.ports import LogEntry
    from satark.web.desk import Desk
    from satark.web.sessions import Session

EVENTS_SHOWN = 25
EVENTS_IN_WINDOWS = 40
NEIGHBOURS_SHOWN = 24
CASES_SHOWN = 10
CHART_WIDTH = 720
CHART_HEIGHT = 96
_HOUR = 3_600
_DAY = 24 * _HOUR
SPANS = {
    "day": (_HOUR, 24),
    "week": (6 * _HOUR, 28),
    "month": (_DAY, 30),
    "quarter": (3 * _DAY, 30),
}
"""Buckets of a chart: how many seconds each, and how many; whole hours in India, which the index keeps ready."""
SPAN_NAMES = {
    "day": _("A day"),
    "week": _("A week"),
    "month": _("A month"),
    "quarter": _("Three months"),
}
_MAX_SEQ_DIGITS = 18


class EntityPages:
    """The page of one thing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names = EntityNames.of(desk)
        self._shelf = Shelf.of(desk.reader)
        self._choices = CustomerChoices(desk)
        desk.renderer.add_names("span_name", SPAN_NAMES)
        desk.renderer.add_names("state_name", STATE_NAMES)
        desk.renderer.add_names("outcome_name", OUTCOME_NAMES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/entities/{token}", self.show, "entities.view"),
            Page("/entities/{token}/reveal", self.reveal, "entities.view", methods=("POST",)),
            *self._choices.pages(),
        ]

    async def show(self, request: Request, session: Session) -> Response:
        """Show a thing, its value masked."""
        return await self._page(request, session, revealed=False)

    async def reveal(self, request: Request, session: Session) -> Response:
        """Show a thing with its whole value; who asked is kept."""
        return await self._page(request, session, revealed=True)

    async def _page(self, request: Request, session: Session, *, revealed: bool) -> Response:
        desk = self._desk
        token = request.path_params["token"]
        ref = self._names.ref(token)
        if ref is None:
            raise HTTPException(404)
        lang: Lang = "hi" if desk.lang(request) == "hi" else "en"
        span = request.query_params.get("span", "month")
        span = span if span in SPANS else "month"
        before = request.query_params.get("before", "")
        if before and not (before.isascii() and before.isdigit() and len(before) <= _MAX_SEQ_DIGITS):
            raise HTTPException(400)
        values = await asyncio.to_thread(
            self._gather, ref, lang, session.role, span, int(before) if before else None
        )
        if values is None:
            raise HTTPException(404)
        act = "personal_data_viewed" if revealed else "entity_viewed"
        await desk.note(session.username, act, f"{ref.kind.value} {label_of(ref)}", token=token)
        return desk.page(
            request,
            "entity/page.html",
            ref=ref,
            token=token,
            revealed=revealed,
            personal=ref.kind not in NOT_PERSONAL,
            span=span,
            spans=list(SPANS),
            before=before,
            **values,
        )

    def _gather(
        self, ref: EntityRef, lang: Lang, role: str, span: str, before: int | None
    ) -> dict[str, Any] | None:
        with self._desk.store.reading_together():
            return self._read(ref, lang, role, span, before)

    def _read(
        self, ref: EntityRef, lang: Lang, role: str, span: str, before: int | None
    ) -> dict[str, Any] | None:
        desk = self._desk
        found = desk.entities.surroundings(ref, NEIGHBOURS_SHOWN)
        if found is None:
            return None
        summary, neighbours = found
        wanted = max(EVENTS_SHOWN, EVENTS_IN_WINDOWS) + 1
        entries = [
            entry
            for entry in map(desk.reader.get, desk.entities.events(ref, wanted, before))
            if entry is not None
        ]
        shown = entries[:EVENTS_SHOWN]
        return {
            "summary": summary,
            "total": sum(summary.counts.values()),
            "linked": [(kind, count) for kind, count in summary.linked.items() if count],
            "chart": self._chart(ref, summary, span),
            "windows": window_lines(self._shelf, ref, entries[:EVENTS_IN_WINDOWS], lang),
            "neighbours": neighbours,
            "choices": choices_of(desk, ref, entries) if allowed(role, "cases.work") else [],
            "cases": desk.cases.cases_of(ref, CASES_SHOWN) if allowed(role, "cases.view") else [],
            "rows": [row for row in map(views.row_of, shown) if row is not None],
            "others": _not_decided(shown),
            "older": shown[-1].seq if len(entries) > EVENTS_SHOWN else None,
        }

    def _chart(self, ref: EntityRef, summary: EntitySummary, span: str) -> BarChart:
        seconds, buckets = SPANS[span]
        begin, until = span_until(summary.last_us, seconds, buckets)
        points = self._desk.entities.series(ref, seconds, begin, until)
        return bar_chart(points, seconds, begin, until, width=CHART_WIDTH, height=CHART_HEIGHT)


def span_until(last_us: int, bucket_seconds: int, buckets: int) -> tuple[int, int]:
    """Return the span of so many whole buckets, in Indian time, that ends with the one that a moment lies in.

    Examples
    --------
    >>> begin, until = span_until(1_760_000_000_000_000, 86_400, 30)
    >>> (until - begin) // 86_400_000_000, (begin + 19_800_000_000) % 86_400_000_000
    (30, 0)
    """
    bucket_us = bucket_seconds * MICROS_PER_SECOND
    until = ((last_us + IST_OFFSET_US) // bucket_us + 1) * bucket_us - IST_OFFSET_US
    return until - buckets * bucket_us, until


def _not_decided(entries: list[LogEntry]) -> int:
    """Return how many events on the page have no decision to show: changes of payees, or removed ones."""
    return sum(1 for entry in entries if views.row_of(entry) is None)
