"""Small models for tests, made of numbers that are written down or drawn from a fixed seed."""

from __future__ import annotations

from functools import cache

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
