"""Which inputs a model keeps: those that help in most spans of time, not in one alone.

How much they help is not asked: with few frauds a small gain is not known to be small, and leaving such inputs out
made the scores of later weeks worse (docs/training.md).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_INPUTS = 200
"""Each costs time with every score."""


class Selected(NamedTuple):
    """The inputs that stay.

    Attributes
    ----------
    places
        Ascending.
    stability
        The mean rank correlation of gains between spans that follow each other; 1 is perfectly steady; None for one
        span.
    """

    places: NDArray[np.int64]
    stability: float | None


def select(gain: NDArray[np.float64], keep: frozenset[int] = frozenset()) -> Selected:
    """Choose the inputs that gain in most spans, the greatest gains first where there are too many.

    Parameters
    ----------
    gain
        Shape (spans, inputs), each row adding up to 1.
    keep
        Places that stay whatever they gain (those with a bound on their direction).

    Examples
    --------
    >>> select(np.array([[0.6, 0.4, 0.0], [0.7, 0.3, 0.0], [0.7, 0.2995, 0.0005]])).places.tolist()
    [0, 1]
    """
    middle = np.median(gain, axis=0)
    order = np.argsort(-middle, kind="stable")[:MOST_INPUTS]
    kept = {place for place in order.tolist() if middle[place] > 0} | keep
    if not kept:
        kept = set(order[:1].tolist())
    pairs = [_rank_correlation(a, b) for a, b in pairwise(gain)]
    return Selected(np.array(sorted(kept), dtype=np.int64), float(np.mean(pairs)) if pairs else None)


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation; 0 where one of the two is all equal.

    Examples
    --------
    >>> _rank_correlation(np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.4, 0.0]))
    1.0
    """
    one, other = _ranks(a), _ranks(b)
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value; equal ones share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=np.float64)
