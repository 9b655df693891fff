"""What is watched of a policy with a model: its inputs and probabilities, in the bins of the model's card."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.support.watch import POLICY, POLICY_TEXT, MemoryLog

from satark.decisions.labels import TrustOrder
from satark.decisions.watch import WatchCounter
from satark.decisions.watch import measures as m
from satark.decisions.watch.gauges import MODEL_REF, Gauges
from satark.features.spec import feature_signature
from satark.models import ModelHead, ModelInput, load_model, write_model
from satark.models.logistic_scorer import LogisticPayload
from satark.policies import load_policy

SIGNATURES = {one.name: feature_signature(one) for one in POLICY.features}
INPUTS = (
    ModelInput("card_10m", "card_10m", "int", features={"card_10m": SIGNATURES["card_10m"]}),
    ModelInput(
        "amount_over_mean", "amount / card_mean", "float", features={"card_mean": SIGNATURES["card_mean"]}
    ),
    ModelInput("no_reference", "amount + 1", "int"),
)
CARD = {
    "reference": {
        "card_10m": {"edges": [1.0, 3.0], "shares": [0.5, 0.3, 0.2], "missing": 0.0, "n": 9_000},
        "amount_over_mean": {"edges": [0.5, 1.5], "shares": [0.2, 0.6, 0.2], "missing": 0.25},
        "no_reference": {"edges": "broken"},
    },
    "score_reference": {"edges": [0.1, 0.5], "shares": [0.9, 0.08, 0.02]},
}


def model_bytes(card=CARD, inputs=INPUTS):
    n = len(inputs)
    payload = LogisticPayload(0.0, (0.0,) * n, (1.0,) * n, (0.1,) * n, (0.0,) * n)
    head = ModelHead(1, "m", "logistic", inputs, "INR", ((-4.0, 4.0), (0.0, 1.0)), card)
    return write_model(head, msgspec.msgpack.encode(payload))


def policy_with(data):
    text = POLICY_TEXT + f"model: {{use: m.model, hash: {load_model(data).hash}}}\n"
    return load_policy(text), text


def log_with(data, *, logged=True):
    policy, text = policy_with(data)
    log = MemoryLog()
    log.policy(text)
    if logged:
        model_hash = load_model(data).hash
        log.append("model", f"model:{model_hash}", owner=0, ref=MODEL_REF + model_hash, body=data)
    return log, policy


def counted(log):
    found = Gauges(log.find_by_ref, began_us=0)
    counter = WatchCounter(log, found, TrustOrder(), b"key")
    counter.take(log.read(0))
    return {(measure, key): n for _, measure, key, n, _ in counter.rows()}, found


def test_inputs_are_counted_in_the_bins_of_the_card():
    data = model_bytes()
    log, policy = log_with(data)
    values = [(1, 50.0), (2, 100.0), (9, 300.0), (3, None)]
    for place, features in enumerate(values):
        log.payment(f"p{place}", features=features, rupees=100, policy=policy.content_hash)
    totals, found = counted(log)
    kept = {column.name: column.kept for column in found.of(policy.content_hash).columns}
    assert kept["card_10m"].edges == (1.0, 3.0), "a feature that is an input as it is"
    assert "no_reference" not in kept
    assert kept["card_mean"] is None, "watched as a feature of the policy, not warmed up yet"
    own = {key: n for (measure, key), n in totals.items() if measure == m.VALUE}
    assert m.by_bin({key: (n, 0) for key, n in own.items()}, kept["card_10m"].head, 3) == [1, 2, 1]
    # What a rule sees as `amount` is rupees in minor units; the mean is given in the same.
    ratio = [100 * 100 / mean for _, mean in values if mean is not None]
    expected = np.histogram(ratio, [-np.inf, 0.5 + 1e-12, 1.5 + 1e-12, np.inf])[0].tolist()
    counts = m.by_bin({key: (n, 0) for key, n in own.items()}, kept["amount_over_mean"].head, 3)
    assert counts == expected
    assert totals[m.MISSING, kept["amount_over_mean"].head] == 1
    assert {one.name for one in found.of_models()} == {
        "card_10m",
        "amount_over_mean",
        "model:" + load_model(data).hash[:16],
    }


def test_probabilities_are_counted_in_the_bins_of_the_card():
    data = model_bytes()
    log, policy = log_with(data)
    for place, score in enumerate((0.05, 0.1, 0.11, 0.9)):
        log.payment(f"p{place}", policy=policy.content_hash, model=(load_model(data).hash, score))
    totals, found = counted(log)
    head = found.of(policy.content_hash).score.head
    assert m.by_bin({key: (n, 0) for (_, key), n in totals.items()}, head, 3) == [2, 1, 1]


@pytest.mark.parametrize("trouble", ["missing", "damaged", "other"])
def test_a_model_that_cannot_be_had_leaves_the_features_watched(trouble):
    data = model_bytes()
    log, policy = log_with(data, logged=False)
    if trouble != "missing":
        body = data[:-1] if trouble == "damaged" else model_bytes(inputs=(ModelInput("x", "gone", "int"),))
        log.append("model", "model:x", owner=0, ref=MODEL_REF + load_model(data).hash, body=body)
    log.payment("p", policy=policy.content_hash, model=(load_model(data).hash, 0.3))
    totals, found = counted(log)
    gauge = found.of(policy.content_hash)
    assert gauge.model is None
    assert {column.name for column in gauge.columns} == {"card_10m", "card_mean", "amount"}
    assert totals[m.EXPECTED, load_model(data).hash[:16]] == 1


@pytest.mark.parametrize(
    "card", [{}, {"reference": 5}, {"reference": {"card_10m": None}, "score_reference": []}]
)
def test_a_card_without_references_is_no_trouble(card):
    data = model_bytes(card)
    log, policy = log_with(data)
    log.payment("p", policy=policy.content_hash, model=(load_model(data).hash, 0.3))
    _, found = counted(log)
    assert found.of(policy.content_hash).score is None
    assert found.of_models() == []
