"""From raw scores to probabilities: piecewise linear, the same to the last bit for one score and for many.

There is no exponential function in it: those of Python and numpy may differ in the last bit.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Knots = tuple[tuple[float, ...], tuple[float, ...]]


def complaint(knots: Knots) -> str | None:
    """Return what is wrong with a calibration, or None.

    Examples
    --------
    >>> complaint(((0.0, 1.0), (0.1, 0.9)))
    >>> complaint(((1.0, 1.0), (0.1, 0.9)))
    'its raw scores do not ascend'
    """
    raw, probability = knots
    if len(raw) != len(probability) or len(raw) == 1:
        return "its two halves do not fit"
    if not all(map(math.isfinite, (*raw, *probability))):
        return "it has a number that is not finite"
    if any(later <= earlier for earlier, later in pairwise(raw)):
        return "its raw scores do not ascend"
    if any(later < earlier for earlier, later in pairwise(probability)):
        return "its probabilities fall"
    if probability and not 0 <= probability[0] <= probability[-1] <= 1:
        return "its probabilities are not between 0 and 1"
    return None


def calibrate_one(knots: Knots) -> Callable[[float], float]:
    """Return the function from one raw score to its probability.

    Examples
    --------
    >>> one = calibrate_one(((-2.0, 0.0, 2.0), (0.01, 0.1, 0.9)))
    >>> one(-5.0), one(1.0), one(7.0)
    (0.01, 0.5, 0.9)
    """
    raw, probability = knots
    if not raw:
        return _clamped
    last = len(raw)
    steps = [
        (x0, x1 - x0, y0, y1 - y0)
        for x0, x1, y0, y1 in zip(raw, raw[1:], probability, probability[1:], strict=False)
    ]
    lowest, highest = probability[0], probability[-1]

    def one(score: float) -> float:
        place = bisect_right(raw, score)
        if place == last:
            return highest
        if not place:
            return lowest
        start, width, low, rise = steps[place - 1]
        return low + (score - start) / width * rise

    return one


def calibrate_many(knots: Knots, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of many raw scores, shape (n,)."""
    raw, probability = (np.asarray(half, dtype=np.float64) for half in knots)
    if not len(raw):
        return np.minimum(np.maximum(scores, 0.0), 1.0)
    place = np.searchsorted(raw, scores, side="right")
    inside = np.clip(place - 1, 0, len(raw) - 2)
    start, low = raw[inside], probability[inside]
    between = low + (scores - start) / (raw[inside + 1] - start) * (probability[inside + 1] - low)
    known = np.where(place == len(raw), probability[-1], np.where(place == 0, probability[0], between))
    return np.asarray(known, dtype=np.float64)


def _clamped(score: float) -> float:
    return min(max(score, 0.0), 1.0)
