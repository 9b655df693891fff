"""How well scores tell fraud from genuine payments, with intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.models.training.table import Table

US_PER_DAY = 86_400_000_000
REPLICATES = 100
MOST_ROWS = 60_000
TOP_CUSTOMERS = 100


def auc(fraud: NDArray[np.bool_], score: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve.

    Examples
    --------
    >>> auc(np.array([False, True, False, True]), np.array([0.1, 0.3, 0.4, 0.8]), np.ones(4))
    0.75
    """
    hit, miss = _falling(fraud, score, weight)
    if not hit.sum() or not miss.sum():
        return math.nan
    above = np.concatenate([[0.0], np.cumsum(hit)[:-1]])
    return float(((above + hit / 2) * miss).sum() / (hit.sum() * miss.sum()))


def average_precision(
    fraud: NDArray[np.bool_], score: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    """Return the average precision.

    Examples
    --------
    >>> round(average_precision(np.array([False, True, False, True]), np.array([0.1, 0.3, 0.4, 0.8]), np.ones(4)), 4)
    0.8333
    """
    hit, miss = _falling(fraud, score, weight)
    if not hit.sum():
        return math.nan
    found = np.cumsum(hit)
    precision = found / np.maximum(found + np.cumsum(miss), 1e-300)
    return float((precision * hit).sum() / found[-1])


def _falling(
    fraud: NDArray[np.bool_], score: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weight of fraud and of genuine rows at every different score, the highest score first."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    starts = np.flatnonzero(np.concatenate([[True], falling[1:] != falling[:-1]])) if len(order) else order
    hit = np.where(fraud, weight, 0.0)[order]
    miss = np.where(fraud, 0.0, weight)[order]
    return np.add.reduceat(hit, starts), np.add.reduceat(miss, starts)


def daily_precision(table: Table, score: NDArray[np.float64], top: int = TOP_CUSTOMERS) -> float | None:
    """Return the share of compromised customers among the `top` checked each day, found ones checked only once.

    None where payments have no customers.
    """
    if not table.customers.any():
        return None
    days = table.times // US_PER_DAY
    found: set[int] = set()
    precisions = []
    for day in np.unique(days).tolist():
        today = np.flatnonzero(days == day)
        best: dict[int, float] = {}
        compromised: set[int] = set()
        for customer, value, fraud in zip(
            table.customers[today].tolist(), score[today].tolist(), table.fraud[today].tolist(), strict=True
        ):
            if customer not in found:
                best[customer] = max(best.get(customer, value), value)
                if fraud:
                    compromised.add(customer)
        checked = sorted(best, key=lambda one: (-best[one], one))[:top]
        hits = compromised.intersection(checked)
        found |= hits
        precisions.append(len(hits) / top)
    return float(np.mean(precisions))


def with_intervals(
    fraud: NDArray[np.bool_], score: NDArray[np.float64], weight: NDArray[np.float64], seed: int
) -> dict[str, list[float]]:
    """Return AUC and average precision, each with the ends of its 95 % bootstrap interval: [value, low, high]."""
    point = {"auc": auc(fraud, score, weight), "average_precision": average_precision(fraud, score, weight)}
    dice = np.random.default_rng(seed)
    places = np.arange(len(fraud))
    if len(places) > MOST_ROWS:
        # All frauds, and so many genuine that the interval is wide enough on their side too.
        frauds = np.flatnonzero(fraud)[:MOST_ROWS]
        genuine = np.flatnonzero(~fraud)
        drawn = dice.choice(genuine, min(len(genuine), max(MOST_ROWS - len(frauds), 1)), replace=False)
        weight = np.where(fraud, weight, weight * (len(genuine) / max(1, len(drawn))))
        places = np.concatenate([frauds, drawn])
    drawn_values: dict[str, list[float]] = {name: [] for name in point}
    for _ in range(REPLICATES):
        again = weight[places] * dice.poisson(1.0, len(places))
        kept = places[again > 0]
        if len(np.unique(fraud[kept])) < 2:  # noqa: PLR2004 - both classes
            continue
        drawn_values["auc"].append(auc(fraud[kept], score[kept], again[again > 0]))
        drawn_values["average_precision"].append(
            average_precision(fraud[kept], score[kept], again[again > 0])
        )
    told = {}
    for name, value in point.items():
        low, high = np.quantile(drawn_values[name], [0.025, 0.975]) if drawn_values[name] else (value, value)
        told[name] = [round(value, 4), round(float(low), 4), round(float(high), 4)]
    return told
