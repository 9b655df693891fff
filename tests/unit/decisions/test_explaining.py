"""What a model went by: contributions that add up to the stored score, and words in two languages."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.foreign_models import NAMES as FOREIGN_NAMES
from tests.support.foreign_models import SIGNATURES as FOREIGN_SIGNATURES
from tests.support.foreign_models import onnx_bytes, onnx_schema
from tests.support.models import NAMES, SIGNATURES, model_of

from satark.decisions.explaining import MOST_INPUTS, Failure, explained
from satark.models import bind_model
from satark.models.adapters import import_model
from satark.models.calibration import calibrate_one

ROW = np.array([1_900.0, 3.5, 1.0, 0.0])


def told(bound, row, most=MOST_INPUTS):
    return explained(bound, row, float(bound.score_rows(row.reshape(1, -1))[0]), most)


@pytest.mark.parametrize("kind", ["lightgbm", "logistic"])
@pytest.mark.parametrize("most", [2, 8])
def test_pushes_add_up_to_the_score_exactly(kind, most):
    bound = bind_model(model_of(kind), NAMES, SIGNATURES, "INR")
    found = told(bound, ROW, most)
    raw = found.start + sum(one.push for one in found.inputs) + found.rest
    assert found.exact
    assert len(found.inputs) <= most
    assert calibrate_one(bound.model.head.calibration)(raw) == pytest.approx(found.score, abs=1e-9)
    pushes = [abs(one.push) for one in found.inputs]
    assert pushes == sorted(pushes, reverse=True)


def test_others_are_counted_and_added_up():
    bound = bind_model(model_of("lightgbm"), NAMES, SIGNATURES, "INR")
    all_of_them, first = told(bound, ROW), told(bound, ROW, 1)
    assert all_of_them.others == 0
    assert all_of_them.rest == 0.0
    assert first.others == len(all_of_them.inputs) - 1
    assert first.rest == pytest.approx(sum(one.push for one in all_of_them.inputs[1:]))


def test_missing_values_are_told_as_unknown():
    bound = bind_model(model_of("logistic"), NAMES, SIGNATURES, "INR")
    row = ROW.copy()
    row[1] = np.nan
    found = {one.name: one for one in told(bound, row).inputs}
    assert "unknown" in found["over_mean"].en
    assert "अज्ञात" in found["over_mean"].hi


@pytest.mark.parametrize("other", [None, 0.123])
def test_nothing_is_explained_when_the_stored_score_is_another(other):
    bound = bind_model(model_of("logistic"), NAMES, SIGNATURES, "INR")
    assert explained(bound, ROW, other) is Failure.DIFFERENT


def test_model_from_outside_is_explained_by_an_estimate():
    made = import_model(onnx_bytes(), onnx_schema(), base_currency="INR")
    bound = bind_model(made.model, FOREIGN_NAMES, FOREIGN_SIGNATURES, "INR")
    found = told(bound, np.array([900.0, 7.0, 1.0, 0.0]))
    assert not found.exact
    score = found.start + sum(one.push for one in found.inputs) + found.rest
    assert 1 / (1 + np.exp(-score)) == pytest.approx(found.score, abs=1e-6)
    top = {one.name: one.push for one in found.inputs}
    assert top["card_10m"] > 0
