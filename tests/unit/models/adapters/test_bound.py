"""Models from outside, bound to a policy's names: one event as many, whatever is missing, from any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from tests.support.foreign_models import (
    NAMES,
    SIGNATURES,
    onnx_bytes,
    onnx_schema,
    schema,
    score_schema,
    skops_bytes,
)

from satark.core.errors import ModelInvalid
from satark.language import FrameEnv
from satark.models import bind_model
from satark.models.adapters import import_model

FALLING = "[[-1, 0.9], [1, 0.1]]"
KINDS = {
    "onnx trees": (lambda: onnx_bytes("forest"), onnx_schema),
    "onnx linear": (lambda: onnx_bytes("linear"), onnx_schema),
    "skops trees": (lambda: skops_bytes("forest"), schema),
    "skops linear": (lambda: skops_bytes("linear"), schema),
    "skops score": (lambda: skops_bytes("isolation"), lambda: score_schema(FALLING, ", riskier: lower")),
}


@pytest.fixture(params=KINDS)
def bound(request):
    data, read = KINDS[request.param]
    made = import_model(data(), read(), base_currency="INR")
    return bind_model(made.model, NAMES, SIGNATURES, "INR")


@pytest.fixture(scope="module")
def frame():
    dice = np.random.default_rng(5)
    rows = 80
    columns = {
        "amount": dice.integers(0, 500_000, rows),
        "card_10m": dice.integers(0, 9, rows),
        "is_new": dice.random(rows) < 0.5,
        "method": dice.choice(["card", "upi", "cheque"], rows),
    }
    return pl.DataFrame(
        {
            name: pl.Series(values).set(pl.Series(dice.random(rows) < 0.2), None)
            for name, values in columns.items()
        }
    )


def test_bulk_equals_row_by_row_to_the_last_bit(bound, frame):
    order = frame.columns
    one = bound.compile(order)
    alone = [one(row, None) for row in frame.iter_rows()]
    assert bound.score_frame(frame, FrameEnv()).to_list() == alone
    assert all(0.0 <= score <= 1.0 for score in alone)
    assert len(set(alone)) > 3


def test_threads_at_once_get_the_same_scores(bound, frame):
    one = bound.compile(frame.columns)
    rows = list(frame.head(20).iter_rows())
    expected = [one(row, None) for row in rows]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [one(row, None) for row in rows], range(8)):
            assert found == expected


@pytest.mark.parametrize(
    ("names", "signatures", "currency", "word"),
    [
        ({**NAMES, "card_10m": NAMES["method"]}, SIGNATURES, "INR", "card_10m"),
        ({name: NAMES[name] for name in NAMES if name != "is_new"}, SIGNATURES, "INR", "is_new"),
        (NAMES, {"card_10m": "f" * 16}, "INR", "card_10m"),
        (NAMES, {}, "INR", "card_10m"),
        (NAMES, SIGNATURES, "USD", "USD"),
    ],
    ids=["type", "name", "signature", "no signature", "currency"],
)
def test_policy_that_means_something_else_is_refused(names, signatures, currency, word):
    made = import_model(onnx_bytes(), onnx_schema(), base_currency="INR")
    with pytest.raises(ModelInvalid, match=word):
        bind_model(made.model, names, signatures, currency)
