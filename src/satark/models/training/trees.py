"""LightGBM: one place for its options, its data and its fits, always from fixed seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from satark.models.lightgbm_native import Booster as NativeBooster
from satark.models.lightgbm_scorer import LightgbmPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from satark.models.training.table import Table

DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "lambda_l2": 5.0,
    "extra_trees": False,
    "fraud_weight": 1.0,
}
FIXED: dict[str, Any] = {
    "objective": "binary",
    "bagging_freq": 1,
    "max_bin": 127,
    "verbose": -1,
    "deterministic": True,
    "force_col_wise": True,
}
MOST_ROUNDS = 400
STEP_ROUNDS = 25


def dataset(table: Table, fraud_weight: float = 1.0) -> Any:  # noqa: ANN401 - LightGBM has no types
    """Return a table as LightGBM's own data."""
    import lightgbm

    texts = [place for place, one in enumerate(table.inputs) if one.categories]
    return lightgbm.Dataset(
        table.rows,
        table.fraud.astype(np.float64),
        weight=np.where(table.fraud, table.weights * fraud_weight, table.weights),
        categorical_feature=texts,
        free_raw_data=False,
        params={"max_bin": FIXED["max_bin"], "verbose": -1, "min_data_in_bin": 3},
    )


def fit(
    table: Table,
    options: Mapping[str, Any],
    rounds: int,
    *,
    seed: int,
    threads: int,
    data: Any = None,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - as above
    """Fit trees.

    Parameters
    ----------
    options
        As `DEFAULTS`.
    data
        From `dataset`, where several fits share it.
    """
    import lightgbm

    given = {name: value for name, value in options.items() if name != "fraud_weight"}
    bounds = [one.monotone for one in table.inputs]
    params = {**FIXED, **given, "seed": seed, "num_threads": threads}
    if any(bounds):
        params |= {"monotone_constraints": bounds, "monotone_constraints_method": "intermediate"}
    return lightgbm.train(
        params, data if data is not None else dataset(table, options["fraud_weight"]), rounds
    )


def curve(booster: Any, rows: NDArray[np.float64], rounds: int) -> list[tuple[int, NDArray[np.float64]]]:  # noqa: ANN401
    """Return the raw scores after every `STEP_ROUNDS` rounds: (rounds, shape (n,))."""
    total = np.zeros(len(rows))
    found = []
    for start in range(0, rounds, STEP_ROUNDS):
        total = total + booster.predict(
            rows, raw_score=True, start_iteration=start, num_iteration=STEP_ROUNDS, num_threads=1
        )
        found.append((min(start + STEP_ROUNDS, rounds), total))
    return found


def fit_many(
    table: Table,
    options: Mapping[str, Any],
    rounds: int,
    *,
    seeds: Sequence[int],
    threads: int,
    tell: Callable[[int], None] = lambda _done: None,
) -> tuple[bytes, NDArray[np.float64]]:
    """Fit the same data from several seeds; their mean is steadier than any of them.

    Returns
    -------
    payload, gain
        The payload of a `lightgbm` model, and what each input gained, shape (inputs,), adding up to 1.
    """
    data = dataset(table, options["fraud_weight"])
    texts: list[str] = []
    gain = np.zeros(len(table.inputs))
    for done, seed in enumerate(seeds, 1):
        booster = fit(table, options, rounds, seed=seed, threads=threads, data=data)
        texts.append(booster.model_to_string(importance_type="gain"))
        gain += booster.feature_importance("gain")
        tell(done)
    return payload_of(texts), gain / max(gain.sum(), 1e-12)


def payload_of(texts: Sequence[str]) -> bytes:
    """Return one payload for the mean of several fits."""
    whole = NativeBooster(texts[0].encode())
    for text in texts[1:]:
        whole.merge(NativeBooster(text.encode()))
    merged = whole.text() if len(texts) > 1 else texts[0]
    return msgspec.msgpack.encode(LightgbmPayload(merged, 1 / len(texts)))
