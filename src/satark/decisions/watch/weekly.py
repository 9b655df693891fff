"""The figures of one week: what was decided, stopped and troubled, how right it was, and what the watch found.

Plain data with an interval wherever something is estimated; the report in both languages is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from satark.decisions.watch import measures as m
from satark.decisions.watch.findings import Finding, Kind, Verdict, finite
from satark.models import drift
from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from satark.models.drift import Estimate

TOP_RULES = 15
DEAD_WEEKS = 4
"""A rule that fired in none of so many weeks is called dead."""
REPORTED_AGE_WEEKS = 13
TOLD = (Verdict.BREACH, Verdict.NEAR)
_ENDED = (m.STOPPED, m.THROUGH, m.OBSERVED_ONLY, m.RELEASED)


class Interval(msgspec.Struct, frozen=True):
    """A share with its 95 % interval; None where there is no case."""

    value: float | None
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, estimate: Estimate) -> Interval:
        """Return an estimate as plain data."""
        return cls(finite(estimate.value), estimate.low, estimate.high, estimate.n)


class Amount(msgspec.Struct, frozen=True):
    """How many payments, and their sum in minor units of the base currency."""

    n: int = 0
    minor: int = 0


class RuleLine(msgspec.Struct, frozen=True):
    """What one rule did, and how many of its payments turned out to be what."""

    code: str
    fired: Amount
    fraud: int
    genuine: int
    precision: Interval


class QueueLine(msgspec.Struct, frozen=True):
    """One queue: alerts of the week and of its worst day, the budget of a day, and what is open now."""

    queue: str
    alerts: int
    most_in_a_day: int
    budget: int | None
    open_cases: int
    overdue: int
    open_minor: int


class WeeklyFigures(msgspec.Struct, frozen=True):
    """One week.

    Attributes
    ----------
    decided, before
        By action, in this week and in the one before.
    stopped, observed, released
        Held or blocked; would have been, in `observe` mode; let through by lot.
    stopped_days
        Of each day, Monday first: minor units stopped.
    labelled
        Label and end ("fraud.stopped") of payments whose truth somebody has reported.
    contradicted
        Payments on which reporters do not agree.
    precision
        Of what was stopped and is labelled: the share of fraud.
    recall, recall_minor
        Of the labelled fraud: the share that was stopped, by payments and by money.
    labelled_stopped
        Of what was stopped: the share that is labelled at all.
    reports_in
        Which share of fraud reports usually has come by now; None while too few ever came.
    troubled_customers, troubled
        Genuine customers who were stopped, each once, and their payments.
    findings
        Of the watch, beyond their limits or near them; `delay` is that of the labels.
    counted_seq, log_seq
        Up to where the log was counted, and how far it goes.
    """

    week: int
    today: int
    policy_name: str
    policy_version: int
    policy_hash: str
    decided: dict[str, Amount]
    before: dict[str, Amount]
    stopped: Amount
    stopped_before: Amount
    observed: Amount
    released: Amount
    stopped_days: list[int]
    labelled: dict[str, Amount]
    contradicted: int
    precision: Interval
    recall: Interval
    recall_minor: float | None
    labelled_stopped: Interval
    reports_in: float | None
    troubled_customers: int
    troubled: Amount
    top_rules: list[RuleLine]
    dead_rules: list[str]
    findings: list[Finding]
    delay: Finding | None
    queues: list[QueueLine]
    counted_seq: int = 0
    log_seq: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What the figures are made of.

    Attributes
    ----------
    sums, before
        Of the week and of the one before, all measures.
    days
        `ANSWERED` of each day of the week, Monday first.
    recent_rules
        `RULE` over the last `DEAD_WEEKS` weeks.
    delays
        `DELAY` over the last `REPORTED_AGE_WEEKS` weeks.
    """

    sums: m.Sums
    before: m.Sums
    days: Sequence[Mapping[str, tuple[int, int]]]
    recent_rules: Mapping[str, tuple[int, int]]
    delays: Mapping[str, tuple[int, int]]
    rules: Sequence[str]
    findings: Sequence[Finding]


