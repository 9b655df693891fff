"""LightGBM: one place for its options, its data and its fits, always from fixed seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from satark.models.lightgbm_native import Booster as NativeBooster
from satark.models.lightgbm_scorer import LightgbmPayload
from satark.models.training.measure import average_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from satark.models.training.table import Table

DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.35,
    "bagging_fraction": 0.8,
    "lambda_l2": 1.0,
    "extra_trees": False,
    "fraud_weight": 1.0,
}
FIXED: dict[str, Any] = {
    "objective": "binary",
    "bagging_freq": 1,
    "max_bin": 1023,
    "verbose": -1,
    "deterministic": True,
    "force_col_wise": True,
}
"""Many bins: they hold equally many rows, and frauds lie in the sparse tail of an input, which few bins would lump
together (how long nothing but frauds was reported, how far an amount is beyond the usual)."""
STEP_ROUNDS = 25
PATIENCE = 4


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
    callbacks: Sequence[Any] = (),
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
    given_data = data if data is not None else dataset(table, options["fraud_weight"])
    return lightgbm.train(params, given_data, rounds, callbacks=list(callbacks))


def curve(
    train: Table,
    test: Table,
    options: Mapping[str, Any],
    rounds: int,
    *,
    seed: int,
    threads: int,
) -> tuple[list[float], NDArray[np.float64]]:
    """Fit on one table and return the average precision on another after every `STEP_ROUNDS` rounds.

    It ends early when nothing has improved for `PATIENCE` steps.

    Returns
    -------
    values, gain
        One value per step; and what each input gained, shape (inputs,), adding up to 1.
    """
    import lightgbm

    total = np.zeros(len(test))
    values: list[float] = []

    def watch(env: Any) -> None:  # noqa: ANN401 - LightGBM's
        nonlocal total
        done = env.iteration + 1
        if done % STEP_ROUNDS:
            return
        total = total + env.model.predict(
            test.rows, raw_score=True, start_iteration=done - STEP_ROUNDS, num_iteration=STEP_ROUNDS
        )
        values.append(average_precision(test.fraud, total, test.weights))
        if len(values) - 1 - int(np.argmax(values)) >= PATIENCE:
            raise lightgbm.callback.EarlyStopException(env.iteration, [])

    booster = fit(train, options, rounds, seed=seed, threads=threads, callbacks=[watch])
    gain = booster.feature_importance("gain")
    return values, gain / max(gain.sum(), 1e-12)


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
