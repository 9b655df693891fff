"""Calibration: from raw scores of a held-out, later span to probabilities that keep the order of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.models.calibration import Knots

BEYOND = 12.0
MOST_KNOTS = 200
LEAST_RISE = 1e-9


def knots_of(raw: NDArray[np.float64], fraud: NDArray[np.bool_], weight: NDArray[np.float64]) -> Knots:
    """Return the knots of a calibration: isotonic regression, drawn through the middle of each of its steps.

    Between the middles it rises, so that two scores that differ stay apart; beyond them it goes on for `BEYOND`
    log-odds. Each step is drawn a little towards the share of all (as if one average payment more lay in it), so that
    a handful of frauds at the top are not certainty.

    Parameters
    ----------
    raw, fraud, weight
        Shape (n,).
    """
    from sklearn.isotonic import IsotonicRegression

    base = float((weight * fraud).sum() / weight.sum())
    fitted = IsotonicRegression().fit(raw, fraud.astype(np.float64), weight).predict(raw)
    _, step = np.unique(fitted, return_inverse=True)
    mass = np.bincount(step, weight)
    middle = np.bincount(step, weight * raw) / mass
    share = (np.bincount(step, weight * fraud) + base) / (mass + 1.0)
    if len(middle) > MOST_KNOTS:
        places = np.unique(np.linspace(0, len(middle) - 1, MOST_KNOTS).astype(int))
        middle, share = middle[places], share[places]
    share = np.clip(np.maximum.accumulate(share), 1e-7, 1 - 1e-4)
    xs = [float(middle[0]) - BEYOND, *middle.tolist(), float(middle[-1]) + BEYOND]
    ys = [float(share[0]) / 20, *share.tolist(), float(share[-1] + (1 - share[-1]) * 0.9)]
    kept: list[tuple[float, float]] = []
    for x, y in zip(xs, ys, strict=True):
        if kept and x <= kept[-1][0]:
            continue
        kept.append((x, min(1.0, max(y, kept[-1][1] + LEAST_RISE)) if kept else y))
    return tuple(x for x, _ in kept), tuple(y for _, y in kept)


def calibration_error(
    probability: NDArray[np.float64], fraud: NDArray[np.bool_], weight: NDArray[np.float64]
) -> float:
    """Return the expected calibration error over ten groups of equal mass."""
    order = np.argsort(probability, kind="stable")
    mass = np.cumsum(weight[order])
    group = np.minimum((mass / mass[-1] * 10).astype(int), 9)
    error = 0.0
    for place in range(10):
        rows = order[group == place]
        if len(rows):
            w = weight[rows]
            error += abs(float((w * probability[rows]).sum() - (w * fraud[rows]).sum()))
    return error / float(weight.sum())
