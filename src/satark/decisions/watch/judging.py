"""From counts to findings: each number of a week with its interval, held against its limit.

Told of is only what lies beyond a limit even at the near end of its interval, so that a small week or a rare feature
does not call people in vain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satark.decisions.watch import measures as m
from satark.decisions.watch.findings import Finding, Kind, Verdict, finite
from satark.models import drift
from satark.models.drift import Estimate, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from satark.decisions.watch.gauges import Kept
    from satark.policies.label_rules import LabelRules
    from satark.policies.watch_rules import WatchRules

WEEKS_BEFORE = 4
"""The score and the precision of a rule are compared with so many weeks before."""
LEAST_LABELLED_SHARE = 10
"""A precision is judged from a tenth of `WatchRules.least` labelled payments on."""
LATE_SHARE = 0.1
"""Of reports of fraud: so many may come later than the limit."""
MAX_SUBJECTS = 500

Weeks = dict[int, m.Sums]
_NOTHING: m.Sums = {}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the weeks are judged by.

    Attributes
    ----------
    weeks
        Week to its counts; those before the first judged week are compared with.
    kept
        References by the head of their keys.
    alerts
        Week to queue to day to alerts opened on it.
    rules, labels
        Of the policy.
    today
        The present day in India, since 1970: a week that is not over is judged as far as it goes.
    """

    weeks: Weeks
    kept: Mapping[str, Kept]
    rules: WatchRules
    labels: LabelRules
    today: int
    alerts: Mapping[int, Mapping[str, Mapping[int, int]]] = field(default_factory=dict)

    def sums(self, week: int, measure: str) -> dict[str, tuple[int, int]]:
        """Return key to (count, sum) of one measure."""
        return self.weeks.get(week, _NOTHING).get(measure, {})

    def before(self, week: int, measure: str) -> dict[str, tuple[int, int]]:
        """Return the same over the weeks before one."""
        found: dict[str, tuple[int, int]] = {}
        for earlier in range(week - WEEKS_BEFORE, week):
            for key, (n, total) in self.sums(earlier, measure).items():
                old = found.get(key, (0, 0))
                found[key] = (old[0] + n, old[1] + total)
        return found


def judge_weeks(told: Judged, weeks: Iterable[int]) -> list[Finding]:
    """Return the findings of some weeks, week by week."""
    return [finding for week in weeks for judge in _JUDGES for finding in judge(told, week)]


def feature_drift(told: Judged, week: int) -> list[Finding]:
    """Judge how far the values of each feature are from what was usual."""
    counts = told.sums(week, m.VALUE)
    found: list[Finding] = []
    for head in _heads(counts)[:MAX_SUBJECTS]:
        kept = told.kept.get(head)
        if kept is not None and kept.edges:
            estimate = drift.psi(kept.reference, m.by_bin(counts, head, len(kept.shares)))
            found.append(
                _above(Kind.FEATURE_DRIFT, kept.name, week, estimate, told.rules.psi, told.rules.least)
            )
    return _worst_first(found)


def model_drift(told: Judged, week: int) -> list[Finding]:
    """Judge how far a model's probabilities are from those at its training."""
    counts = told.sums(week, m.MODEL)
    found: list[Finding] = []
    for head in _heads(counts):
        kept = told.kept.get(head)
        if kept is not None and kept.edges:
            estimate = drift.psi(kept.reference, m.by_bin(counts, head, len(kept.shares)))
            found.append(
                _above(
                    Kind.MODEL_DRIFT, kept.signature[:16], week, estimate, told.rules.psi, told.rules.least
                )
            )
    return found


def score_drift(told: Judged, week: int) -> list[Finding]:
    """Judge how far the scores of decisions are from those of the weeks before."""
    usual = _bins(told.before(week, m.SCORE), m.SCORE_BINS)
    total = sum(usual)
    now = _bins(told.sums(week, m.SCORE), m.SCORE_BINS)
    if total < told.rules.least or not sum(now):
        return []
    # Scores of rules are a few steps: bins that nobody ever fell into say nothing.
    used = [place for place in range(m.SCORE_BINS) if usual[place] or now[place]]
    reference = Reference(
        tuple(float(place) for place in used[:-1]), tuple(usual[place] / total for place in used), n=total
    )
    estimate = drift.psi(reference, [now[place] for place in used])
    return [_above(Kind.SCORE_DRIFT, "", week, estimate, told.rules.psi, told.rules.least)]


