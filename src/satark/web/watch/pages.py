"""The watch's page: what lies beyond a limit, in words, and every number with its interval and its weeks before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from satark.core.errors import InputInvalid
from satark.decisions.watch.measures import week_name, week_named, week_words
from satark.decisions.watch.words import KIND_WORDS, VERDICT_WORDS, number, sentence
from satark.web.routing import Page
from satark.web.watch.reading import ORDER, WEEKS, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from satark.core.clock import Lang
    from satark.decisions.watch.findings import Finding, Kind, Verdict
    from satark.policies.case_rules import CaseTerms
    from satark.web.desk import Desk
    from satark.web.rendering import Renderer
    from satark.web.sessions import Session


class WatchPages:
    """Handlers of the watch."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        add_watch_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [Page("/watch", self.watch, "watch.view")]

    async def watch(self, request: Request, session: Session) -> Response:
        """Show the findings of the week that the address names, else of the present one."""
        desk = self._desk
        try:
            week = week_named(request.query_params.get("week", ""))
        except InputInvalid:
            week = None
        view = await asyncio.to_thread(read, desk.store, week, desk.clock.now_us())
        return desk.page(
            request,
            "watch/watch.html",
            view=view,
            kinds=ORDER,
            weeks=range(view.newest, view.newest - WEEKS, -1),
            may_read_cases=session.may("cases.view"),
        )


def add_watch_words(renderer: Renderer) -> None:
    """Give templates the words of findings."""

    def lang_of(lang: str) -> Lang:
        return "hi" if lang == "hi" else "en"

    def kinds(lang: str) -> Callable[[Kind], str]:
        return lambda kind: KIND_WORDS[kind].of(lang_of(lang))

    def verdicts(lang: str) -> Callable[[Verdict], str]:
        return lambda verdict: VERDICT_WORDS[verdict].of(lang_of(lang))

    def subjects(lang: str) -> Callable[[Finding, CaseTerms], str]:
        return lambda finding, terms: _subject(finding, terms, lang_of(lang))

    def sentences(lang: str) -> Callable[[Finding, CaseTerms], str]:
        return lambda finding, terms: sentence(
            finding, lang_of(lang), subject=_subject(finding, terms, lang_of(lang))
        )

    def weeks(lang: str) -> Callable[[int], str]:
        return lambda week: week_words(week, lang_of(lang))

    renderer.add_filter("watch_kind", kinds)
    renderer.add_filter("watch_verdict", verdicts)
    renderer.add_filter("watch_subject", subjects)
    renderer.add_filter("watch_sentence", sentences)
    renderer.add_filter("week_days", weeks)
    renderer.add_filter("week_name", lambda _: week_name)
    renderer.add_filter("watch_number", lambda _: lambda value, kind: number(kind, value))


def _subject(finding: Finding, terms: CaseTerms, lang: Lang) -> str:
    """Return what a finding is about: a queue by its words, everything else as the policy names it."""
    words = terms.queues.get(finding.subject) if finding.kind == "alerts" else None
    return finding.subject if words is None else words.of(lang)
