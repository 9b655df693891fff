"""What one policy does, added up slice by slice in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from satark.decisions.backtest.alerts import AlertRoutes
from satark.decisions.backtest.curve import curve_of, total_cost
from satark.decisions.backtest.intervals import Weighted, share
from satark.decisions.backtest.queue_load import HourCounts
from satark.decisions.backtest.result import ActionTotal, PolicyResult
from satark.decisions.backtest.rule_tally import RuleTally
from satark.decisions.backtest.score_bins import ScoreBins
from satark.decisions.backtest.sums import exact_sums
from satark.decisions.label_index import FRAUD, GENUINE, NAMES
from satark.policies.model import ACTIONS, GRAVITY

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from satark.decisions.backtest.result import Costs
    from satark.decisions.replay_run import Answers
    from satark.decisions.views import View

STOPPED = GRAVITY["hold"]
"""The gravity from which a payment is stopped."""
_MOST_PENDING = 1 << 18


@dataclass(frozen=True, slots=True)
class Payments:
    """The payments of one slice that count, as arrays of one length.

    Attributes
    ----------
    labels
        As of `satark.decisions.label_index`.
    weights
        How many payments each labelled one stands for; 0 for one that no share counts.
    amounts
        In minor units of the base currency; 0 where there is no rate.
    customers
        A hash of whom each payment is of; 0 where that is unknown.
    hours
        Running numbers of hours in India.
    facts
        One column per fact that the policies and their routes read.
    """

    labels: NDArray[np.uint8]
    weights: NDArray[np.float64]
    amounts: NDArray[np.int64]
    customers: NDArray[np.uint64]
    hours: NDArray[np.int64]
    facts: pl.DataFrame

    @property
    def height(self) -> int:
        """How many."""
        return len(self.labels)


class CustomerSet:
    """Different customers; as large as they are many."""

    def __init__(self) -> None:
        self._known = np.zeros(0, dtype=np.uint64)
        self._pending: list[NDArray[np.uint64]] = []

    def add(self, customers: NDArray[np.uint64]) -> None:
        """Take in some; 0 is none."""
        self._pending.append(np.unique(customers[customers != 0]))
        if sum(map(len, self._pending)) > _MOST_PENDING:
            self.values()

    def values(self) -> NDArray[np.uint64]:
        """Return them, sorted."""
        self._known = np.unique(np.concatenate([self._known, *self._pending]))
        self._pending = []
        return self._known


class PolicyTally:
    """Adds up what one policy answers.

    Attributes
    ----------
    routes
        Its routes of alerts.
    troubled
        The customers with a flagged genuine payment.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.routes = AlertRoutes(view.policy)
        self.troubled = CustomerSet()
        self._hours = HourCounts(self.routes.queues)
        self._rules = RuleTally(view.policy, self.routes)
        self._scores = ScoreBins()
        self._model = ScoreBins() if view.policy.model is not None else None
        shape = (len(ACTIONS), len(NAMES))
        self._counts = np.zeros(shape, dtype=np.int64)
        self._worth = np.zeros(shape, dtype=object)
        self._weights = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._degraded: Counter[str] = Counter()

    def add(self, payments: Payments, answers: Answers) -> NDArray[np.int16]:
        """Count one slice; return the place of each payment's queue."""
        verdicts, labels = answers.verdicts, payments.labels
        size, shape = self._counts.size, self._counts.shape
        groups = verdicts.gravities.astype(np.int64) * len(NAMES) + labels
        self._counts += np.bincount(groups, minlength=size).reshape(shape)
        self._worth += exact_sums(groups, payments.amounts, size).reshape(shape)
        self._weights += np.bincount(groups, weights=payments.weights, minlength=size).reshape(shape)
        self._squares += np.bincount(groups, weights=payments.weights**2, minlength=size).reshape(shape)
        self.troubled.add(payments.customers[(verdicts.gravities > 0) & (labels == GENUINE)])
        queues = self.routes.queues_of(payments.facts, verdicts)
        self._hours.add(payments.hours, queues)
        self._rules.add(payments, verdicts, queues)
        self._scores.add(verdicts.scores, labels, payments.amounts)
        if self._model is not None and answers.model is not None:
            said = answers.model.fill_null(float("nan")).to_numpy()
            self._model.add(said, labels, payments.amounts)
        for code, where in answers.degraded.items():
            count = payments.height if where is None else int(where.sum())
            if count:
                self._degraded[code] += count
        return queues

    def counts(self, label: int, from_gravity: int = 1) -> int:
        """Return how many payments with a label got at least an action."""
        return int(self._counts[from_gravity:, label].sum())

    def worth(self, label: int, from_gravity: int = 1) -> int:
        """Return the worth of the payments with a label that got at least an action."""
        return int(self._worth[from_gravity:, label].sum())

    def result(self, *, from_us: int, to_us: int, days: float, costs: Costs) -> PolicyResult:
        """Return everything that was added up."""
        policy, model = self.view.policy, self.view.policy.model
        queue = self._hours.load(from_us, to_us)
        missed = int(self._worth[0, FRAUD])
        frauds = self._weighted(0, FRAUD)
        all_minor = self.worth(FRAUD, 0)
        troubled = self.counts(GENUINE)
        curves = [curve_of("score", self._scores, days, costs)]
        if self._model is not None:
            curves.append(curve_of("model", self._model, days, costs))
        return PolicyResult(
            name=policy.name,
            version=policy.version,
            hash=policy.content_hash,
            mode=policy.mode,
            model="" if model is None else model.name,
            model_hash="" if model is None else model.hash,
            killed=sorted(self.view.killed),
            actions={action: self._action(place) for place, action in enumerate(ACTIONS)},
            stopped_minor=sum(self.worth(label, STOPPED) for label in range(len(NAMES))),
            challenged_minor=int(self._worth[GRAVITY["challenge"]].sum()),
            fraud_stopped_minor=self.worth(FRAUD, STOPPED),
            fraud_challenged_minor=int(self._worth[GRAVITY["challenge"], FRAUD]),
            fraud_missed_minor=missed,
            genuine_troubled=troubled,
            customers_troubled=len(self.troubled.values()),
            precision=share(self._weighted(1, FRAUD), self._weighted(1, FRAUD) + self._weighted(1, GENUINE)),
            recall=share(self._weighted(1, FRAUD), frauds),
            stop_precision=share(
                self._weighted(STOPPED, FRAUD),
                self._weighted(STOPPED, FRAUD) + self._weighted(STOPPED, GENUINE),
            ),
            stop_recall=share(self._weighted(STOPPED, FRAUD), frauds),
            recall_by_worth=self.worth(FRAUD) / all_minor if all_minor else None,
            queue=queue,
            rules=self._rules.results(frauds),
            overlaps=self._rules.overlaps(),
            curves=curves,
            degraded=dict(sorted(self._degraded.items())),
            cost_minor=total_cost(costs, queue.alerts, troubled, missed),
        )

    def base_rate(self) -> tuple[Weighted, Weighted]:
        """Return the frauds and all labelled payments, weighted."""
        frauds = self._weighted(0, FRAUD)
        return frauds, frauds + self._weighted(0, GENUINE)

    def _weighted(self, from_gravity: int, label: int) -> Weighted:
        return Weighted(
            float(self._weights[from_gravity:, label].sum()), float(self._squares[from_gravity:, label].sum())
        )

    def _action(self, place: int) -> ActionTotal:
        counts, worth = self._counts[place], self._worth[place]
        return ActionTotal(
            payments=int(counts.sum()),
            amount_minor=int(worth.sum()),
            fraud=int(counts[FRAUD]),
            fraud_minor=int(worth[FRAUD]),
            genuine=int(counts[GENUINE]),
            genuine_minor=int(worth[GENUINE]),
        )
