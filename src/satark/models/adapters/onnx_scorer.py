"""Score by an ONNX model: one session with one thread, the same answer for one event as for many.

Values become single precision (`float32`) where the model asks for it, as nearly every ONNX model does: whole numbers
are exact up to 16,777,216, beyond that seven digits count. What comes out is made double precision as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from satark.core.errors import ModelInvalid
from satark.models.adapters.onnx_graph import look_through
from satark.models.adapters.onnx_trees import check_trees
from satark.models.adapters.payload import Filler, as_row, decode_payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.models.adapters.payload import AdapterPayload
    from satark.models.head import ModelHead

BLOCK_ROWS = 4_096
_TENSORS = {"tensor(float)": np.float32, "tensor(double)": np.float64}
_QUIET = 4


class OnnxScorer:
    """Scores by one session; safe to use from several threads, since the runtime is."""

    def __init__(self, payload: AdapterPayload, inputs: int) -> None:
        graph = look_through(payload.model)
        check_trees(graph, inputs)
        self._session = _session(payload.model)
        self._fill = Filler(payload.missing)
        self._feeds = _feeds(self._session, inputs)
        self._output, self._maps = _output(self._session, payload.output)
        self._positive = payload.positive
        self._sign = -1.0 if payload.falls else 1.0
        # Only what the file itself shows counts, whatever the payload claims.
        self.block_rows = BLOCK_ROWS if payload.blocks and graph.exact else 1

    def one(self, values: Sequence[float | None]) -> float:
        """Return the raw score of one event; None is missing."""
        return float(self._run(as_row(values))[0])

    def many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw scores of many events, shape (n,).

        Models of other operations than trees and plain arithmetic are run row by row: the sums within a matrix product
        depend on how many rows there are, and a backtest has to give exactly what was decided.
        """
        size = self.block_rows
        parts = [self._run(rows[start : start + size]) for start in range(0, len(rows), size)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def contributions(self, rows: NDArray[np.float64]) -> None:
        """Tell nothing: what is inside is not known here (`satark.models.explain` has another way)."""

    def _run(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        filled = self._fill(rows)
        with np.errstate(over="ignore"):
            feeds = {
                name: np.ascontiguousarray(filled[:, first:last], dtype=kind)
                for name, kind, first, last in self._feeds
            }
        try:
            (found,) = self._session.run([self._output], feeds)
        except Exception as error:  # noqa: BLE001 - the runtime has a class of its own for each kind of failure
            message = f"the ONNX model failed while scoring ({type(error).__name__})"
            raise ModelInvalid(message) from None
        scores = self._maps_scores(found) if self._maps else self._tensor_scores(found, len(rows))
        if len(scores) != len(rows) or not np.isfinite(scores).all():
            message = (
                "the ONNX model gave no number; if a value was missing, say in the schema what stands for it"
            )
            raise ModelInvalid(message)
        return self._sign * scores

    def _maps_scores(self, found: list[dict[Any, float]]) -> NDArray[np.float64]:
        key: Any = self._positive
        if found and key not in found[0]:
            known = ", ".join(str(one) for one in list(found[0])[:10])
            message = f"the ONNX model has no class {key!r}; it has {known}"
            raise ModelInvalid(message)
        return np.array([one[key] for one in found], dtype=np.float64)

    def _tensor_scores(self, found: NDArray[Any], rows: int) -> NDArray[np.float64]:
        columns = found.size // max(1, rows)
        table = (
            np.asarray(found, dtype=np.float64).reshape(rows, -1) if found.size % max(1, rows) == 0 else None
        )
        if table is None or not columns:
            message = f"the ONNX model gave a table of the shape {found.shape} for {rows} rows"
            raise ModelInvalid(message)
        if columns == 1:
            return table[:, 0]
        place = self._positive
        if not isinstance(place, int) or not 0 <= place < columns:
            message = (
                f"the ONNX model gives {columns} columns; `positive` must name one of 0 to {columns - 1}"
            )
            raise ModelInvalid(message)
        return table[:, place]


def open_scorer(payload: bytes, head: ModelHead) -> OnnxScorer:
    """Read the payload of an artefact of kind `onnx`.

    Raises
    ------
    ModelInvalid
        It is damaged, uses what is not allowed, or does not fit its head.
    """
    return OnnxScorer(decode_payload(payload, inputs=len(head.inputs)), len(head.inputs))


def library() -> str:
    """Return name and version of the runtime."""
    return f"onnxruntime {onnxruntime.__version__}"


def _session(model: bytes) -> Any:  # noqa: ANN401 - the runtime has no types
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # Without its fallback, which prints and tries the same again.
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # noqa: BLE001 - as in `OnnxScorer._run`
        reason = (str(error).splitlines() or [""])[0][:160]
        message = f"the ONNX runtime ({onnxruntime.__version__}) refuses it: {reason}"
        raise ModelInvalid(message) from None


def _feeds(session: Any, inputs: int) -> list[tuple[str, Any, int, int]]:  # noqa: ANN401 - as above
    """Return which columns each tensor is given: one tensor with all of them, or one tensor each."""
    found = session.get_inputs()
    for one in found:
        if one.type not in _TENSORS:
            message = f"its input {one.name[:60]!r} takes {one.type}; only float and double are possible"
            raise ModelInvalid(message)
    widths = [_width(one.shape) for one in found]
    if len(found) == 1 and widths[0] in {None, inputs}:
        return [(found[0].name, _TENSORS[found[0].type], 0, inputs)]
    if len(found) == inputs and all(width in {None, 1} for width in widths):
        return [(one.name, _TENSORS[one.type], place, place + 1) for place, one in enumerate(found)]
    shapes = ", ".join(f"{one.name[:60]} {one.shape}" for one in found[:5])
    message = f"the schema declares {inputs} inputs, and the ONNX model takes {shapes}"
    raise ModelInvalid(message)


def _width(shape: Sequence[int | str | None]) -> int | str | None:
    """Return how many columns a tensor has: a number, None where that is open, or "no table" for another shape."""
    rows_and_columns = 2
    if len(shape) != rows_and_columns or (isinstance(shape[0], int) and shape[0] >= 0):
        return "no table"
    return shape[1] if isinstance(shape[1], int) and shape[1] >= 0 else None


def _output(session: Any, name: str) -> tuple[str, bool]:  # noqa: ANN401 - as above
    """Return the name of the output to read, and whether it is a list of maps from class to probability."""
    fit = {one.name: one.type for one in session.get_outputs() if one.type in _TENSORS or "map(" in one.type}
    names = ", ".join(one.name[:60] for one in session.get_outputs()[:10])
    if name and name not in fit:
        message = f"it has no output {name[:60]!r} of numbers; it has {names}"
        raise ModelInvalid(message)
    if not name and len(fit) != 1:
        message = f"name the `output` to read; it has {names}"
        raise ModelInvalid(message)
    chosen = name or next(iter(fit))
    return chosen, fit[chosen] not in _TENSORS
