"""How fast a model scores: 500 trees of 64 leaves over 60 inputs, made of random numbers.

=========================== ==========================================================================
model_score_p50_us, _p99_us one event: values through compiled expressions, trees, calibration
model_load_ms               reading, checking and opening the file
model_bulk_rows_per_s       many events as a Polars frame, all threads
=========================== ==========================================================================

    python -m benchmarks.learning_speed
"""

from __future__ import annotations

import json
import time

import msgspec
import numpy as np
import polars as pl

from satark.language import FrameEnv, NameInfo, Type
from satark.models import ModelHead, ModelInput, bind_model, load_model, write_model
from satark.models.lightgbm_scorer import LightgbmPayload

INPUTS, TREES, LEAVES = 60, 500, 64
TRAINED_ROWS, SCORED_ROWS = 60_000, 20_000


def model_bytes(trees: int = TREES) -> bytes:
    """Return the file of a model of so many trees."""
    import lightgbm

    dice = np.random.default_rng(0)
    rows = dice.normal(size=(TRAINED_ROWS, INPUTS))
    rows[dice.random(rows.shape) < 0.1] = np.nan
    fraud = np.nan_to_num(rows[:, :10]).sum(axis=1) + 2 * dice.normal(size=TRAINED_ROWS) > 4
    options = {"objective": "binary", "num_leaves": LEAVES, "verbose": -1, "min_data_in_leaf": 5}
    forest = lightgbm.train(options, lightgbm.Dataset(rows, fraud.astype(float)), trees)
    inputs = tuple(ModelInput(f"f{place}", f"f{place}", "float") for place in range(INPUTS))
    knots = ((-20.0, -5.0, 0.0, 5.0, 20.0), (0.0, 0.01, 0.5, 0.9, 1.0))
    head = ModelHead(1, "speed", "lightgbm", inputs, "INR", knots)
    return write_model(head, msgspec.msgpack.encode(LightgbmPayload(forest.model_to_string())))


def measure(*, quick: bool = False) -> dict[str, float]:
    """Return flat names and numbers; `quick`: of a small model."""
    data = model_bytes(TREES // 10 if quick else TREES)
    started = time.perf_counter()
    model = load_model(data)
    load_ms = (time.perf_counter() - started) * 1e3
    names = {one.name: NameInfo(Type.FLOAT) for one in model.head.inputs}
    bound = bind_model(model, names, {}, "INR")
    score = bound.compile(list(names))
    drawn = np.random.default_rng(1).normal(size=(SCORED_ROWS, INPUTS))
    drawn[np.random.default_rng(2).random(drawn.shape) < 0.1] = np.nan
    events = [tuple(None if value != value else value for value in row) for row in drawn.tolist()]  # noqa: PLR0124 - NaN
    spent, found = [], []
    for event in events:
        before = time.perf_counter_ns()
        found.append(score(event, None))
        spent.append(time.perf_counter_ns() - before)
    frame = pl.DataFrame(events, schema=list(names), orient="row", infer_schema_length=None)
    started = time.perf_counter()
    many = bound.score_frame(frame, FrameEnv())
    seconds = time.perf_counter() - started
    assert many.to_list() == found
    p50, p99 = np.percentile(spent, [50, 99]) / 1e3
    return {
        "model_score_p50_us": round(float(p50), 1),
        "model_score_p99_us": round(float(p99), 1),
        "model_load_ms": round(load_ms, 1),
        "model_bulk_rows_per_s": round(SCORED_ROWS / seconds),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
