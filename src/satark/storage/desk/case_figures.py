"""The supervisor's figures, counted where the rows are."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.cases.figures import AnalystLoad, BacklogBand, DeskLoad, RulePrecision
from satark.core.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from satark.storage.desk.case_rows import IS_OPEN, CasePart
from satark.storage.desk.tables.cases import ALERTS, CASES

if TYPE_CHECKING:
    from collections.abc import Iterable

BANDS = (3_600, 4 * 3_600, 86_400, 3 * 86_400)
"""Ends of the bands of age in seconds; the last band is open."""
PERIOD_US = 30 * MICROS_PER_DAY
MAX_RULES = 100
MAX_ANALYSTS = 200
_STOPPED = ("hold", "block")


class CaseFigures(CasePart):
    """`load` of `satark.cases.ports.CaseStore`."""

    def load(self, now_us: int) -> DeskLoad:
        """Return the supervisor's figures."""
        with self._reading() as connection:
            outcomes = connection.execute(
                sa.select(CASES.c.outcome, sa.func.count())
                .where(CASES.c.closed_us > now_us - PERIOD_US, CASES.c.outcome.is_not(None))
                .group_by(CASES.c.outcome)
            )
            told = {str(outcome): int(number) for outcome, number in outcomes}
            rules, saved_minor, lost_minor = _told(connection, now_us)
            nobody = sa.select(sa.func.count()).where(IS_OPEN, CASES.c.assignee.is_(None))
            proposed = sa.select(sa.func.count()).where(IS_OPEN, CASES.c.proposed_by.is_not(None))
            return DeskLoad(
                at_us=now_us,
                backlog=_backlog(connection, now_us),
                outcomes=told,
                analysts=_analysts(connection, now_us),
                rules=rules,
                n_unassigned=int(connection.scalar(nobody.select_from(CASES)) or 0),
                n_proposed=int(connection.scalar(proposed.select_from(CASES)) or 0),
                saved_minor=saved_minor,
                lost_minor=lost_minor,
            )


def _backlog(connection: sa.Connection, now_us: int) -> tuple[BacklogBand, ...]:
    band = sa.case(
        *(
            (CASES.c.opened_us > now_us - end * MICROS_PER_SECOND, sa.literal_column(str(number)))
            for number, end in enumerate(BANDS)
        ),
        else_=sa.literal_column(str(len(BANDS))),
    ).label("band")
    late = sa.func.sum(sa.case((CASES.c.deadline_us < now_us, 1), else_=0))
    rows = connection.execute(
        sa.select(CASES.c.queue, band, sa.func.count(), late, sa.func.sum(CASES.c.amount_minor))
        .where(IS_OPEN)
        .group_by(CASES.c.queue, sa.text("band"))
        .order_by(CASES.c.queue, sa.text("band"))
    )
    starts, ends = (0, *BANDS), (*BANDS, None)
    return tuple(
        BacklogBand(queue, starts[at], ends[at], int(number), int(overdue), int(amount))
        for queue, at, number, overdue, amount in rows
    )


def _analysts(connection: sa.Connection, now_us: int) -> tuple[AnalystLoad, ...]:
    late = sa.func.sum(sa.case((CASES.c.deadline_us < now_us, 1), else_=0))
    working = {
        str(user): (int(number), int(overdue), int(amount))
        for user, number, overdue, amount in connection.execute(
            sa.select(CASES.c.assignee, sa.func.count(), late, sa.func.sum(CASES.c.amount_minor))
            .where(IS_OPEN, CASES.c.assignee.is_not(None))
            .group_by(CASES.c.assignee)
        )
    }
    took: dict[str, list[int]] = {}
    closed = sa.select(CASES.c.closed_by, CASES.c.opened_us, CASES.c.closed_us).where(
        CASES.c.closed_us > now_us - MICROS_PER_DAY
    )
    for user, opened_us, closed_us in connection.execute(closed):
        took.setdefault(str(user), []).append((closed_us - opened_us) // MICROS_PER_SECOND)
    people = sorted(
        {*working, *took},
        key=lambda user: (-working.get(user, (0, 0, 0))[0], -len(took.get(user, ())), user),
    )
    return tuple(
        AnalystLoad(
            user,
            *working.get(user, (0, 0, 0)),
            len(took.get(user, ())),
            int(median(took[user])) if user in took else None,
        )
        for user in people[:MAX_ANALYSTS]
    )


def _told(connection: sa.Connection, now_us: int) -> tuple[tuple[RulePrecision, ...], int, int]:
    """Return how often each rule was right, what was saved and what was lost."""
    grouped = connection.execute(
        sa.select(
            ALERTS.c.rules,
            ALERTS.c.outcome,
            ALERTS.c.action,
            sa.func.count(),
            sa.func.sum(ALERTS.c.amount_minor),
        )
        .where(ALERTS.c.closed_us > now_us - PERIOD_US)
        .group_by(ALERTS.c.rules, ALERTS.c.outcome, ALERTS.c.action)
    )
    counts: Counter[tuple[str, str]] = Counter()
    saved = lost = 0
    for rules, outcome, action, number, amount in grouped:
        for rule in str(rules).split():
            counts[rule, str(outcome)] += int(number)
        if outcome == "fraud":
            saved += int(amount) if action in _STOPPED else 0
            lost += 0 if action in _STOPPED else int(amount)
    return tuple(_ranked({rule for rule, _ in counts}, counts)), saved, lost


def _ranked(rules: Iterable[str], counts: Counter[tuple[str, str]]) -> list[RulePrecision]:
    found = [
        RulePrecision(rule, *(counts[rule, outcome] for outcome in ("fraud", "genuine", "inconclusive")))
        for rule in rules
    ]
    found.sort(key=lambda one: (-(one.n_fraud + one.n_genuine + one.n_inconclusive), one.rule))
    return found[:MAX_RULES]
