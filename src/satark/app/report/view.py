"""Figures as words and written numbers in one language: what both forms of the report show, and nothing else.

Everything here is plain text. The page escapes it, the PDF is given it as data; neither ever reads it as markup, so a
rule or queue may be called whatever it likes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from satark.app.report import words as w
from satark.core.money import format_minor, group_indian
from satark.decisions.watch import measures as m
from satark.decisions.watch.findings import Kind, Verdict
from satark.decisions.watch.words import KIND_WORDS, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.core.clock import Lang
    from satark.core.words import Words
    from satark.decisions.watch.weekly import Amount, Interval, WeeklyFigures

MOST_FINDINGS = 12
_UNKNOWN = "–"
_MINOR = re.compile(r"\.\d+\Z")
_HASH_SHOWN = 12


class Tile(msgspec.Struct, frozen=True):
    """One great number: what it is, how it is written, and a remark."""

    name: str
    value: str
    note: str = ""


class Bar(msgspec.Struct, frozen=True):
    """One bar of the chart; `share` is of the greatest, 0 to 1."""

    label: str
    value: str
    share: float


class Column(msgspec.Struct, frozen=True):
    """A column of a table; numbers stand at its right, names of the policy are written like code."""

    name: str
    right: bool = False
    code: bool = False


class Section(msgspec.Struct, frozen=True):
    """One part of the report: a heading, remarks, and a table, items or codes.

    Attributes
    ----------
    empty
        What is said when there is nothing to show.
    """

    title: str
    notes: list[str] = []
    columns: list[Column] = []
    rows: list[list[str]] = []
    items: list[str] = []
    codes: list[str] = []
    empty: str = ""


class ReportView(msgspec.Struct, frozen=True):
    """The whole report in one language."""

    lang: str
    title: str
    week: str
    week_name: str
    about: list[str]
    warnings: list[str]
    tiles: list[Tile]
    notes: list[str]
    chart_title: str
    bars: list[Bar]
    sections: list[Section]
    footer: str
    page_word: str


def view_of(
    figures: WeeklyFigures, lang: Lang, *, queues: Mapping[str, Words] | None = None, currency: str = "INR"
) -> ReportView:
    """Return the report of some figures.

    Parameters
    ----------
    queues
        Words of queues.
    currency
        The policy's base currency.
    """
    return _View(figures, lang, queues or {}, currency).view()


class _View:
    def __init__(
        self, figures: WeeklyFigures, lang: Lang, queues: Mapping[str, Words], currency: str
    ) -> None:
        self._figures = figures
        self._lang: Lang = lang
        self._queues = queues
        self._currency = currency

    def view(self) -> ReportView:
        figures = self._figures
        short = figures.policy_hash[:_HASH_SHOWN]
        about = [
            self._say(w.POLICY, name=figures.policy_name, version=str(figures.policy_version), hash=short),
            self._say(w.MADE, day=m.day_words(figures.today, self._lang)),
        ]
        return ReportView(
            lang=self._lang,
            title=self._say(w.TITLE),
            week=m.week_words(figures.week, self._lang),
            week_name=m.week_name(figures.week),
            about=about,
            warnings=self._warnings(),
            tiles=self._tiles(),
            notes=self._notes(),
            chart_title=self._say(w.CHART),
            bars=self._bars(),
            sections=[
                self._by_action(),
                self._quality(),
                self._rules(),
                self._dead(),
                self._changed(),
                self._delay(),
                self._backlog(),
            ],
            footer=self._say(w.FOOTER),
            page_word=self._say(w.PAGE),
        )

    # ---- above -----------------------------------------------------------------------------------------------------

    def _warnings(self) -> list[str]:
        figures = self._figures
        found: list[str] = []
        if not sum(amount.n for amount in figures.decided.values()):
            found.append(self._say(w.NOTHING))
        if figures.today < m.first_day(figures.week) + m.DAYS_PER_WEEK:
            found.append(self._say(w.NOT_OVER))
        if figures.log_seq > figures.counted_seq:
            found.append(self._say(w.BEHIND, n=group_indian(figures.log_seq - figures.counted_seq)))
        return found

    def _tiles(self) -> list[Tile]:
        figures = self._figures
        all_n = sum(amount.n for amount in figures.decided.values())
        before = sum(amount.n for amount in figures.before.values())
        troubled = self._say(
            w.TROUBLED_NOTE, n=group_indian(figures.troubled.n), money=self._money(figures.troubled.minor)
        )
        return [
            Tile(
                self._say(w.DECISIONS), group_indian(all_n), self._say(w.BEFORE, value=group_indian(before))
            ),
            Tile(
                self._say(w.MONEY_STOPPED),
                self._money(figures.stopped.minor),
                self._say(w.PAYMENTS, n=group_indian(figures.stopped.n))
                + " · "
                + self._say(w.BEFORE, value=self._money(figures.stopped_before.minor)),
            ),
            Tile(self._say(w.TROUBLED), group_indian(figures.troubled_customers), troubled),
            self._share_tile(w.PRECISION, figures.precision),
            self._share_tile(w.RECALL, figures.recall),
        ]

    def _share_tile(self, name: Words, share: Interval) -> Tile:
        return Tile(self._say(name), _percent(share.value), self._interval(share))

    def _notes(self) -> list[str]:
        figures = self._figures
        found: list[str] = []
        for words, amount in ((w.OBSERVED, figures.observed), (w.RELEASED, figures.released)):
            if amount.n:
                found.append(self._say(words, n=group_indian(amount.n), money=self._money(amount.minor)))
        return found

    def _bars(self) -> list[Bar]:
        days = self._figures.stopped_days
        most = max(days, default=0)
        return [
            Bar(name, self._money(minor), round(minor / most, 4) if most else 0.0)
            for name, minor in zip(w.WEEKDAYS[self._lang], days, strict=False)
        ]

    # ---- sections --------------------------------------------------------------------------------------------------

    def _by_action(self) -> Section:
        figures = self._figures
        rows = [
            [
                self._say(w.ACTIONS[action]),
                group_indian(amount.n),
                self._money(amount.minor),
                group_indian(figures.before[action].n),
            ]
            for action, amount in figures.decided.items()
        ]
        columns = self._columns((w.ACTION, False), (w.COUNT, True), (w.MONEY, True), (w.LAST_WEEK, True))
        return Section(self._say(w.BY_ACTION), columns=columns, rows=rows)

    def _quality(self) -> Section:
        figures = self._figures
        notes = [self._say(w.QUALITY_NOTE, share=_percent(figures.labelled_stopped.value))]
        if figures.reports_in is not None:
            notes.append(self._say(w.REPORTS_IN, share=_percent(figures.reports_in)))
        if figures.recall_minor is not None:
            notes.append(self._say(w.RECALL_MONEY, share=_percent(figures.recall_minor)))
        if figures.contradicted > 0:
            notes.append(self._say(w.CONTRADICTED, n=group_indian(figures.contradicted)))
        columns = self._columns(
            (w.OUTCOME, False), (w.STOPPED, True), (w.MONEY, True), (w.WENT_THROUGH, True), (w.MONEY, True)
        )
        rows = [
            [self._say(name), *self._two(self._ended(label, m.STOPPED)), *self._two(self._through(label))]
            for name, label in ((w.FRAUD, "fraud"), (w.GENUINE, "genuine"))
        ]
        return Section(self._say(w.QUALITY), notes=notes, columns=columns, rows=rows)

    def _rules(self) -> Section:
        rows = [
            [
                line.code,
                group_indian(line.fired.n),
                self._money(line.fired.minor),
                group_indian(line.fraud),
                group_indian(line.genuine),
                self._precision(line.precision),
            ]
            for line in self._figures.top_rules
        ]
        columns = [
            Column(self._say(w.RULE), code=True),
            *self._columns(
                (w.TIMES, True), (w.MONEY, True), (w.FRAUD, True), (w.GENUINE, True), (w.RULE_PRECISION, True)
            ),
        ]
        return Section(self._say(w.RULES), columns=columns, rows=rows, empty=self._say(w.NO_RULES))

    def _dead(self) -> Section:
        return Section(self._say(w.DEAD), codes=self._figures.dead_rules, empty=self._say(w.NO_DEAD))

    def _changed(self) -> Section:
        found = self._figures.findings
        items: list[str] = []
        for one in found[:MOST_FINDINGS]:
            words = self._queues.get(one.subject) if one.kind is Kind.ALERTS else None
            subject = "" if words is None else words.of(self._lang)
            text = f"{KIND_WORDS[one.kind].of(self._lang)}: {sentence(one, self._lang, subject=subject)}"
            items.append(f"{text} ({self._say(w.MAY_BE_CHANCE)})" if one.verdict is Verdict.NEAR else text)
        if len(found) > MOST_FINDINGS:
            items.append(self._say(w.MORE, n=group_indian(len(found) - MOST_FINDINGS)))
        notes = [self._say(w.CHANGED_NOTE)] if items else []
        return Section(self._say(w.CHANGED), notes=notes, items=items, empty=self._say(w.NO_CHANGE))

    def _delay(self) -> Section:
        delay = self._figures.delay
        items = [] if delay is None else [sentence(delay, self._lang)]
        return Section(self._say(w.DELAY), items=items, empty=self._say(w.NO_DELAY))

    def _backlog(self) -> Section:
        rows = [
            [
                self._queue(line.queue),
                group_indian(line.alerts),
                group_indian(line.most_in_a_day),
                _UNKNOWN if line.budget is None else group_indian(line.budget),
                group_indian(line.open_cases),
                group_indian(line.overdue),
                self._money(line.open_minor),
            ]
            for line in self._figures.queues
        ]
        columns = self._columns(
            (w.QUEUE, False), (w.ALERTS, True), (w.MOST, True), (w.BUDGET, True), (w.OPEN, True), (w.OVERDUE, True),
            (w.AMOUNT, True),
        )  # fmt: skip
        return Section(self._say(w.BACKLOG), notes=[self._say(w.BACKLOG_NOTE)], columns=columns, rows=rows)

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _say(self, words: Words, **values: str) -> str:
        return words.of(self._lang).format(**values)

    def _columns(self, *columns: tuple[Words, bool]) -> list[Column]:
        return [Column(self._say(name), right) for name, right in columns]

    def _money(self, minor: int) -> str:
        """Write an amount without its minor units, which a report over a week does not need."""
        return _MINOR.sub("", format_minor(minor, self._currency))

    def _queue(self, queue: str) -> str:
        words = self._queues.get(queue)
        return queue if words is None else words.of(self._lang)

    def _ended(self, label: str, *ends: str) -> tuple[int, int]:
        found = [self._figures.labelled.get(f"{label}.{end}") for end in ends]
        amounts: list[Amount] = [one for one in found if one is not None]
        return sum(one.n for one in amounts), sum(one.minor for one in amounts)

    def _through(self, label: str) -> tuple[int, int]:
        return self._ended(label, m.THROUGH, m.OBSERVED_ONLY, m.RELEASED)

    def _two(self, amount: tuple[int, int]) -> tuple[str, str]:
        return group_indian(amount[0]), self._money(amount[1])

    def _interval(self, share: Interval) -> str:
        if not share.n:
            return self._say(w.NO_LABELS)
        return self._say(
            w.INTERVAL, low=_percent(share.low), high=_percent(share.high), n=group_indian(share.n)
        )

    @staticmethod
    def _precision(share: Interval) -> str:
        if not share.n:
            return _UNKNOWN
        return f"{_percent(share.value)} ({_percent(share.low)}–{_percent(share.high)})"


def _percent(share: float | None) -> str:
    """Write a share in per cent.

    Examples
    --------
    >>> _percent(0.1234), _percent(None)
    ('12.3%', '–')
    """
    return _UNKNOWN if share is None else f"{100 * share:.1f}%"
