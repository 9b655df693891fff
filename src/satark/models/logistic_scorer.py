"""The linear baseline: one weight per input, brought to scale and clipped; plain arithmetic in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.models.head import ModelHead


class LogisticPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of a logistic regression, one per input but for `bias` and `clip`.

    The raw score is ``bias + sum(weight * clip((x - mean) / scale))`` in log-odds; a missing value adds
    ``missing`` instead.
    """

    bias: float
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    missing: tuple[float, ...]
    clip: float = 8.0


class LogisticScorer:
    """Scores by `LogisticPayload`."""

    def __init__(self, payload: LogisticPayload) -> None:
        self.payload = payload
        self._terms = list(zip(payload.means, payload.scales, payload.weights, payload.missing, strict=True))

    def one(self, values: Sequence[float | None]) -> float:
        """Return the raw score of one event."""
        score, clip = self.payload.bias, self.payload.clip
        for value, (mean, scale, weight, missing) in zip(values, self._terms, strict=True):
            if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
                score += missing
            else:
                score += weight * min(max((value - mean) / scale, -clip), clip)
        return score

    def many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw scores of many events, added up in the same order as in `one`."""
        score = np.full(len(rows), self.payload.bias)
        for column in self._columns(rows):
            score += column
        return score

    def contributions(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weight times deviation from the mean; an input at its mean adds nothing."""
        return np.column_stack([*self._columns(rows), np.full(len(rows), self.payload.bias)])

    def _columns(self, rows: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        clip = self.payload.clip
        columns = []
        for place, (mean, scale, weight, missing) in enumerate(self._terms):
            value = rows[:, place]
            known = weight * np.minimum(np.maximum((value - mean) / scale, -clip), clip)
            columns.append(np.where(np.isnan(value), missing, known))
        return columns


def open_scorer(payload: bytes, head: ModelHead) -> LogisticScorer:
    """Read the payload of a logistic model.

    Raises
    ------
    ModelInvalid
        It does not fit the head.
    """
    try:
        numbers = msgspec.msgpack.decode(payload, type=LogisticPayload)
    except msgspec.MsgspecError as error:
        message = f"the weights of the model {head.name} cannot be read: {error}"
        raise ModelInvalid(message, model=head.name) from None
    columns = (numbers.means, numbers.scales, numbers.weights, numbers.missing)
    if any(len(column) != len(head.inputs) for column in columns):
        message = (
            f"the model {head.name} has weights for another number of inputs than its {len(head.inputs)}"
        )
        raise ModelInvalid(message, model=head.name)
    every = (numbers.bias, numbers.clip, *(number for column in columns for number in column))
    if not np.isfinite(every).all() or min(numbers.scales, default=1.0) <= 0 or numbers.clip <= 0:
        message = f"the model {head.name} has a weight or scale that cannot be used"
        raise ModelInvalid(message, model=head.name)
    return LogisticScorer(numbers)
