"""What each rule does, and what it adds to the others, added up slice by slice.

The marginal value of a rule is exact: on the rows where it fired, the policy judges once more as if it had no such
rule, so what it exempts, and what its score does to thresholds, is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satark.decisions.backtest.intervals import Weighted, share
from satark.decisions.backtest.result import Overlap, RuleResult
from satark.decisions.backtest.sums import exact_sum
from satark.decisions.label_index import FRAUD, GENUINE
from satark.policies.model import GRAVITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.decisions.backtest.alerts import AlertRoutes
    from satark.decisions.backtest.tally import Payments
    from satark.policies import Policy
    from satark.policies.bulk import FrameVerdicts

MAX_OVERLAPS = 60
_STOPPED = GRAVITY["hold"]


class RuleTally:
    """Adds up the rules of one policy."""

    def __init__(self, policy: Policy, routes: AlertRoutes) -> None:
        self._rules = policy.rules
        self._routes = routes
        n = len(policy.rules)
        self._fired = np.zeros(n, dtype=np.int64)
        self._fraud = np.zeros(n, dtype=np.int64)
        self._genuine = np.zeros(n, dtype=np.int64)
        # Weights of frauds and genuine payments, and their squares.
        self._weights = np.zeros((4, n))
        self._worth = [0] * n
        self._alone = np.zeros(n, dtype=np.int64)
        self._together = np.zeros((n, n), dtype=np.int64)
        # Flagged, stopped, frauds, genuine payments and alerts that there would not be without the rule.
        self._adds = np.zeros((5, n), dtype=np.int64)
        self._adds_worth = [0] * n
        self._changes = np.zeros(n, dtype=np.int64)

    def add(self, payments: Payments, verdicts: FrameVerdicts, queues: NDArray[np.int16]) -> None:
        """Count one slice."""
        if not self._rules:
            return
        some = np.flatnonzero(verdicts.counting.any(axis=1))
        counting = verdicts.counting[some]
        labels, weights, amounts = payments.labels[some], payments.weights[some], payments.amounts[some]
        self._fired += counting.sum(axis=0)
        numbers = counting.astype(np.float64)
        self._together += (numbers.T @ numbers).astype(np.int64)
        single = counting.sum(axis=1) == 1
        self._alone += counting[single].sum(axis=0)
        self._fraud += counting[labels == FRAUD].sum(axis=0)
        self._genuine += counting[labels == GENUINE].sum(axis=0)
        for row, label in enumerate((FRAUD, GENUINE)):
            where = labels == label
            self._weights[2 * row] += weights[where] @ numbers[where]
            self._weights[2 * row + 1] += weights[where] ** 2 @ numbers[where]
        frauds = np.flatnonzero(labels == FRAUD)
        for place in range(len(self._rules)):
            self._worth[place] += exact_sum(amounts[frauds][counting[frauds, place]])
            self._add_margin(place, payments, verdicts, queues)

    def _add_margin(
        self, place: int, payments: Payments, verdicts: FrameVerdicts, queues: NDArray[np.int16]
    ) -> None:
        rows, without = verdicts.without(place)
        if not len(rows):
            return
        before, after = verdicts.gravities[rows], without.gravities
        less = (before > 0).astype(np.int64) - (after > 0)
        labels, amounts = payments.labels[rows], payments.amounts[rows]
        # An alert follows from the action, the score and perhaps the kinds of the rules: only where one is another.
        other = before != after
        other |= verdicts.scores[rows] != without.scores
        touched = np.arange(len(rows)) if self._routes.ask_kind else np.flatnonzero(other)
        alerts = 0
        if len(touched):
            after_queues = self._routes.queues_of(payments.facts, without.rows(touched), rows[touched])
            alerts = int((queues[rows[touched]] >= 0).sum()) - int((after_queues >= 0).sum())
        self._adds[:, place] += (
            less.sum(),
            ((before >= _STOPPED).astype(np.int64) - (after >= _STOPPED)).sum(),
            less[labels == FRAUD].sum(),
            less[labels == GENUINE].sum(),
            alerts,
        )
        for sign in (1, -1):
            self._adds_worth[place] += sign * exact_sum(amounts[(labels == FRAUD) & (less == sign)])
        self._changes[place] += (before != after).sum()

    def results(self, frauds: Weighted) -> list[RuleResult]:
        """Return what each rule does; `frauds` are all of them, weighted."""
        return [self._result(place, frauds) for place in range(len(self._rules))]

    def overlaps(self) -> list[Overlap]:
        """Return the pairs of rules that fire together most, by the share of the one that fires less."""
        found: list[Overlap] = []
        for one, other in zip(*np.nonzero(np.triu(self._together, 1)), strict=True):
            both = int(self._together[one, other])
            part = both / int(min(self._fired[one], self._fired[other]))
            found.append(Overlap(self._rules[one].code, self._rules[other].code, both, part))
        return sorted(found, key=lambda o: (-o.share, -o.both, o.first, o.second))[:MAX_OVERLAPS]

    def _result(self, place: int, frauds: Weighted) -> RuleResult:
        rule, fired = self._rules[place], int(self._fired[place])
        hit, wrong = (
            Weighted(float(self._weights[row, place]), float(self._weights[row + 1, place])) for row in (0, 2)
        )
        flagged, stopped, fraud, genuine, alerts = (int(number) for number in self._adds[:, place])
        return RuleResult(
            code=rule.code,
            action=rule.action,
            score=rule.score,
            fired=fired,
            fraud=int(self._fraud[place]),
            genuine=int(self._genuine[place]),
            precision=share(hit, hit + wrong),
            recall=share(hit, frauds),
            fraud_minor=self._worth[place],
            alone=int(self._alone[place]),
            marginal_flagged=flagged,
            marginal_stopped=stopped,
            marginal_fraud=fraud,
            marginal_genuine=genuine,
            marginal_fraud_minor=self._adds_worth[place],
            marginal_alerts=alerts,
            dead=not fired,
            redundant=bool(fired) and not self._changes[place],
        )
