"""The baseline that always stands beside the trees: logistic regression over the same inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satark.models.logistic_scorer import LogisticPayload

if TYPE_CHECKING:
    from satark.models.training.table import Table

MOST_ROWS = 100_000
CLIP = 8.0
STRENGTH = 0.05
RARELY, MOSTLY = 0.005, 0.995


def fit_linear(table: Table, *, seed: int) -> LogisticPayload:
    """Fit a logistic regression: inputs standardised and clipped, a weight of its own for what is missing.

    Texts are left out: their codes have no order.
    """
    from sklearn.linear_model import LogisticRegression

    part = table.sample(MOST_ROWS, seed)
    missing = np.isnan(part.rows)
    with np.errstate(invalid="ignore"):
        counts = np.maximum((~missing).sum(axis=0), 1)
        means = np.where(missing, 0.0, part.rows).sum(axis=0) / counts
        spread = np.sqrt(np.where(missing, 0.0, (part.rows - means) ** 2).sum(axis=0) / counts)
    scales = np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)
    standard = np.where(missing, 0.0, np.clip((part.rows - means) / scales, -CLIP, CLIP))
    for place, one in enumerate(part.inputs):
        if one.categories:
            standard[:, place] = 0.0
    share = missing.mean(axis=0)
    told = np.flatnonzero((share > RARELY) & (share < MOSTLY))
    columns = np.column_stack([standard, missing[:, told].astype(np.float64)])
    model = LogisticRegression(C=STRENGTH, max_iter=200).fit(columns, part.fraud, sample_weight=part.weights)
    weights = model.coef_[0]
    absent = np.zeros(len(part.inputs))
    absent[told] = weights[len(part.inputs) :]
    return LogisticPayload(
        bias=float(model.intercept_[0]),
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        weights=tuple(weights[: len(part.inputs)].tolist()),
        missing=tuple(absent.tolist()),
        clip=CLIP,
    )
