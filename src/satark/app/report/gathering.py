"""Read the figures of a week from the desk's counts, its cases and the policy in force; nothing is counted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.clock import ist_day
from satark.core.errors import InputInvalid
from satark.decisions.watch import measures as m
from satark.decisions.watch.gauges import Gauges
from satark.decisions.watch.weekly import DEAD_WEEKS, REPORTED_AGE_WEEKS, QueueLine, Told, weekly_figures

if TYPE_CHECKING:
    from satark.decisions.watch.weekly import WeeklyFigures
    from satark.policies import Policy
    from satark.storage import Storage
    from satark.storage.desk import Desk


def last_whole_week(now_us: int) -> int:
    """Return the newest week that is over."""
    return m.week_of(ist_day(now_us)) - 1


def policy_in_force(storage: Storage, desk: Desk, otherwise: Policy) -> Policy:
    """Return the policy that the log says is in force; the one of the settings while it says nothing."""
    logged = desk.rollups.policies(1)
    gauge = Gauges(storage.events.find_by_ref).of(logged[0].hash) if logged else None
    return otherwise if gauge is None else gauge.policy


def gather_week(storage: Storage, desk: Desk, policy: Policy, week: int, now_us: int) -> WeeklyFigures:
    """Return the figures of a week.

    Raises
    ------
    InputInvalid
        The week has not begun yet.
    """
    today = ist_day(now_us)
    first = m.first_day(week)
    if first > today:
        message = "this week has not begun yet"
        raise InputInvalid(message, field="week", found=m.week_name(week))
    end = first + m.DAYS_PER_WEEK
    watch = desk.watch
    with desk.reading_together():
        troubled = watch.troubled(first, end)
        told = Told(
            sums=watch.days(first, end),
            before=watch.days(first - m.DAYS_PER_WEEK, first, (m.DECIDED, m.ANSWERED)),
            days=[watch.days(day, day + 1, (m.ANSWERED,)).get(m.ANSWERED, {}) for day in range(first, end)],
            recent_rules=watch.days(end - DEAD_WEEKS * m.DAYS_PER_WEEK, end, (m.RULE,)).get(m.RULE, {}),
            delays=watch.days(end - REPORTED_AGE_WEEKS * m.DAYS_PER_WEEK, end, (m.DELAY,)).get(m.DELAY, {}),
            rules=[rule.code for rule in policy.rules],
            findings=watch.findings(week, week + 1),
        )
        return weekly_figures(
            told,
            week=week,
            today=today,
            policy=(policy.name, policy.version, policy.content_hash),
            troubled=(troubled.customers, troubled.payments, troubled.minor),
            queues=_queues(desk, policy, first, end, now_us),
            places=(watch.last_seq(), storage.events.last_seq()),
        )


def _queues(desk: Desk, policy: Policy, first: int, end: int, now_us: int) -> list[QueueLine]:
    """Return the queues that the policy names, then others with alerts or open cases."""
    alerts = desk.watch.alerts_per_day(first, end)
    waiting: dict[str, tuple[int, int, int]] = {}
    for band in desk.cases.load(now_us).backlog:
        n, overdue, minor = waiting.get(band.queue, (0, 0, 0))
        waiting[band.queue] = (n + band.n_cases, overdue + band.n_overdue, minor + band.amount_minor)
    names = dict.fromkeys([*policy.cases.terms.queues, *sorted({*alerts, *waiting})])
    lines: list[QueueLine] = []
    for queue in names:
        per_day = alerts.get(queue, {})
        n, overdue, minor = waiting.get(queue, (0, 0, 0))
        budget = policy.watch.alerts_per_day.get(queue)
        lines.append(
            QueueLine(
                queue, sum(per_day.values()), max(per_day.values(), default=0), budget, n, overdue, minor
            )
        )
    return lines
