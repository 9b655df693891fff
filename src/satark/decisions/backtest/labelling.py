"""What is known of the truth of the payments of a backtest, and how much each one counts.

Labels are selective: what was held or blocked never shows its outcome, and a label on it is the word of whoever looked.
Where a control group let some of those payments through, they stand for all that went the other way, and shares are
weighted; what was only looked at then counts in no share (`satark.decisions.labels.outcome`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.core.clock import MICROS_PER_DAY
from satark.decisions.backtest.intervals import Weighted, share
from satark.decisions.backtest.result import Labels, Note
from satark.decisions.label_index import FRAUD, GENUINE, NONE, LabelIndex
from satark.decisions.labels_frame import standing_frame
from satark.decisions.replay_stage import SHARE, THEN
from satark.policies.model import GRAVITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.policies.label_rules import LabelRules

FEW_FRAUDS = 30
YOUNG_DAYS = 30
_STOPPED = GRAVITY["hold"]
_PAYMENT = "payment"


class Truth:
    """The labels of one backtest, and what they leave open.

    Parameters
    ----------
    labels
        `payment`, `label`, `reporter`, `reported_us`, in their order.
    rules
        Whom to believe, and when silence means genuine.
    as_of_us
        The moment from which the past is looked at; None: silence means nothing.
    weighted
        Whether any payment was let through by a control group.
    """

    def __init__(
        self, labels: pl.DataFrame, rules: LabelRules, *, as_of_us: int | None, weighted: bool
    ) -> None:
        standing, disputed = _standing(labels, rules)
        self._index = LabelIndex(standing)
        self._disputed = LabelIndex(disputed)
        self._as_of_us = as_of_us
        self._rules = rules
        self._weighted = weighted
        self._payments = self._fraud = self._genuine = 0
        self._stopped_then = self._stopped_labelled = self._control = 0
        self._presumed = self._n_disputed = self._young = 0
        self._weights = {code: Weighted(0.0, 0.0) for code in (GENUINE, FRAUD)}

    def add(self, payments: pl.DataFrame) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return the label and the weight of each payment of a slice, and count them.

        Parameters
        ----------
        payments
            `id`, `occurred_at` in microseconds, and of a log `THEN` and `SHARE`.
        """
        codes = self._index.codes(payments["id"])
        self._payments += len(codes)
        self._n_disputed += int((self._disputed.codes(payments["id"]) != NONE).sum())
        weights = np.ones(len(codes))
        if THEN in payments.columns:
            weights = self._then(payments, codes)
        weights[codes == NONE] = 0.0
        for code in (GENUINE, FRAUD):
            mine = weights[codes == code]
            self._weights[code] += Weighted(float(mine.sum()), float((mine**2).sum()))
        self._fraud += int((codes == FRAUD).sum())
        self._genuine += int((codes == GENUINE).sum())
        return codes, weights

    def _then(self, payments: pl.DataFrame, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return weights by what was done then; presume what went through long ago to be genuine."""
        shares = payments[SHARE].fill_null(0.0).to_numpy()
        released = shares > 0
        stopped = (payments[THEN].fill_null(0).to_numpy() >= _STOPPED) & ~released
        self._control += int(released.sum())
        self._stopped_then += int(stopped.sum())
        self._stopped_labelled += int((stopped & (codes != NONE)).sum())
        if self._as_of_us is not None:
            age_us = self._as_of_us - payments["occurred_at"].to_numpy()
            self._young += int((age_us < YOUNG_DAYS * MICROS_PER_DAY).sum())
            if self._rules.mature_days is not None:
                # Where retention has removed the answer, nobody knows whether it went through.
                through = payments[THEN].is_not_null().to_numpy() & ~stopped
                silent = (codes == NONE) & through & (age_us >= self._rules.mature_days * MICROS_PER_DAY)
                codes[silent] = GENUINE
                self._presumed += int(silent.sum())
        weights = np.where(released, 1.0 / np.where(released, shares, 1.0), 1.0)
        if self._weighted:
            weights[stopped] = 0.0
        return weights

    def labels(self) -> Labels:
        """Return what was counted."""
        frauds = self._weights[FRAUD]
        return Labels(
            labelled=self._fraud + self._genuine,
            fraud=self._fraud,
            genuine=self._genuine,
            payments=self._payments,
            base_rate=share(frauds, frauds + self._weights[GENUINE]),
            stopped_then=self._stopped_then,
            stopped_labelled=self._stopped_labelled,
            control=self._control,
            weighted=self._weighted,
            disputed=self._n_disputed,
            presumed=self._presumed,
        )

    def notes(self) -> Sequence[Note]:
        """Return what a reader must know of the labels."""
        found = self.labels()
        notes: list[Note] = []
        if not found.labelled:
            return [Note("no_labels")]
        if found.fraud < FEW_FRAUDS:
            notes.append(Note("few_frauds", {"fraud": found.fraud}))
        if found.labelled < found.payments:
            notes.append(Note("unlabelled", {"labelled": found.labelled, "payments": found.payments}))
        if found.stopped_then:
            numbers: dict[str, float | int | str] = {
                "stopped": found.stopped_then,
                "labelled": found.stopped_labelled,
            }
            notes.append(Note("selective_weighted" if self._weighted else "selective", numbers))
        if self._weighted:
            notes.append(Note("control_group", {"control": found.control}))
        if found.presumed:
            notes.append(Note("presumed", {"presumed": found.presumed, "days": self._rules.mature_days or 0}))
        if self._young:
            notes.append(Note("young", {"young": self._young, "days": YOUNG_DAYS}))
        if found.disputed:
            notes.append(Note("disputed", {"disputed": found.disputed}))
        return notes


def _standing(labels: pl.DataFrame, rules: LabelRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the label that holds of each payment, and the payments about which reporters differ."""
    told = pl.col(_PAYMENT).alias("id"), pl.col("label")
    if labels[_PAYMENT].n_unique() == labels.height:
        # Mostly nobody has spoken twice of one payment.
        single = labels.select(told)
        return single, single.clear()
    standing = standing_frame(labels, rules.trust, by=(_PAYMENT,))
    return standing.select(told), standing.filter("contradicted").select(told)
