"""Small models for tests, made of numbers that are written down or drawn from a fixed seed."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import numpy as np

from satark.language import NameInfo, Type
from satark.models import Model, ModelHead, ModelInput, load_model, write_model
from satark.models.embedding import EmbeddingTable, Side, key_of
from satark.models.lightgbm_scorer import LightgbmPayload
from satark.models.logistic_scorer import LogisticPayload

KNOTS = ((-4.0, 0.0, 4.0), (0.01, 0.2, 0.95))
NAMES = {
    "amount": NameInfo(Type.INT),
    "card_mean": NameInfo(Type.FLOAT),
    "is_new": NameInfo(Type.BOOL),
    "method": NameInfo(Type.STR),
}
SIGNATURES = {"card_mean": "0123456789abcdef"}
INPUTS = (
    ModelInput("amount", "amount", "int", typical=500.0, unit="money"),
    ModelInput("over_mean", "amount / card_mean", "float", typical=1.0, unit="ratio", features=SIGNATURES),
    ModelInput("is_new", "is_new", "bool", unit="flag"),
    ModelInput("method", "method", "str", categories=("card", "upi"), unit="text"),
)


def logistic_bytes(name: str = "small", inputs: tuple[ModelInput, ...] = INPUTS) -> bytes:
    """Return the file of a logistic model over `INPUTS`."""
    payload = LogisticPayload(
        bias=-2.0,
        means=(500.0, 1.0, 0.0, 0.0),
        scales=(250.0, 0.5, 1.0, 1.0),
        weights=(0.5, 0.75, 1.0, -0.25),
        missing=(0.0, 0.1, 0.0, 0.3),
    )
    return write_model(ModelHead(1, name, "logistic", inputs, "INR", KNOTS), msgspec.msgpack.encode(payload))


NEAR = ModelInput("customer_near_merchant", "customer", "str", typical=0.5, unit="number", partner="merchant")
NEAR_NAMES = NAMES | {"customer": NameInfo(Type.STR), "merchant": NameInfo(Type.STR)}


def near_table() -> EmbeddingTable:
    """Return two customers of two circles and a merchant of each, one of them (`mer_1`) nearer to the middle."""

    def side(vectors: dict[str, tuple[int, int]]) -> Side:
        names = sorted(vectors, key=key_of)
        keys = b"".join(key_of(name).to_bytes(8, "little") for name in names)
        return Side(keys, np.array([vectors[name] for name in names], dtype=np.int8).tobytes())

    customers = side({"cus_1": (127, 0), "cus_2": (0, 127)})
    return EmbeddingTable("customer", "merchant", 2, customers, side({"mer_1": (90, 90), "mer_2": (-3, 127)}))


def near_bytes(
    inputs: tuple[ModelInput, ...] = (INPUTS[0], NEAR), tables: tuple[EmbeddingTable, ...] | None = None
) -> bytes:
    """Return the file of a logistic model that looks into `near_table`."""
    payload = LogisticPayload(-2.0, (500.0, 0.0), (250.0, 1.0), (0.5, -3.0), (0.0, 0.7))
    head = ModelHead(1, "near", "logistic", inputs, "INR", KNOTS)
    return write_model(head, msgspec.msgpack.encode(payload), (near_table(),) if tables is None else tables)


CARD = {
    "span": {"from": "2026-07-01", "to": "2026-09-30", "payments": 123_456, "frauds": 1_234},
    "held_out": {
        "span": {"from": "2026-09-01", "to": "2026-09-30", "payments": 45_678, "frauds": 456},
        "model": {
            "auc": [0.9012, 0.8912, 0.9112], "average_precision": [0.7654, 0.75, 0.78],
            "daily_precision_100": 0.301, "calibration_error": 0.0123,
        },
        "logistic": {"auc": [0.8512, 0.84, 0.86], "average_precision": [0.6, 0.58, 0.62], "daily_precision_100": None},
        "groups": {
            "method=card": {"payments": 40_000, "frauds": 400, "auc": 0.9111, "average_precision": 0.7777},
            "method=upi": {"payments": 5_678, "frauds": 6},
        },
    },
    "inputs": {"customer_near_merchant": 0.75, "amount": 0.25},
    "limits": [
        "A high score is a reason to look, not a proof; every refusal needs a rule with a reason.",
        "Only 56 frauds were there to learn from; the intervals are wide.",
        "A sentence <b>of a later version</b>.",
    ],
    "source": {"policy": {"name": "cards", "version": 7}},
}  # fmt: skip


def carded(card: dict[str, Any] = CARD, name: str = "cards <i>2026</i>") -> bytes:
    """Return the file of a model with a card."""
    near = msgspec.structs.replace(
        NEAR, says_en="how usual this merchant is: {value}", says_hi="यह व्यापारी कितना सामान्य है: {value}"
    )
    payload = LogisticPayload(-2.0, (500.0, 0.0), (250.0, 1.0), (0.5, -3.0), (0.0, 0.7))
    head = ModelHead(1, name, "logistic", (INPUTS[0], near), "INR", KNOTS, card, {"satark": "0.1.0"})
    return write_model(head, msgspec.msgpack.encode(payload), (near_table(),))


@cache
def lightgbm_bytes() -> bytes:
    """Return the file of a small LightGBM model over `INPUTS`."""
    import lightgbm

    dice = np.random.default_rng(7)
    rows = np.column_stack(
        [
            dice.integers(0, 2_000, 800),
            dice.exponential(1.0, 800),
            dice.integers(0, 2, 800),
            dice.integers(0, 2, 800),
        ]
    ).astype(float)
    rows[dice.random(rows.shape) < 0.1] = np.nan
    fraud = (np.nan_to_num(rows[:, 1]) + np.nan_to_num(rows[:, 2]) + dice.normal(0, 0.5, 800)) > 1.8
    options = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    trees = lightgbm.train(options, lightgbm.Dataset(rows, fraud.astype(float)), 20)
    payload = LightgbmPayload(trees.model_to_string(), scale=0.5)
    return write_model(
        ModelHead(1, "trees", "lightgbm", INPUTS, "INR", KNOTS), msgspec.msgpack.encode(payload)
    )


def model_of(kind: str) -> Model:
    """Return a loaded model of a kind."""
    return load_model({"logistic": logistic_bytes, "lightgbm": lightgbm_bytes, "near": near_bytes}[kind]())
