"""What lies at and above each score, over millions of payments, in bounded memory.

Scores fall into bins by their first twelve binary digits (a fiftieth of a per cent), each of which remembers its least
score. So the scores of rules stay apart exactly, and of a model those that differ in the fourth digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from satark.decisions.backtest.sums import exact_sums
from satark.decisions.label_index import FRAUD, GENUINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SHIFT = np.int64(40)
_LEAST_EXPONENT = 1023 - 32
_BINS = (32 << 12) + 2


class Level(NamedTuple):
    """The payments of one bin: the least score of it, all of them, those with a label, the worth of the frauds."""

    score: float
    payments: int
    genuine: int
    fraud: int
    fraud_minor: int


class ScoreBins:
    """Counts of payments by score; scores are from 0 to 1.

    Examples
    --------
    >>> bins = ScoreBins()
    >>> bins.add(np.array([0.9, 0.0, 0.9]), np.array([2, 1, 0], dtype=np.uint8), np.array([500, 20, 7]))
    >>> list(bins.falling())
    [Level(score=0.9, payments=2, genuine=0, fraud=1, fraud_minor=500), Level(score=0.0, payments=1, genuine=1, fraud=0, fraud_minor=0)]
    """  # noqa: E501 - the answer is one line

    def __init__(self) -> None:
        self._all = np.zeros(_BINS, dtype=np.int64)
        self._genuine = np.zeros(_BINS, dtype=np.int64)
        self._fraud = np.zeros(_BINS, dtype=np.int64)
        self._least = np.full(_BINS, 2.0)
        self._worth: dict[int, int] = {}

    def add(self, scores: NDArray[np.float64], labels: NDArray[np.uint8], amounts: NDArray[np.int64]) -> None:
        """Count some payments; a score that is NaN is left out.

        Parameters
        ----------
        scores, labels, amounts
            Shape (n,); labels as of `satark.decisions.label_index`, amounts in minor units.
        """
        there = ~np.isnan(scores)
        if not there.all():
            scores, labels, amounts = scores[there], labels[there], amounts[there]
        places = _bins_of(scores)
        self._all += np.bincount(places, minlength=_BINS)
        self._genuine += np.bincount(places[labels == GENUINE], minlength=_BINS)
        np.minimum.at(self._least, places, scores)
        frauds = labels == FRAUD
        if frauds.any():
            used, groups = np.unique(places[frauds], return_inverse=True)
            self._fraud[used] += np.bincount(groups)
            for place, worth in zip(
                used.tolist(), exact_sums(groups, amounts[frauds], len(used)).tolist(), strict=True
            ):
                self._worth[place] = self._worth.get(place, 0) + worth

    def falling(self) -> Iterator[Level]:
        """Yield the bins that are not empty, the highest score first."""
        for place in np.flatnonzero(self._all)[::-1].tolist():
            yield Level(
                float(self._least[place]),
                int(self._all[place]),
                int(self._genuine[place]),
                int(self._fraud[place]),
                self._worth.get(place, 0),
            )

    def auc(self) -> float | None:
        """Return the chance that a fraud ranks above a genuine payment, ties by half; None when either is absent."""
        return auc(self._genuine, self._fraud)

    def average_precision(self) -> float | None:
        """Return the mean over the frauds of the precision at their score; None without any."""
        fraud, genuine = self._fraud[::-1], self._genuine[::-1]
        total = int(fraud.sum())
        if not total:
            return None
        found, flagged = np.cumsum(fraud), np.cumsum(fraud + genuine)
        precision = np.divide(found, flagged, out=np.zeros(len(found)), where=flagged > 0)
        return float((precision * fraud).sum() / total)


def auc(genuine: NDArray[np.int64], fraud: NDArray[np.int64]) -> float | None:
    """Return the area under the ROC curve from counts by rising score.

    Examples
    --------
    >>> auc(np.array([3, 0]), np.array([0, 2])), auc(np.array([3]), np.array([2])), auc(np.array([3]), np.array([0]))
    (1.0, 0.5, None)
    """
    n_genuine, n_fraud = int(genuine.sum()), int(fraud.sum())
    if not n_genuine or not n_fraud:
        return None
    below = np.cumsum(genuine) - genuine
    twice = sum(int(f) * (2 * int(b) + int(g)) for f, b, g in zip(fraud, below, genuine, strict=True) if f)
    return twice / (2 * n_genuine * n_fraud)


def _bins_of(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    # Doubles of at least 0 sort as their bits do; what is smaller than 2**-32 shares the lowest bin.
    places = (
        (np.ascontiguousarray(scores).view(np.int64) >> _SHIFT)
        - (np.int64(_LEAST_EXPONENT) << np.int64(12))
        + 1
    )
    clipped: NDArray[np.int64] = np.clip(places, 0, _BINS - 1)
    return clipped
