"""Sums, bins, shares and bounds."""

from __future__ import annotations

import numpy as np
import pytest

from satark.core.errors import InputInvalid
from satark.decisions.backtest.curve import MAX_POINTS, curve_of
from satark.decisions.backtest.intervals import Weighted, share
from satark.decisions.backtest.result import Costs
from satark.decisions.backtest.score_bins import ScoreBins
from satark.decisions.backtest.sums import exact_sum, exact_sums
from satark.decisions.backtest.times import bound_us


def test_sums_of_great_amounts_are_exact():
    dice = np.random.default_rng(5)
    amounts = dice.integers(0, 10**15, 60_000)
    groups = dice.integers(0, 4, 60_000)
    want = [
        sum(a for a, g in zip(amounts.tolist(), groups.tolist(), strict=True) if g == n) for n in range(4)
    ]
    assert exact_sums(groups, amounts, 5).tolist() == [*want, 0]
    assert exact_sum(amounts) == sum(amounts.tolist())


def test_bins_rank_as_the_scores_do():
    from sklearn.metrics import average_precision_score, roc_auc_score

    dice = np.random.default_rng(6)
    scores = dice.random(20_000) ** 4
    frauds = dice.random(20_000) < scores
    bins = ScoreBins()
    for start in range(0, 20_000, 3_000):
        some = slice(start, start + 3_000)
        bins.add(
            scores[some],
            np.where(frauds[some], 2, 1).astype(np.uint8),
            np.ones(len(scores[some]), dtype=np.int64),
        )
    assert bins.auc() == pytest.approx(roc_auc_score(frauds, scores), abs=1e-5)
    assert bins.average_precision() == pytest.approx(average_precision_score(frauds, scores), abs=1e-3)
    levels = list(bins.falling())
    assert [one.score for one in levels] == sorted({one.score for one in levels}, reverse=True)
    assert sum(one.fraud for one in levels) == sum(one.fraud_minor for one in levels) == frauds.sum()


def test_scores_of_rules_stay_apart_and_missing_ones_are_left_out():
    bins = ScoreBins()
    scores = np.array([0.0, 1.0, 0.3, 0.301, float("nan"), 1e-300])
    bins.add(scores, np.zeros(6, dtype=np.uint8), np.zeros(6, dtype=np.int64))
    assert [(one.score, one.payments) for one in bins.falling()] == [(1.0, 1), (0.301, 1), (0.3, 1), (0.0, 2)]
    assert bins.auc() is None
    assert bins.average_precision() is None


def test_a_curve_has_few_points_and_keeps_the_best_ones():
    dice = np.random.default_rng(7)
    scores = dice.random(50_000)
    frauds = dice.random(50_000) < scores**6
    bins = ScoreBins()
    bins.add(scores, np.where(frauds, 2, 1).astype(np.uint8), np.full(50_000, 40_000))
    curve = curve_of("model", bins, 10.0, Costs(5_000, 10_000, 1.0, 200.0))
    assert len(curve.points) <= MAX_POINTS
    flagged = [point.flagged for point in curve.points]
    assert flagged == sorted(flagged)
    assert flagged[0] == 0
    assert flagged[-1] == 50_000
    # Against every threshold, not only the ones that are shown.
    order = np.argsort(-scores)
    hit = np.cumsum(frauds[order])
    n = np.arange(1, 50_001)
    cost = 5_000 * n + 10_000 * (n - hit) + 40_000 * (frauds.sum() - hit)
    best = curve.points[curve.cost_optimal]
    assert best.cost_minor <= cost.min() * 1.001
    budget = curve.points[curve.budget_optimal]
    assert 1_950 <= budget.flagged <= 2_000


def test_intervals_are_wilsons_and_weights_make_them_wider():
    from scipy.stats import binomtest

    found = share(Weighted(30, 30), Weighted(200, 200))
    want = binomtest(30, 200).proportion_ci(method="wilson")
    assert (found.low, found.high) == (pytest.approx(want.low), pytest.approx(want.high))
    wide = share(Weighted(30, 900), Weighted(200, 4_000))
    assert wide.value == found.value
    assert wide.low < found.low
    assert wide.high > found.high
    assert share(Weighted(0, 0), Weighted(0, 0)).low is None


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-01-31T10:00:00", "", "2026-01-31 "])
def test_a_bound_that_is_no_time_is_refused(text):
    with pytest.raises(InputInvalid, match="is not a date such as"):
        bound_us(text)


def test_a_day_is_a_day_in_india():
    assert bound_us("2026-01-31") == bound_us("2026-01-31T00:00:00+05:30")
    assert bound_us("2026-01-31", end=True) == bound_us("2026-02-01T00:00:00+05:30")
    assert bound_us("2026-01-31T10:00:00Z", end=True) == bound_us("2026-01-31T10:00:00Z")
