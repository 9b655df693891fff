"""Score by a scikit-learn model that was saved with skops: closed list of types, checked trees, no pickle anywhere.

scikit-learn is made for tables: one row costs it from a tenth of a millisecond (linear models) to several (forests).
Where that is too slow for the path of a payment, convert the model to ONNX (docs/adapters.md).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
import skops.io
from threadpoolctl import ThreadpoolController

from satark.core.errors import ModelInvalid
from satark.models.adapters.payload import Filler, as_row, decode_payload
from satark.models.adapters.sklearn_trees import check_trees, walk
from satark.models.adapters.skops_types import look_through

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.models.adapters.payload import AdapterPayload
    from satark.models.head import ModelHead

BLOCK_ROWS = 4_096
_EXACT = frozenset(
    {
        "ColumnTransformer",
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "DummyClassifier",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
        "ExtraTreesClassifier",
        "GradientBoostingClassifier",
        "HistGradientBoostingClassifier",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Pipeline",
        "RandomForestClassifier",
        "RobustScaler",
        "SimpleImputer",
        "StandardScaler",
        "_BinMapper",
    }
)
"""Estimators whose result for a row does not depend, not even in the last bit, on the rows beside it."""


class SklearnScorer:
    """Scores by one model; safe to use from several threads, since prediction changes nothing in it."""

    def __init__(self, payload: AdapterPayload, inputs: int) -> None:
        self.model = load_skops(payload.model)
        known = getattr(self.model, "n_features_in_", inputs)
        if known != inputs:
            message = f"the schema declares {inputs} inputs, and the scikit-learn model takes {known}"
            raise ModelInvalid(message)
        forget_names(self.model)
        self._fill = Filler(payload.missing)
        self._sign = -1.0 if payload.falls else 1.0
        self._column = _column(self.model, payload.positive) if payload.probability else None
        self._function = _function(self.model, probability=payload.probability)
        # Threads of a numerical library that wait for one another cost a single row twenty times its own time.
        self._threads = ThreadpoolController()
        self.block_rows = BLOCK_ROWS if payload.blocks and is_exact(self.model) else 1

    def one(self, values: Sequence[float | None]) -> float:
        """Return the raw score of one event; None is missing."""
        return float(self._run(as_row(values))[0])

    def many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw scores of many events, shape (n,).

        Models other than trees are run row by row: the sums within a matrix product depend on how many rows there are,
        and a backtest has to give exactly what was decided.
        """
        size = self.block_rows
        parts = [self._run(rows[start : start + size]) for start in range(0, len(rows), size)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def contributions(self, rows: NDArray[np.float64]) -> None:
        """Tell nothing: what is inside is not known here (`satark.models.explain` has another way)."""

    def _run(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        try:
            with self._threads.limit(limits=1), np.errstate(all="ignore"):
                found = np.asarray(self._function(self._fill(rows)), dtype=np.float64)
        except Exception as error:  # noqa: BLE001 - estimators raise whatever they like
            reason = (str(error).splitlines() or [""])[0][:160]
            message = f"the scikit-learn model failed while scoring ({type(error).__name__}: {reason})"
            raise ModelInvalid(message) from None
        scores = found[:, self._column] if self._column is not None else found.reshape(-1)
        if len(scores) != len(rows) or not np.isfinite(scores).all():
            message = "the scikit-learn model gave no number for some row"
            raise ModelInvalid(message)
        return self._sign * scores


def open_scorer(payload: bytes, head: ModelHead) -> SklearnScorer:
    """Read the payload of an artefact of kind `sklearn`.

    Raises
    ------
    ModelInvalid
        It is damaged, of another version, names what is not allowed, or does not fit its head.
    """
    return SklearnScorer(decode_payload(payload, inputs=len(head.inputs)), len(head.inputs))


def library() -> str:
    """Return name and version of what scores."""
    return f"scikit-learn {sklearn.__version__}"


def load_skops(data: bytes) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Load a skops file.

    Raises
    ------
    ModelInvalid
        It names what is not allowed, was written by another version of scikit-learn, or is not sound.
    """
    names = look_through(data)
    here = _minor(sklearn.__version__)
    for version in sorted(names.versions):
        if _minor(version) != here:
            message = (
                f"scikit-learn {version[:20]} wrote it and {sklearn.__version__} runs here; "
                "save it again with this version, or convert it to ONNX"
            )
            raise ModelInvalid(message)
    try:
        with warnings.catch_warnings():
            # Versions that differ in the last number only read each other's models.
            warnings.simplefilter("ignore")
            model = skops.io.loads(data, trusted=sorted(names.types))
        check_trees(model)
    except ModelInvalid:
        raise
    except Exception as error:  # noqa: BLE001 - a crafted file can make any of the classes raise anything
        message = f"it cannot be read ({type(error).__name__})"
        raise ModelInvalid(message) from None
    for part, _ in walk(model):
        if hasattr(part, "n_jobs"):
            part.n_jobs = None
    return model


def feature_names(model: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    """Return the names of the columns that a model was fitted with; empty when it was given an array."""
    return tuple(str(name) for name in getattr(model, "feature_names_in_", ()))


def forget_names(model: Any) -> None:  # noqa: ANN401 - as above
    """Let a model that was fitted with a table take arrays; the order of the columns was checked."""
    for part, _ in walk(model):
        if "feature_names_in_" in getattr(part, "__dict__", ()):
            del part.feature_names_in_


def is_exact(model: Any) -> bool:  # noqa: ANN401 - as above
    """Tell whether rows may be scored together; see `_EXACT`."""
    return all(type(part).__name__ in _EXACT for part, _ in walk(model) if hasattr(part, "fit"))


def _column(model: Any, positive: int | str | None) -> int:  # noqa: ANN401 - as above
    classes = list(getattr(model, "classes_", ()))
    for place, one in enumerate(classes):
        # Not by equality alone: True equals 1, and a class may be either.
        if one == positive or str(one) == str(positive):
            return place
    known = ", ".join(str(one) for one in classes[:10]) or "none"
    if positive is None:
        message = f"say in `positive` which class of the scikit-learn model is fraud; it has {known}"
        raise ModelInvalid(message)
    message = f"the scikit-learn model has no class {positive!r}; it has {known}"
    raise ModelInvalid(message)


def _function(model: Any, *, probability: bool) -> Any:  # noqa: ANN401 - as above
    names = ("predict_proba",) if probability else ("decision_function", "predict")
    for name in names:
        function = getattr(model, name, None)
        if function is not None:
            return function
    message = (
        f"the scikit-learn model has no {names[0]}; declare `output: {{kind: score}}` with a calibration"
    )
    raise ModelInvalid(message)


def _minor(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])
