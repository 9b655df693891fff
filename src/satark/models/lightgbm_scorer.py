"""Gradient-boosted trees of LightGBM: single rows through its prepared call, many through its threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.core.errors import ModelInvalid
from satark.models.lightgbm_native import CONTRIBUTIONS, Booster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.models.head import ModelHead
    from satark.models.lightgbm_native import FastRow

# Enough rows to keep the threads busy; the copy that is made of them stays small.
CHUNK_ROWS = 131_072


class LightgbmPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trees in LightGBM's text form.

    Attributes
    ----------
    text
        The trees. Those of several fits may stand together; their sum is then scaled.
    scale
        What the sum of all trees is multiplied with: 1 / (number of fits).
    """

    text: str
    scale: float = 1.0


class LightgbmScorer:
    """Scores by trees; one prepared handle per thread."""

    def __init__(self, booster: Booster, scale: float) -> None:
        self.booster = booster
        self.scale = scale
        self._local = threading.local()

    def one(self, values: Sequence[float | None]) -> float:
        """Return the raw score of one event."""
        try:
            fast: FastRow = self._local.fast
        except AttributeError:
            fast = self._local.fast = self.booster.fast()
        # numpy writes None as NaN, which is how the trees know what is missing.
        fast.row[:] = values
        return fast.score() * self.scale

    def many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw scores of many events."""
        parts = [
            self.booster.predict(rows[start : start + CHUNK_ROWS])
            for start in range(0, len(rows), CHUNK_ROWS)
        ]
        scores = np.concatenate(parts) if parts else np.zeros(0)
        return np.asarray(scores * self.scale, dtype=np.float64)

    def contributions(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return TreeSHAP values."""
        return np.asarray(self.booster.predict(rows, CONTRIBUTIONS) * self.scale, dtype=np.float64)


def open_scorer(payload: bytes, head: ModelHead) -> LightgbmScorer:
    """Read the payload of a LightGBM model.

    Raises
    ------
    ModelInvalid
        It does not fit the head.
    """
    try:
        trees = msgspec.msgpack.decode(payload, type=LightgbmPayload)
    except msgspec.MsgspecError as error:
        message = f"the trees of the model {head.name} cannot be read: {error}"
        raise ModelInvalid(message, model=head.name) from None
    if not 0 < trees.scale <= 1:
        message = f"the model {head.name} scales its trees by {trees.scale}"
        raise ModelInvalid(message, model=head.name)
    booster = Booster(trees.text.encode())
    if booster.n_features != len(head.inputs) or booster.n_classes != 1:
        message = (
            f"the trees of the model {head.name} take {booster.n_features} inputs into {booster.n_classes} scores;"
            f" its head names {len(head.inputs)} inputs"
        )
        raise ModelInvalid(message, model=head.name)
    return LightgbmScorer(booster, trees.scale)
