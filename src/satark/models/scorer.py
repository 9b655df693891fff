"""What scores: one protocol for the kinds of models, and the place where a kind's module is found."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from satark.models.head import ModelHead

MODULES = {
    "lightgbm": "satark.models.lightgbm_scorer",
    "logistic": "satark.models.logistic_scorer",
    "onnx": "satark.models.adapters.onnx_scorer",
    "sklearn": "satark.models.adapters.sklearn_scorer",
}
"""A kind's module has ``open_scorer(payload: bytes, head: ModelHead) -> Scorer``; heavy libraries load with it."""


class Scorer(Protocol):
    """The numbers of a model, ready to run. Safe to use from several threads at once."""

    def one(self, values: Sequence[float | None], /) -> float:
        """Return the raw score of one event; None is missing."""

    def many(self, rows: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return the raw scores of many events, shape (n,); the same to the last bit as one by one.

        Parameters
        ----------
        rows
            Shape (n, inputs), C-contiguous; NaN is missing.
        """

    def contributions(self, rows: NDArray[np.float64], /) -> NDArray[np.float64] | None:
        """Return what each input adds to the raw score, shape (n, inputs + 1), the last column being the base.

        None: this kind cannot tell.
        """


def open_scorer(payload: bytes, head: ModelHead) -> Scorer:
    """Make the numbers of a model ready to run.

    Raises
    ------
    ModelInvalid
        The payload cannot be used, or the library that it needs is not installed.
    """
    try:
        module = import_module(MODULES[head.kind])
    except ImportError as error:
        extra = "models" if head.kind in {"lightgbm", "logistic"} else "adapters"
        message = (
            f"a model of the kind {head.kind} needs `pip install satark[{extra}]` ({error.name} is missing)"
        )
        raise ModelInvalid(message, kind=head.kind) from None
    return cast("Scorer", module.open_scorer(payload, head))