def weekly_figures(
    told: Told,
    *,
    week: int,
    today: int,
    policy: tuple[str, int, str],
    troubled: tuple[int, int, int],
    queues: Collection[QueueLine] = (),
    places: tuple[int, int] = (0, 0),
) -> WeeklyFigures:
    """Return the figures of a week.

    Parameters
    ----------
    policy
        Name, version and hash of the one in force.
    troubled
        Genuine customers who were stopped, their payments, and the sum of these.
    places
        Up to where the log was counted, and how far it goes.
    """
    labelled = {key: Amount(*row) for key, row in told.sums.get(m.LABELLED, {}).items() if row != (0, 0)}
    fraud = {ended: labelled.get(f"fraud.{ended}", Amount()) for ended in _ENDED}
    genuine_stopped = labelled.get(f"genuine.{m.STOPPED}", Amount())
    stopped = _amount(told.sums, m.ANSWERED, m.STOPPED)
    all_fraud = sum(amount.n for amount in fraud.values())
    all_minor = sum(amount.minor for amount in fraud.values())
    labelled_stopped = fraud[m.STOPPED].n + genuine_stopped.n
    return WeeklyFigures(
        week=week,
        today=today,
        policy_name=policy[0],
        policy_version=policy[1],
        policy_hash=policy[2],
        decided=_by_action(told.sums),
        before=_by_action(told.before),
        stopped=stopped,
        stopped_before=_amount(told.before, m.ANSWERED, m.STOPPED),
        observed=_amount(told.sums, m.ANSWERED, m.OBSERVED_ONLY),
        released=_amount(told.sums, m.ANSWERED, m.RELEASED),
        stopped_days=[day.get(m.STOPPED, (0, 0))[1] for day in told.days],
        labelled=labelled,
        contradicted=told.sums.get(m.CONTRADICTED, {}).get("", (0, 0))[0],
        precision=Interval.of(drift.share(fraud[m.STOPPED].n, labelled_stopped)),
        recall=Interval.of(drift.share(fraud[m.STOPPED].n, all_fraud)),
        recall_minor=fraud[m.STOPPED].minor / all_minor if all_minor else None,
        labelled_stopped=Interval.of(drift.share(min(labelled_stopped, stopped.n), stopped.n)),
        reports_in=reports_in(told.delays, today - (m.first_day(week) + m.DAYS_PER_WEEK / 2)),
        troubled_customers=troubled[0],
        troubled=Amount(troubled[1], troubled[2]),
        top_rules=_top_rules(told.sums),
        dead_rules=[code for code in told.rules if told.recent_rules.get(code, (0, 0))[0] <= 0],
        findings=[one for one in told.findings if one.verdict in TOLD and one.kind is not Kind.LABEL_DELAY],
        delay=next((one for one in told.findings if one.kind is Kind.LABEL_DELAY), None),
        queues=list(queues),
        counted_seq=places[0],
        log_seq=places[1],
    )


def reports_in(delays: Mapping[str, tuple[int, int]], age_days: float) -> float | None:
    """Return which share of first fraud reports came within an age, in the past; None when fewer than ten came.

    Examples
    --------
    >>> reports_in({"02": (60, 0), "08": (40, 0)}, 10.0)
    0.6
    >>> reports_in({"02": (9, 0)}, 10.0) is None
    True
    """
    total = sum(n for n, _ in delays.values())
    if total < 10:  # noqa: PLR2004 - of fewer no share is worth telling
        return None
    within = 0.0
    for place in range(len(m.DELAY_DAYS) + 1):
        n = delays.get(f"{place:02d}", (0, 0))[0]
        low = m.DELAY_DAYS[place - 1] if place else 0.0
        high = m.DELAY_DAYS[place] if place < len(m.DELAY_DAYS) else None
        if high is not None and age_days >= high:
            within += n
        elif high is not None and age_days > low:
            within += n * (age_days - low) / (high - low)
    return within / total


def _top_rules(sums: m.Sums) -> list[RuleLine]:
    frauds, genuine = sums.get(m.RULE_FRAUD, {}), sums.get(m.RULE_GENUINE, {})
    fired = sorted(sums.get(m.RULE, {}).items(), key=lambda item: (-item[1][0], item[0]))[:TOP_RULES]
    lines: list[RuleLine] = []
    for code, row in fired:
        n_fraud, n_genuine = frauds.get(code, (0, 0))[0], genuine.get(code, (0, 0))[0]
        precision = Interval.of(drift.share(n_fraud, n_fraud + n_genuine))
        lines.append(RuleLine(code, Amount(*row), n_fraud, n_genuine, precision))
    return lines


def _by_action(sums: m.Sums) -> dict[str, Amount]:
    return {action: _amount(sums, m.DECIDED, action) for action in ACTIONS}


def _amount(sums: m.Sums, measure: str, key: str) -> Amount:
    return Amount(*sums.get(measure, {}).get(key, (0, 0)))
