"""A score is the same to the last bit whether events are scored one by one or in bulk."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.models import NEAR_NAMES, SIGNATURES, model_of

from satark.language import FrameEnv
from satark.models import bind_model
from satark.models.calibration import calibrate_many, calibrate_one, complaint

ORDER = sorted(NEAR_NAMES)
VALUES = {
    "amount": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2_000),
    "card_mean": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 3_000),
    "is_new": st.none() | st.booleans(),
    "method": st.none() | st.sampled_from(["card", "upi", "cash", ""]),
    "customer": st.none() | st.sampled_from(["cus_1", "cus_2", "cus_3"]),
    "merchant": st.none() | st.sampled_from(["mer_1", "mer_2", "mer_3"]),
}
NUMBERS = {"amount": pl.Int64, "card_mean": pl.Float64, "is_new": pl.Boolean}
SCHEMA = {name: NUMBERS.get(name, pl.String) for name in VALUES}


@pytest.mark.parametrize("kind", ["logistic", "lightgbm", "near"])
@settings(max_examples=60)
@given(events=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=40))
def test_bulk_scores_equal_single_scores(kind, events):
    bound = bind_model(model_of(kind), NEAR_NAMES, SIGNATURES, "INR")
    one = bound.compile(ORDER)
    single = [one([event[name] for name in ORDER], None) for event in events]
    bulk = bound.score_frame(pl.DataFrame(events, schema=SCHEMA), FrameEnv()).to_list()
    assert bulk == single
    assert all(0 <= score <= 1 for score in single)


@st.composite
def knots(draw):
    raw = sorted(draw(st.sets(st.floats(-50, 50), min_size=2, max_size=12)))
    probability = sorted(draw(st.lists(st.floats(0, 1), min_size=len(raw), max_size=len(raw))))
    return tuple(raw), tuple(probability)


@settings(max_examples=100)
@given(knots=knots(), scores=st.lists(st.floats(-60, 60), min_size=1, max_size=30))
def test_calibration_is_the_same_for_one_and_for_many(knots, scores):
    if complaint(knots) is not None:
        return
    one = calibrate_one(knots)
    wanted = [one(score) for score in (*scores, *knots[0])]
    assert calibrate_many(knots, np.array([*scores, *knots[0]])).tolist() == wanted
