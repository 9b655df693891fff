"""Training on tables: what it learns, what it must not find, what it refuses, and that it is the same each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from satark.core.errors import InputInvalid
from satark.models import ModelInput
from satark.models.training.fit import train
from satark.models.training.isotonic import knots_of
from satark.models.training.measure import auc, average_precision, daily_precision
from satark.models.training.options import TrainingOptions
from satark.models.training.search import Tried, chosen, enough, most_rounds
from satark.models.training.select import MOST_INPUTS, select
from satark.models.training.split import prequential
from satark.models.training.table import Table

DAY_US = 86_400_000_000
QUICK = TrainingOptions(fits=2, trials=0, rounds=75, threads=1)


def table(
    n: int = 3_000, *, strength: float = 2.0, days: int = 30, delay_days: int = 2, seed: int = 5
) -> Table:
    """Return payments whose first input says something about fraud, and whose second says nothing."""
    dice = np.random.default_rng(seed)
    rows = dice.normal(size=(n, 3))
    rows[:, 2] = np.nan
    odds = strength * rows[:, 0] - 3.0
    fraud = dice.random(n) < 1 / (1 + np.exp(-odds))
    times = np.sort(dice.integers(0, days * DAY_US, n))
    return Table(
        inputs=tuple(ModelInput(name, name, "float") for name in ("tells", "noise", "absent")),
        rows=rows,
        times=times,
        fraud=fraud,
        known=times + delay_days * DAY_US,
        weights=np.ones(n),
        customers=dice.integers(1, 400, n).astype(np.uint64),
        compromised=np.zeros(n, dtype=bool),
        groups={"method": (("card", "upi"), dice.integers(0, 2, n))},
    )


@pytest.fixture(scope="module")
def trained():
    return train(table(), "INR", QUICK)


def test_a_model_finds_what_is_there(trained):
    auc, low, high = trained.card["held_out"]["model"]["auc"]
    assert low < auc < high
    assert auc > 0.8
    assert next(iter(trained.card["inputs"])) == "tells"


def test_probabilities_are_calibrated_on_what_was_not_learnt_from(trained):
    fresh = table(seed=6)
    places = [("tells", "noise", "absent").index(one.name) for one in trained.model.head.inputs]
    raw = trained.model.scorer.many(np.ascontiguousarray(fresh.rows[:, places]))
    from satark.models.calibration import calibrate_many

    probability = calibrate_many(trained.model.head.calibration, raw)
    assert probability.mean() == pytest.approx(fresh.fraud.mean(), rel=0.25)
    high = probability > 0.4
    assert high.sum() > 50
    assert fresh.fraud[high].mean() == pytest.approx(probability[high].mean(), abs=0.12)


def test_the_card_tells_span_figures_groups_and_limits(trained):
    card = trained.card
    assert card["span"]["payments"] == 3_000
    assert card["span"]["label_delay_days"] == 2.0
    assert card["gap_days"] == 2.0
    assert set(card["held_out"]["groups"]) == {"method=card", "method=upi"}
    assert card["left_out"]["absent"] == "always missing"
    assert card["limits"]
    assert trained.model.head.card["held_out"]["model"]["auc"] == card["held_out"]["model"]["auc"]
    assert len(trained.model.head.trained_with["code"]) == 16
    assert card["reference"]["tells"]["edges"]


def test_the_same_table_and_seed_give_the_same_file(trained):
    assert train(table(), "INR", QUICK).model.hash == trained.model.hash


def test_shuffled_labels_teach_nothing():
    honest = table(n=5_000)
    order = np.random.default_rng(11).permutation(len(honest))
    shuffled = train(replace(honest, fraud=honest.fraud[order]), "INR", QUICK)
    auc, low, high = shuffled.card["held_out"]["model"]["auc"]
    assert low < 0.5 < high
    assert abs(auc - 0.5) < 0.1


def test_the_logistic_regression_can_be_the_model():
    linear = train(table(), "INR", TrainingOptions(linear=True, rounds=75, threads=1))
    assert linear.model.head.kind == "logistic"
    assert linear.card["held_out"]["model"]["auc"] == linear.card["held_out"]["logistic"]["auc"]
    assert linear.card["held_out"]["model"]["auc"][0] > 0.8


def test_a_bound_on_the_direction_holds_everywhere():
    falling = table()
    bound = (ModelInput("tells", "tells", "float", monotone=-1), *falling.inputs[1:])
    model = train(replace(falling, inputs=bound), "INR", QUICK).model
    rows = np.zeros((50, len(model.head.inputs)))
    rows[:, [one.name for one in model.head.inputs].index("tells")] = np.linspace(-3, 3, 50)
    assert (np.diff(model.scorer.many(rows)) <= 1e-12).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: replace(one, fraud=np.zeros(len(one), dtype=bool)), "are genuine"),
        (lambda one: replace(one, fraud=np.ones(len(one), dtype=bool)), "are fraud"),
        (lambda one: one.take(np.arange(0)), "no payment"),
        (lambda one: one.take(np.arange(150)), "too few"),
        (lambda one: replace(one, rows=np.full_like(one.rows, np.nan)), "none of the 3 inputs"),
        (lambda one: replace(one, rows=np.ones_like(one.rows)), "none of the 3 inputs"),
        (lambda one: replace(one, times=one.times[::-1].copy()), "order of time"),
        (lambda one: replace(one, times=np.full_like(one.times, 7)), "too close together"),
    ],
)
def test_what_nothing_can_be_learnt_from_is_refused(change, words):
    with pytest.raises(InputInvalid, match=words):
        train(change(table()), "INR", QUICK)


def test_a_fold_learns_only_from_labels_known_before_it():
    one = table(delay_days=3)
    folds = prequential(one)
    assert folds.honest
    assert len(folds.steps) == 4
    for fold in folds.steps:
        assert one.known[fold.train].max() <= fold.start_us
        assert one.times[fold.train].max() < fold.start_us - folds.gap_us
        assert one.times[fold.test].min() >= fold.start_us
    assert all(a.end_us == b.start_us for a, b in zip(folds.steps, folds.steps[1:], strict=False))


def test_a_table_shorter_than_the_delay_of_labels_is_split_without_a_gap_and_says_so():
    short = table(days=4, delay_days=7)
    assert not prequential(short).honest
    limits = train(short, "INR", QUICK).card["limits"]
    assert any("likely too good" in limit for limit in limits)


def test_known_customers_judge_no_model():
    one = table()
    some = np.random.default_rng(1).random(len(one)) < 0.2
    folds = prequential(replace(one, compromised=some))
    assert not any(some[fold.test].any() for fold in folds.steps)
    assert all(some[fold.train].any() for fold in folds.steps)


def test_known_customers_are_no_examples_where_that_is_asked():
    one = table()
    some = np.random.default_rng(1).random(len(one)) < 0.2
    options = TrainingOptions(fits=1, trials=0, rounds=75, threads=1, drop_compromised=True)
    card = train(replace(one, compromised=some), "INR", options).card
    assert card["span"]["payments"] == len(one) - some.sum()
    assert card["dropped_compromised"] == some.sum()


def test_a_sample_stands_for_all():
    one = table()
    part = one.sample(1_000, seed=1)
    assert part.n_frauds == one.n_frauds
    assert len(part) == 1_000
    assert part.weights.sum() == pytest.approx(len(one))


def test_knots_rise_everywhere_so_that_no_two_scores_become_equal():
    dice = np.random.default_rng(2)
    raw = dice.normal(size=2_000)
    raws, probabilities = knots_of(raw, dice.random(2_000) < 0.02, np.ones(2_000))
    assert (np.diff(raws) > 0).all()
    assert (np.diff(probabilities) > 0).all()
    assert 0 < probabilities[0] < probabilities[-1] < 1


def test_daily_precision_takes_found_customers_out():
    times = np.array([0, 1, 2, DAY_US, DAY_US + 1, DAY_US + 2])
    one = replace(
        table(6),
        times=times,
        customers=np.array([1, 2, 3, 1, 2, 3], dtype=np.uint64),
        fraud=np.array([True, False, False, True, True, False]),
    )
    # Day 1: customer 1 is checked and found. Day 2: of 2 and 3 the first is checked and found.
    assert daily_precision(one, np.array([0.9, 0.1, 0.2, 0.9, 0.8, 0.3]), top=1) == 1.0
    # Day 2 checks customer 3 for nothing.
    assert daily_precision(one, np.array([0.9, 0.1, 0.2, 0.9, 0.3, 0.8]), top=1) == 0.5


def test_average_precision_counts_weights():
    fraud, score = np.array([True, False, True]), np.array([0.9, 0.8, 0.7])
    # Cut at the second fraud: 2 of 3, and when the genuine one stands for three, 2 of 5.
    assert average_precision(fraud, score, np.ones(3)) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(fraud, score, np.array([1.0, 3.0, 1.0])) == pytest.approx((1 + 2 / 5) / 2)


def test_another_choice_must_beat_the_defaults_by_more_than_chance():
    gain = np.ones((3, 1))
    first = Tried({"a": 1}, 10, (0.5, 0.6, 0.7), gain)
    lucky = Tried({"a": 2}, 10, (0.4, 0.9, 0.6), gain)
    better = Tried({"a": 3}, 10, (0.52, 0.61, 0.73), gain)
    assert chosen([first, lucky]) is first
    assert chosen([first, better]) is better


def test_inputs_that_gain_in_one_span_alone_are_left_out():
    gain = np.array([[0.5, 0.5, 0.0], [0.99, 0.0, 0.01], [0.98, 0.0, 0.02]])
    assert select(gain).places.tolist() == [0, 2]
    assert select(gain, frozenset({1})).places.tolist() == [0, 1, 2]


def test_inputs_that_gain_little_in_most_spans_stay_but_not_more_than_can_be_served():
    few = np.array([[0.9, 0.09996, 0.00004], [0.9, 0.09996, 0.00004], [0.9, 0.1, 0.0]])
    assert select(few).places.tolist() == [0, 1, 2]
    many = np.tile(np.arange(MOST_INPUTS + 50) + 1.0, (3, 1))
    many /= many.sum(axis=1, keepdims=True)
    assert select(many).places.tolist() == list(range(50, MOST_INPUTS + 50))


def test_figures_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, roc_auc_score

    dice = np.random.default_rng(4)
    fraud, weight = dice.random(500) < 0.2, dice.integers(1, 5, 500).astype(float)
    # Whole numbers, so that many scores are equal.
    score = dice.integers(0, 30, 500) + 4.0 * fraud
    assert auc(fraud, score, weight) == pytest.approx(
        roc_auc_score(fraud, score, sample_weight=weight), abs=1e-12
    )
    expected = average_precision_score(fraud, score, sample_weight=weight)
    assert average_precision(fraud, score, weight) == pytest.approx(expected, abs=1e-12)


def test_rounds_that_gain_nothing_but_chance_are_not_taken():
    rising = np.array([[0.2, 0.4, 0.6, 0.8], [0.1, 0.3, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8]])
    assert enough(rising) == 3
    level = np.array([[0.2, 0.6, 0.61, 0.60, 0.62, 0.61], [0.1, 0.6, 0.59, 0.60, 0.60, 0.59]])
    assert enough(level) < 4
    assert enough(np.array([[0.2, 0.8, 0.9, 0.9, 0.9]])) == 3


def test_few_frauds_allow_few_rounds():
    assert most_rounds(60, 400) < most_rounds(900, 400) < most_rounds(9_000, 400) == 400
    assert most_rounds(9_000, 75) == 75