def calibration(told: Judged, week: int) -> list[Finding]:
    """Judge how many frauds there were among payments that went through, against how many a model expected.

    Weeks whose labels are still to come are open: too few frauds in them mean nothing, too many do.
    """
    expected, observed = told.sums(week, m.EXPECTED), told.sums(week, m.OBSERVED)
    limit = told.rules.calibration
    mature_days = told.labels.mature_days or 0
    is_open = told.today - (m.first_day(week) + m.DAYS_PER_WEEK - 1) < mature_days
    found: list[Finding] = []
    for model, (n, millionths) in sorted(expected.items()):
        estimate = drift.observed_over_expected(
            max(0, observed.get(model, (0, 0))[0]), millionths / m.MILLION, n
        )
        verdict = Verdict.OK
        if n < told.rules.least or not math.isfinite(estimate.value):
            verdict = Verdict.THIN
        elif estimate.low > limit or (estimate.high < 1 / limit and not is_open):
            verdict = Verdict.BREACH
        elif is_open:
            verdict = Verdict.OPEN
        elif not 1 / limit <= estimate.value <= limit:
            verdict = Verdict.NEAR
        found.append(_finding(Kind.CALIBRATION, model, week, estimate, limit, verdict, 1.0))
    return found


def missing(told: Judged, week: int) -> list[Finding]:
    """Judge by how much the share of missing values of each feature has grown since what was usual."""
    values, gone = told.sums(week, m.VALUE), told.sums(week, m.MISSING)
    there: dict[str, int] = {}
    for key, (n, _) in values.items():
        head = key.rpartition(":")[0]
        there[head] = there.get(head, 0) + n
    found: list[Finding] = []
    for head in sorted(there.keys() | gone.keys())[:MAX_SUBJECTS]:
        kept = told.kept.get(head)
        if kept is None:
            continue
        n_missing = gone.get(head, (0, 0))[0]
        n = there.get(head, 0) + n_missing
        rows = kept.n or n
        usual = drift.share(round(kept.missing * rows), rows)
        estimate = drift.difference(drift.share(n_missing, n), usual)
        found.append(
            _above(
                Kind.MISSING, kept.name, week, estimate, told.rules.missing, told.rules.least, kept.missing
            )
        )
    return _worst_first(found)


def degraded(told: Judged, week: int) -> list[Finding]:
    """Judge which share of the decisions was made without something."""
    n = sum(count for count, _ in told.sums(week, m.DECIDED).values())
    if not n:
        return []
    counts = {m.ANY: (0, 0), **told.sums(week, m.DEGRADED)}
    return _worst_first(
        _above(
            Kind.DEGRADED,
            "" if name == m.ANY else name,
            week,
            drift.share(count, n),
            told.rules.degraded,
            told.rules.least,
        )
        for name, (count, _) in counts.items()
    )


