"""A model meets a policy: it fits, or the input that does not is named."""

from __future__ import annotations

import threading

import msgspec
import polars as pl
import pytest
from tests.support.models import (
    INPUTS,
    NAMES,
    NEAR_NAMES,
    SIGNATURES,
    logistic_bytes,
    model_of,
    near_bytes,
)

from satark.core.errors import ModelInvalid
from satark.language import FrameEnv, NameInfo, Type
from satark.models import bind_model, load_model
from satark.models.explain import contributions
from satark.models.words import top_contributions

ORDER = ["method", "amount", "unused", "is_new", "card_mean"]


def bound_of(kind: str):
    return bind_model(model_of(kind), NAMES, SIGNATURES, "INR")


def test_a_logistic_score_is_what_can_be_worked_out_by_hand():
    score = bound_of("logistic").compile(ORDER)
    # -2 + .5 * (750 - 500) / 250 + .75 * (1.5 - 1) / .5 + 1 * 1 - .25 * 0 = .25; a sixteenth of the way from .2 to .95
    assert score(["card", 750, None, True, 500.0], None) == pytest.approx(0.2 + 0.75 / 16, abs=1e-12)
    # All missing: -2 + 0 + .1 + 0 + .3 = -1.6; .6 of the way from .01 to .2
    assert score([None] * 5, None) == pytest.approx(0.01 + 0.19 * 0.6, abs=1e-12)


def test_a_text_that_training_did_not_know_is_missing():
    score = bound_of("logistic").compile(ORDER)
    assert score(["cash", 1, None, True, 1.0], None) == score([None, 1, None, True, 1.0], None)
    assert score(["upi", 1, None, True, 1.0], None) != score([None, 1, None, True, 1.0], None)


def test_needed_names_are_those_of_all_inputs():
    assert bound_of("logistic").needed == {"amount", "card_mean", "is_new", "method"}


@pytest.mark.parametrize(
    ("names", "signatures", "currency", "words"),
    [
        ({**NAMES, "amount": NameInfo(Type.FLOAT)}, SIGNATURES, "INR", "input amount .* is float here"),
        ({n: NAMES[n] for n in NAMES if n != "is_new"}, SIGNATURES, "INR", "is_new"),
        (NAMES, {"card_mean": "another"}, "INR", "over_mean .* not what the model was trained with"),
        (NAMES, {}, "INR", "has no feature `card_mean`"),
        (NAMES, {**SIGNATURES, "amount": "ff"}, "INR", "input amount"),
        (NAMES, SIGNATURES, "EUR", "made for INR"),
    ],
)
def test_a_policy_of_another_shape_is_refused(names, signatures, currency, words):
    with pytest.raises(ModelInvalid, match=words):
        bind_model(model_of("logistic"), names, signatures, currency)


def test_an_input_that_is_no_expression_is_refused():
    broken = (msgspec.structs.replace(INPUTS[0], source="amount +"), *INPUTS[1:])
    with pytest.raises(ModelInvalid, match="input amount"):
        bind_model(load_model(logistic_bytes(inputs=broken)), NAMES, SIGNATURES, "INR")


def test_threads_that_score_at_once_get_the_same_scores():
    score = bound_of("lightgbm").compile(ORDER)
    rows = [["card", n * 7 % 1999, None, n % 2 == 0, 300.0 + 97 * (n % 13)] for n in range(300)]
    expected = [score(row, None) for row in rows]
    assert len(set(expected)) > 20
    found: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: found.append([score(r, None) for r in rows])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_near_names_are_looked_up_alike_for_one_and_for_many():
    bound = bind_model(load_model(near_bytes()), NEAR_NAMES, {}, "INR")
    assert bound.needed == {"amount", "customer", "merchant"}
    frame = pl.DataFrame(
        {
            "merchant": ["mer_1", "mer_2", "mer_2", "mer_3", None],
            "amount": [500, 500, None, 750, 500],
            "customer": ["cus_1", "cus_2", "cus_1", "cus_1", "cus_2"],
        }
    )
    near = bound.rows_frame(frame, FrameEnv())[:, 1]
    assert near.tolist() == pytest.approx([90 / 127, 1.0, -3 / 127, float("nan"), float("nan")], nan_ok=True)
    score = bound.compile(frame.columns)
    assert [score(row, None) for row in frame.iter_rows()] == bound.score_frame(frame, FrameEnv()).to_list()
    # -2 - 3 * 90 / 127: between the first two knots.
    assert score(["mer_1", 500, "cus_1"], None) == pytest.approx(0.01)
    assert score(["mer_2", 500, "cus_1"], None) == pytest.approx(0.01 + 0.19 * (2 + 9 / 127) / 4)


def test_model_with_a_graph_does_not_fit_a_policy_without_its_names():
    names = {name: info for name, info in NEAR_NAMES.items() if name != "merchant"}
    with pytest.raises(ModelInvalid, match="customer_near_merchant"):
        bind_model(load_model(near_bytes()), names, {}, "INR")


def test_near_is_told_in_words():
    bound = bind_model(load_model(near_bytes()), NEAR_NAMES, {}, "INR")
    (told, *_) = top_contributions(bound, [500.0, -0.25], [0.0, 0.9, 0.0])
    assert (told.value, told.en) == (-0.25, "customer_near_merchant: -0.25, usually 0.5")


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_contributions_add_up_to_the_raw_score(kind: str):
    bound = bound_of(kind)
    frame = pl.DataFrame(
        {"amount": [10, 900], "card_mean": [5.0, None], "is_new": [True, False], "method": ["upi", "?"]}
    )
    rows = bound.rows_frame(frame, FrameEnv())
    told = contributions(bound, rows)
    assert told.shape == (2, 5)
    assert told.sum(axis=1) == pytest.approx(bound.model.scorer.many(rows))
    assert abs(told[0, :4]).max() > 0.1


def test_a_kind_that_cannot_tell_is_asked_with_typical_values():
    bound = bound_of("logistic")
    rows = bound.rows_frame(
        pl.DataFrame({"amount": [900], "card_mean": [300.0], "is_new": [True], "method": ["upi"]}), FrameEnv()
    )
    exact = contributions(bound, rows)

    class Silent:
        one, many = bound.model.scorer.one, bound.model.scorer.many

        def contributions(self, rows):
            return None

    silent = bind_model(
        type(bound.model)("0" * 64, bound.model.head, b"", Silent()), NAMES, SIGNATURES, "INR"
    )
    told = contributions(silent, rows)
    # A linear model loses exactly its deviation when an input becomes typical, and here the typical is the mean.
    assert told[0, :2] == pytest.approx(exact[0, :2])
    assert told.sum() == pytest.approx(exact.sum())


def test_words_tell_the_greatest_push_first():
    bound = bound_of("logistic")
    rows = bound.rows_frame(
        pl.DataFrame({"amount": [600], "card_mean": [100.0], "is_new": [False], "method": ["upi"]}),
        FrameEnv(),
    )
    told = top_contributions(bound, rows[0], contributions(bound, rows)[0], limit=2)
    assert [one.name for one in told] == ["over_mean", "method"]
    assert told[0].en == "over_mean: 6 times, usually 1 times"
    assert told[0].hi == "over_mean: 6 गुना, सामान्यतः 1 गुना"
    assert told[0].push > 0 > told[1].push
    assert (told[1].value, told[1].en) == ("upi", "method: upi")
