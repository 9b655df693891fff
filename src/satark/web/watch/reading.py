"""What the watch's page shows: the findings of one week, each with how it went over the weeks before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satark.core.clock import ist_day
from satark.decisions.watch.findings import Finding, Kind, Verdict
from satark.decisions.watch.measures import first_day, week_of
from satark.web.charts import Line, line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.policies.case_rules import CaseTerms
    from satark.storage.desk.watch import Run

WEEKS = 13
YOUNG_DAYS = 2
SHOWN = 12
"""Rows of a kind that are shown at once; the others are folded away."""
ORDER = (
    Kind.CALIBRATION,
    Kind.MODEL_DRIFT,
    Kind.SCORE_DRIFT,
    Kind.PRECISION,
    Kind.FEATURE_DRIFT,
    Kind.MISSING,
    Kind.DEGRADED,
    Kind.LABEL_DELAY,
    Kind.ALERTS,
)
_RANK = {Verdict.BREACH: 0, Verdict.NEAR: 1, Verdict.OK: 2, Verdict.OPEN: 3, Verdict.THIN: 4}
_NO_LIMIT = frozenset({Kind.PRECISION})
"""Kinds whose limit is on the difference from before, so that it is no line in the chart."""


@dataclass(frozen=True, slots=True)
class Row:
    """One finding.

    Attributes
    ----------
    chart
        Its values over the weeks up to this one; None where there are none.
    weeks
        How many weeks have a value.
    """

    finding: Finding
    chart: Line | None
    weeks: int


@dataclass(frozen=True, slots=True)
class Section:
    """All findings of one kind, the worst first; `case_id` is the open case that they share, if any."""

    kind: Kind
    rows: tuple[Row, ...]

    @property
    def shown(self) -> tuple[Row, ...]:
        """Those that are shown at once: the first, and however many are beyond their limit."""
        beyond = sum(row.finding.verdict is Verdict.BREACH for row in self.rows)
        return self.rows[: max(SHOWN, beyond)]

    @property
    def folded(self) -> tuple[Row, ...]:
        """The others."""
        return self.rows[len(self.shown) :]


@dataclass(frozen=True, slots=True)
class View:
    """The page.

    Attributes
    ----------
    week
        The one that is shown.
    newest
        The present one.
    cases
        Key of a cause to its open case.
    run
        When the weeks were last judged; None before the first time.
    """

    week: int
    newest: int
    sections: tuple[Section, ...]
    beyond: tuple[Finding, ...]
    cases: Mapping[str, int]
    terms: CaseTerms
    run: Run | None

    @property
    def empty(self) -> tuple[Kind, ...]:
        """Kinds of which there is nothing to judge."""
        return tuple(section.kind for section in self.sections if not section.rows)


def read(store: Any, week: int | None, now_us: int) -> View:  # noqa: ANN401 - the desk database
    """Return the page of a week; blocks.

    A week that is not among the last ones is taken as the nearest that is; None is the newest that has something to
    say, which in its first days the present one has not.
    """
    today = ist_day(now_us)
    newest = week_of(today)
    with store.reading_together():
        findings = store.watch.findings(newest - WEEKS + 1, newest + 1)
        cases = store.watch_cases.open_cases()
        terms = store.cases.terms()
        run = store.watch.last_run()
    if week is None:
        is_young = today - first_day(newest) < YOUNG_DAYS
        week = max((one.week for one in findings if not (is_young and one.week == newest)), default=newest)
    week = min(newest, max(newest - WEEKS + 1, week))
    sections = sections_of(findings, week)
    beyond = tuple(
        row.finding for section in sections for row in section.rows if row.finding.verdict is Verdict.BREACH
    )
    return View(week, newest, sections, beyond, cases, terms, run)


def sections_of(findings: Sequence[Finding], week: int) -> tuple[Section, ...]:
    """Return the findings of a week by kind, with their history."""
    history: dict[tuple[Kind, str], dict[int, float | None]] = {}
    for one in findings:
        history.setdefault((one.kind, one.subject), {})[one.week] = one.value
    sections: list[Section] = []
    for kind in ORDER:
        of_week = [one for one in findings if one.kind is kind and one.week == week]
        of_week.sort(key=lambda one: (_RANK[one.verdict], -(one.value or 0.0), one.subject))
        rows = tuple(_row(one, history[one.kind, one.subject]) for one in of_week)
        sections.append(Section(kind, rows))
    return tuple(sections)


def _row(finding: Finding, values: Mapping[int, float | None]) -> Row:
    known = [values.get(week) for week in range(finding.week - WEEKS + 1, finding.week + 1)]
    there = [place for place, value in enumerate(known) if value is not None]
    # The time before a feature was watched is no gap in its line.
    known = known[there[0] :] if there else []
    limit = None if finding.kind in _NO_LIMIT else finding.limit
    return Row(finding, line(known, limit), len(there))
