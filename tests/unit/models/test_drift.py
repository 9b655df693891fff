"""Drift: each statistic against an independent computation, and its interval against what it promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from satark.models import drift
from satark.models.drift import Reference, bin_of, difference, psi, reference, reference_of, share


def true_psi(p, q):
    return sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))


def test_index_is_the_sum_by_hand():
    usual = Reference((1.0, 2.0), (0.2, 0.3, 0.5), n=10**9)
    found = psi(usual, [300_000, 300_000, 400_000])
    assert found.value == pytest.approx(true_psi([0.3, 0.3, 0.4], [0.2, 0.3, 0.5]), abs=1e-5)
    assert found.n == 1_000_000


@pytest.mark.parametrize("now", [(0.25, 0.25, 0.25, 0.25), (0.30, 0.25, 0.25, 0.20), (0.45, 0.25, 0.2, 0.1)])
def test_interval_holds_the_truth_as_often_as_it_says(now):
    usual, n, m = (0.25, 0.25, 0.25, 0.25), 800, 2_000
    rng = np.random.default_rng(1)
    truth = true_psi(now, usual)
    rounds, inside, values = 300, 0, []
    for _ in range(rounds):
        taken = rng.multinomial(m, usual)
        found = psi(Reference((1.0, 2.0, 3.0), tuple((taken / m).tolist()), n=m), rng.multinomial(n, now))
        inside += found.low <= truth <= found.high
        values.append(found.value)
    assert inside / rounds >= 0.92
    # What chance adds has been taken off: on average the number is near the truth (a floor at 0 leaves a little).
    assert np.mean(values) == pytest.approx(truth, abs=0.006)


def test_no_drift_is_seldom_called_one():
    rng = np.random.default_rng(2)
    usual = Reference(tuple(range(9)), (0.1,) * 10, n=5_000)
    lows = [psi(usual, rng.multinomial(500, (0.1,) * 10)).low for _ in range(200)]
    assert np.mean(np.array(lows) > 0.01) <= 0.05


@pytest.mark.parametrize("non_centrality", [0.0, 0.5, 5.0, 80.0, 20_000.0])
@pytest.mark.parametrize("degrees", [1, 3, 9, 40])
def test_non_central_chi_square_is_near_the_exact_one(degrees, non_centrality):
    law = stats.ncx2(degrees, non_centrality) if non_centrality else stats.chi2(degrees)
    for probability in (0.025, 0.5, 0.975):
        found = drift.chi_square_below(float(law.ppf(probability)), degrees, non_centrality)
        assert found == pytest.approx(probability, abs=0.1 if degrees == 1 else 0.01)


def test_chance_is_what_the_chi_square_law_says():
    """Without drift the raw index is (1/n + 1/m) chi-square with B - 1 degrees: its mean is what `psi` takes off."""
    rng = np.random.default_rng(3)
    q, n, m = np.full(6, 1 / 6), 3_000, 3_000
    raw = [true_psi(rng.multinomial(n, q) / n, rng.multinomial(m, q) / m) for _ in range(2_000)]
    scaled = np.array(raw) / (1 / n + 1 / m)
    assert stats.kstest(scaled, stats.chi2(5).cdf).pvalue > 0.01


def test_reference_bins_agree_with_numpy_histogram():
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.lognormal(size=5_000), np.full(200, np.nan)])
    found = reference_of(values)
    counts, _ = np.histogram(
        -values[~np.isnan(values)], bins=[-np.inf, *(-e for e in reversed(found.edges)), np.inf]
    )
    assert list(found.shares) == pytest.approx((counts[::-1] / 5_000).tolist())
    assert found.missing == pytest.approx(200 / 5_200)
    assert all(share == pytest.approx(0.1, abs=0.001) for share in found.shares)


def test_equal_values_make_fewer_bins_and_none_is_empty():
    found = reference_of([0] * 900 + [1] * 60 + [2] * 40)
    assert found.edges == (0.0,)
    assert found.shares == (0.9, 0.1)
    assert reference_of([7.0] * 5).edges == ()
    assert reference_of([math.nan, math.inf]) is None
    assert reference([math.nan]) == {}


def test_reference_survives_a_card():
    made = reference(np.arange(100.0))
    assert Reference.read(made).as_dict() == made


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"edges": [2.0, 1.0], "shares": [0.3, 0.3, 0.4]},
        {"edges": [1.0], "shares": [0.5, math.nan]},
        {"edges": ["x"], "shares": [0.5, 0.5]},
        {"edges": [1.0], "shares": [0.0, 0.0]},
        {"edges": [1.0], "shares": [0.5, 0.5], "missing": 7},
        {"edges": None, "shares": None},
    ],
)
def test_a_card_that_makes_no_sense_is_no_reference(told):
    assert Reference.read(told) is None


def test_a_week_without_values_says_nothing():
    found = psi(Reference((1.0,), (0.5, 0.5)), [0, 0])
    assert (found.low, found.high, found.n) == (0.0, math.inf, 0)


def test_an_unknown_size_of_reference_is_believed():
    assert psi(Reference((), (1.0,)), [5]) == (0.0, 0.0, 0.0, 5), "a single bin cannot drift"
    wide = psi(Reference((1.0,), (0.5, 0.5), n=50), [600, 400])
    narrow = psi(Reference((1.0,), (0.5, 0.5)), [600, 400])
    assert narrow.high - narrow.low < wide.high - wide.low


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (17, 1_000), (1, 1)])
def test_share_is_wilsons(count, n):
    expected = stats.binomtest(count, n).proportion_ci(method="wilson")
    found = share(count, n)
    assert (found.value, found.low, found.high) == pytest.approx((count / n, expected.low, expected.high))


def test_difference_is_newcombes_published_example():
    """Newcombe 1998, table II, method 10: 56/70 against 48/80, and 9/10 against 3/10."""
    assert difference(share(56, 70), share(48, 80))[1:3] == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert difference(share(9, 10), share(3, 10))[1:3] == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert math.isnan(difference(share(0, 0), share(1, 2)).value)


@pytest.mark.parametrize("observed", [1, 4, 10, 100, 2_000])
def test_observed_over_expected_is_near_the_exact_poisson_interval(observed):
    expected = 20.0
    found = drift.observed_over_expected(observed, expected, 10_000)
    low = stats.chi2.ppf(0.025, 2 * observed) / 2 / expected
    high = stats.chi2.ppf(0.975, 2 * observed + 2) / 2 / expected
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.03, abs=0.002)


def test_nothing_observed_still_has_an_upper_bound():
    found = drift.observed_over_expected(0, 10.0, 100)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(stats.chi2.ppf(0.975, 2) / 2 / 10, rel=0.02)
    assert math.isnan(drift.observed_over_expected(0, 0.0, 0).value)


def test_spiegelhalters_z_is_standard_normal_when_calibrated_and_far_out_when_not():
    rng = np.random.default_rng(5)
    p = rng.beta(1, 8, size=400)
    z = [drift.spiegelhalter(p, rng.random(400) < p) for _ in range(500)]
    assert stats.kstest(z, "norm").pvalue > 0.01
    assert abs(drift.spiegelhalter(p, rng.random(400) < np.minimum(1, 3 * p))) > 4
    assert drift.spiegelhalter([0.0, 1.0], [0, 1]) == 0.0


def test_quantile_is_within_its_bin():
    rng = np.random.default_rng(6)
    values = rng.exponential(20, size=3_000)
    edges = [1, 2, 5, 10, 20, 50, 100, 200]
    counts = np.bincount(bin_of(values, edges), minlength=9).tolist()
    for at in (0.1, 0.5, 0.9):
        exact = np.quantile(values, at)
        found = drift.quantile(edges, counts, at)
        assert bin_of(np.array([found]), edges) == bin_of(np.array([exact]), edges)
    assert drift.quantile([1.0], [0, 5], 0.5) == 1.0
