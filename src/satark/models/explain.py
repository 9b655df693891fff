"""What each input added to a score, in log-odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.models.binding import BoundModel


def contributions(bound: BoundModel, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each input adds to the raw score of each event.

    Trees tell it exactly (TreeSHAP), linear models by weight times deviation from the mean. Other kinds cannot;
    there each input in turn is set to its typical value, and the change of the score is taken (a deviation from the
    sum is put into the last column, so that a row always adds up to its raw score).

    Parameters
    ----------
    bound
        The model.
    rows
        Shape (n, inputs); NaN is missing.

    Returns
    -------
    numpy.ndarray
        Shape (n, inputs + 1) in log-odds; the last column is what every event starts from.
    """
    rows = np.ascontiguousarray(rows, dtype=np.float64)
    told = bound.model.scorer.contributions(rows)
    return _by_replacing(bound, rows) if told is None else told


def _by_replacing(bound: BoundModel, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    many = bound.model.scorer.many
    # Without a calibration, the raw score of such a model is a probability.
    score = many if bound.model.head.calibration[0] else lambda given: _log_odds(many(given))
    full = score(rows)
    added = np.zeros((len(rows), rows.shape[1] + 1))
    for place, one in enumerate(bound.model.head.inputs):
        without = rows.copy()
        without[:, place] = np.nan if one.typical is None else one.typical
        added[:, place] = full - score(without)
    added[:, -1] = full - added.sum(axis=1)
    return added


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float64)