def precision(told: Judged, week: int) -> list[Finding]:
    """Judge whether the frauds among a rule's labelled payments became fewer than in the weeks before."""
    least = max(1, told.rules.least // LEAST_LABELLED_SHARE)
    frauds, genuine = told.sums(week, m.RULE_FRAUD), told.sums(week, m.RULE_GENUINE)
    frauds_before, genuine_before = told.before(week, m.RULE_FRAUD), told.before(week, m.RULE_GENUINE)
    found: list[Finding] = []
    for code in sorted(frauds.keys() | genuine.keys()):
        now = _precision(frauds, genuine, code)
        before = _precision(frauds_before, genuine_before, code)
        fallen = drift.difference(now, before)
        verdict = Verdict.OK
        if now.n < least or before.n < least:
            verdict = Verdict.THIN
        elif fallen.high < -told.rules.precision_drop:
            verdict = Verdict.BREACH
        elif fallen.value < -told.rules.precision_drop:
            verdict = Verdict.NEAR
        usual = finite(before.value) if before.n else None
        found.append(_finding(Kind.PRECISION, code, week, now, told.rules.precision_drop, verdict, usual))
    return found


def label_delay(told: Judged, week: int) -> list[Finding]:
    """Judge within how many days nine in ten first reports of fraud came, by the week in which they came."""
    counts = _bins(told.sums(week, m.DELAY), len(m.DELAY_DAYS) + 1)
    n = sum(counts)
    limit = told.rules.label_delay_days
    if not n:
        return []
    late = sum(count for place, count in enumerate(counts) if place and _lower_bound(place) >= limit)
    share = drift.share(late, n)
    verdict = Verdict.OK
    if n < max(1, told.rules.least // LEAST_LABELLED_SHARE):
        verdict = Verdict.THIN
    elif share.low > LATE_SHARE:
        verdict = Verdict.BREACH
    elif share.value > LATE_SHARE:
        verdict = Verdict.NEAR
    low, high = _quantile_bounds(counts, n)
    usual = drift.quantile(m.DELAY_DAYS, counts, 0.5)
    value = drift.quantile(m.DELAY_DAYS, counts, 1 - LATE_SHARE)
    return [Finding(Kind.LABEL_DELAY, "", week, value, low, high, limit, n, verdict, usual)]


def alerts(told: Judged, week: int) -> list[Finding]:
    """Judge whether a queue got more alerts in a day than its people can look at."""
    found: list[Finding] = []
    for queue, budget in sorted(told.rules.alerts_per_day.items()):
        per_day = told.alerts.get(week, {}).get(queue, {})
        most = float(max(per_day.values(), default=0))
        verdict = Verdict.BREACH if most > budget else Verdict.OK
        n = sum(per_day.values())
        mean = n / max(1, min(m.DAYS_PER_WEEK, told.today - m.first_day(week) + 1))
        found.append(Finding(Kind.ALERTS, queue, week, most, most, most, float(budget), n, verdict, mean))
    return found


_JUDGES: tuple[Callable[[Judged, int], list[Finding]], ...] = (
    feature_drift, score_drift, model_drift, calibration, missing, degraded, precision, label_delay, alerts,
)  # fmt: skip


def _above(
    kind: Kind,
    subject: str,
    week: int,
    estimate: Estimate,
    limit: float,
    least: int,
    before: float | None = None,
) -> Finding:
    verdict = Verdict.OK
    if estimate.n < least:
        verdict = Verdict.THIN
    elif estimate.low > limit:
        verdict = Verdict.BREACH
    elif estimate.value > limit:
        verdict = Verdict.NEAR
    return _finding(kind, subject, week, estimate, limit, verdict, before)


def _finding(
    kind: Kind,
    subject: str,
    week: int,
    estimate: Estimate,
    limit: float,
    verdict: Verdict,
    before: float | None,
) -> Finding:
    return Finding(
        kind, subject, week, finite(estimate.value), finite(estimate.low), finite(estimate.high), limit, estimate.n,
        verdict, before,
    )  # fmt: skip


def _worst_first(found: Iterable[Finding]) -> list[Finding]:
    order = {Verdict.BREACH: 0, Verdict.NEAR: 1, Verdict.OK: 2, Verdict.OPEN: 3, Verdict.THIN: 4}
    return sorted(found, key=lambda one: (order[one.verdict], -(one.value or 0.0), one.subject))


def _heads(counts: Mapping[str, tuple[int, int]]) -> list[str]:
    return sorted({key.rpartition(":")[0] for key in counts})


def _bins(counts: Mapping[str, tuple[int, int]], bins: int) -> list[int]:
    return [counts.get(f"{place:02d}", (0, 0))[0] for place in range(bins)]


def _precision(
    frauds: Mapping[str, tuple[int, int]], genuine: Mapping[str, tuple[int, int]], code: str
) -> Estimate:
    n_fraud = max(0, frauds.get(code, (0, 0))[0])
    return drift.share(n_fraud, n_fraud + max(0, genuine.get(code, (0, 0))[0]))


def _lower_bound(place: int) -> float:
    return m.DELAY_DAYS[place - 1]


def _quantile_bounds(counts: Sequence[int], n: int) -> tuple[float | None, float | None]:
    """Return the interval of the 90 % quantile: the normal form of the order statistics' binomial interval."""
    reach = drift.Z95 * math.sqrt(LATE_SHARE * (1 - LATE_SHARE) / n)
    low, high = max(0.0, 1 - LATE_SHARE - reach), min(1.0, 1 - LATE_SHARE + reach)
    return drift.quantile(m.DELAY_DAYS, counts, low), drift.quantile(m.DELAY_DAYS, counts, high)
