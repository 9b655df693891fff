"""The threshold curve of a score: what flagging from each score on would find, trouble and cost."""

from __future__ import annotations

from math import nextafter
from typing import TYPE_CHECKING

from satark.decisions.backtest.result import Costs, Curve, CurvePoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.decisions.backtest.score_bins import Level, ScoreBins

MAX_POINTS = 200
_ABOVE_ALL = nextafter(1.0, 2.0)


def total_cost(costs: Costs, alerts: int, genuine_troubled: int, fraud_missed_minor: int) -> int:
    """Return what some decisions cost, in minor units.

    Examples
    --------
    >>> total_cost(Costs(review_minor=5000, friction_minor=10000, loss_share=0.5), 2, 1, 1000)
    20500
    """
    return (
        costs.review_minor * alerts
        + costs.friction_minor * genuine_troubled
        + round(costs.loss_share * fraud_missed_minor)
    )


def curve_of(name: str, bins: ScoreBins, days: float, costs: Costs) -> Curve:
    """Return the curve of a score, its least cost, and the most it finds within the budget of alerts."""
    points = list(_points(bins.falling(), days, costs))
    labelled = points[-1].fraud + points[-1].genuine
    best: int | None = None
    budget: int | None = None
    if points[-1].fraud:
        best = min(range(len(points)), key=lambda place: (points[place].cost_minor, place))
    if labelled and costs.alerts_per_day is not None:
        inside = [place for place, point in enumerate(points) if point.per_day <= costs.alerts_per_day]
        budget = min(inside, key=lambda place: (-points[place].fraud_minor, place))
    kept = _thinned(points, [place for place in (best, budget) if place is not None])
    place_of = {place: number for number, place in enumerate(kept)}
    return Curve(
        of=name,
        points=[points[place] for place in kept],
        cost_optimal=None if best is None else place_of[best],
        budget_optimal=None if budget is None else place_of[budget],
        auc=bins.auc(),
        average_precision=bins.average_precision(),
    )


def _points(levels: Iterable[Level], days: float, costs: Costs) -> Iterable[CurvePoint]:
    levels = list(levels)
    frauds = sum(level.fraud for level in levels)
    worth = sum(level.fraud_minor for level in levels)
    flagged = fraud = genuine = found_minor = 0
    threshold = _ABOVE_ALL
    for level in (None, *levels):
        if level is not None:
            threshold = level.score
            flagged += level.payments
            fraud += level.fraud
            genuine += level.genuine
            found_minor += level.fraud_minor
        yield CurvePoint(
            threshold=threshold,
            flagged=flagged,
            fraud=fraud,
            genuine=genuine,
            per_day=flagged / days,
            fraud_minor=found_minor,
            precision=fraud / (fraud + genuine) if fraud + genuine else None,
            recall=fraud / frauds if frauds else None,
            cost_minor=total_cost(costs, flagged, genuine, worth - found_minor),
        )


def _thinned(points: list[CurvePoint], needed: list[int]) -> list[int]:
    """Return the places of at most `MAX_POINTS` points, close where little is flagged, and of those that are needed."""
    if len(points) <= MAX_POINTS:
        return list(range(len(points)))
    most = points[-1].flagged
    kept = {0, len(points) - 1, *needed}
    # Evenly in the logarithm of what is flagged: thresholds that anyone would use flag a small share.
    wanted = [most ** (step / (MAX_POINTS - len(kept))) for step in range(MAX_POINTS - len(kept))]
    at = 0
    for limit in wanted:
        while at < len(points) - 1 and points[at].flagged < limit:
            at += 1
        kept.add(at)
    return sorted(kept)
