"""Look through an ONNX file before the runtime reads it: which operations it uses, and whether it reaches outside.

ONNX is a protocol-buffers message. The runtime would follow references to other files, run loops without end, draw
random numbers and make tensors of any size; none of that has a place in a model that scores a payment. So the message
is walked here, without a library, and only what is known to be harmless is let through: deny by default.

Source of the numbers of fields: onnx.proto of ONNX 1.x (Apache-2.0), messages ModelProto, GraphProto, NodeProto,
AttributeProto, TensorProto.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

MAX_NODES: Final = 10_000
MAX_OPSET: Final = 1_000
DOMAINS: Final = frozenset({"", "ai.onnx", "ai.onnx.ml"})

TREES: Final = frozenset({"TreeEnsembleClassifier", "TreeEnsembleRegressor"})
EXACT: Final = TREES | frozenset(
    {
        "ArrayFeatureExtractor", "Cast", "Concat", "Constant", "Identity", "Imputer", "Reshape", "Scaler", "Slice",
        "Split", "Squeeze", "Unsqueeze", "ZipMap",
    }
)  # fmt: skip
"""Operations whose result for a row does not depend, not even in the last bit, on the rows beside it."""

ALLOWED: Final = EXACT | frozenset(
    {
        "Abs", "Add", "And", "ArgMax", "ArgMin", "BatchNormalization", "CastLike", "Ceil", "Clip", "Div", "Elu",
        "Equal", "Erf", "Exp", "Flatten", "Floor", "Gather", "GatherElements", "Gelu", "Gemm", "Greater",
        "GreaterOrEqual",
        "HardSigmoid", "IsInf", "IsNaN", "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "LinearClassifier",
        "LinearRegressor", "Log", "LogSoftmax", "MatMul", "Max", "Mean", "Min", "Mod", "Mul", "Neg", "Normalizer",
        "Not", "Or", "PRelu", "Pow", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum",
        "ReduceSumSquare", "Relu", "Round", "Selu", "Shape", "Sigmoid", "Sign", "Softmax", "Softplus", "Softsign",
        "Sqrt", "Sub", "Sum", "Tanh", "ThresholdedRelu", "Transpose", "Where", "Xor",
    }
)  # fmt: skip
"""What may occur at all. Not among them: what holds a graph of its own, is random, or makes large tensors of small."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
# Attributes of trees hold hundreds of thousands of single numbers; runs of them are stepped over in one go.
_INT_KEY, _FLOAT_KEY = 0x40, 0x3D
_INTS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+")
_FLOATS = re.compile(rb"(?:\x3d[\x00-\xff]{4})+")


@dataclass(frozen=True, slots=True)
class OnnxNode:
    """One operation.

    Attributes
    ----------
    inputs, outputs
        The names of the tensors that it takes and gives.
    numbers, texts
        Its attributes that are lists, by name; of trees only.
    """

    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: Mapping[str, NDArray[np.int64]]
    texts: Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """What was found.

    Attributes
    ----------
    operations
        The names of the operations, each once.
    nodes
        In the order of the file.
    inputs
        The names of the tensors that the model is given.
    """

    operations: frozenset[str]
    nodes: tuple[OnnxNode, ...]
    inputs: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether rows may be scored together; see `EXACT`."""
        return self.operations <= EXACT


def look_through(data: bytes) -> OnnxGraph:
    """Check an ONNX file.

    Raises
    ------
    ModelInvalid
        It is not ONNX, or uses what is not allowed; the message names it.
    """
    graphs: list[OnnxGraph] = []
    for number, value in _fields(data, 0, len(data)):
        match number:
            case 7:
                graphs.append(_graph(data, _span(value)))
            case 8:
                _operator_set(data, _span(value))
            case 20:
                raise _refused("it carries a training graph")
            case 25:
                raise _refused("it defines functions of its own")
    if len(graphs) != 1 or not graphs[0].nodes:
        raise _refused("it is not an ONNX model: it holds no graph of operations")
    return graphs[0]


def _graph(data: bytes, span: tuple[int, int]) -> OnnxGraph:
    nodes: list[OnnxNode] = []
    inputs: list[str] = []
    constants: set[str] = set()
    for number, value in _fields(data, *span):
        match number:
            case 1:
                if len(nodes) == MAX_NODES:
                    raise _refused(f"it has more than {MAX_NODES} operations")
                nodes.append(_node(data, _span(value)))
            case 5:
                constants.add(_tensor(data, _span(value)))
            case 11:
                inputs += [_text(data, one) for name, one in _fields(data, *_span(value)) if name == 1]
            case 15:
                raise _refused("it has sparse tensors, which are not read")
    given = tuple(name for name in inputs if name not in constants)
    return OnnxGraph(frozenset(one.operation for one in nodes), tuple(nodes), given)


def _node(data: bytes, span: tuple[int, int]) -> OnnxNode:
    operation = domain = ""
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: list[tuple[int, int]] = []
    for number, value in _fields(data, *span):
        match number:
            case 1:
                inputs.append(_text(data, value))
            case 2:
                outputs.append(_text(data, value))
            case 4:
                operation = _text(data, value)
            case 5:
                attributes.append(_span(value))
            case 7:
                domain = _text(data, value)
    if domain not in DOMAINS:
        raise _refused(f"its operation {operation[:60]!r} comes from {domain[:60]!r}, not from ONNX itself")
    if operation not in ALLOWED:
        raise _refused(f"its operation {operation[:60]!r} is not among those that are allowed")
    numbers: dict[str, NDArray[np.int64]] = {}
    texts: dict[str, Sequence[bytes]] = {}
    for place in attributes:
        if operation in TREES:
            name, numbers_of, texts_of = _lists(data, place)
            if name in numbers:
                raise _refused(f"its attribute {name[:60]!r} stands twice")
            numbers[name], texts[name] = numbers_of, texts_of
        else:
            _attribute(data, place)
    return OnnxNode(operation, tuple(inputs), tuple(outputs), numbers, texts)


def _attribute(data: bytes, span: tuple[int, int]) -> None:
    for number, value in _fields(data, *span):
        _check_attribute(data, number, value)


def _check_attribute(data: bytes, number: int, value: int | tuple[int, int]) -> None:
    match number:
        case 5 | 10:
            _tensor(data, _span(value))
        case 6 | 11:
            raise _refused("it holds a graph within a graph (a loop or a branch)")
        case 22 | 23:
            raise _refused("it has sparse tensors, which are not read")


def _lists(data: bytes, span: tuple[int, int]) -> tuple[str, NDArray[np.int64], list[bytes]]:
    """Return the name of an attribute, its whole numbers and its texts."""
    name = ""
    parts: list[NDArray[np.int64]] = []
    texts: list[bytes] = []
    place, end = span
    while place < end:
        run = _INTS.match(data, place, end) if data[place] == _INT_KEY else None
        if run is not None:
            parts.append(_numbers(data[place : run.end()], keyed=True))
            place = run.end()
            continue
        # One field, wherever it ends; runs of floats are stepped over.
        number, value, place = _field(data, place, end)
        match number:
            case 1:
                name = _text(data, value)
            case 8 if isinstance(value, int):
                parts.append(np.array([value], dtype=np.uint64).astype(np.int64))
            case 8:
                first, last = _span(value)
                parts.append(_numbers(data[first:last], keyed=False))
            case 9:
                first, last = _span(value)
                texts.append(data[first:last])
            case _:
                _check_attribute(data, number, value)
    return name, np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64), texts


def _numbers(run: bytes, *, keyed: bool) -> NDArray[np.int64]:
    """Decode numbers of variable length that stand one after another, each after its key or without."""
    raw = np.frombuffer(run, dtype=np.uint8)
    last = np.flatnonzero(raw < 0x80)  # noqa: PLR2004 - the top bit says that more follows
    # A key has one byte without the top bit, so that every second byte of that kind ends a number.
    ends = last[1::2] if keyed else last
    starts = last[::2] + 1 if keyed else np.concatenate([[0], last[:-1] + 1])
    if not len(ends) or ends[-1] != len(raw) - 1 or len(starts) != len(ends):
        raise _refused("it is cut off or damaged")
    lengths = ends - starts + 1
    if lengths.max() > _MAX_VARINT_BYTES:
        raise _refused("it is cut off or damaged")
    values = np.zeros(len(ends), dtype=np.uint64)
    for byte in range(int(lengths.max())):
        here = lengths > byte
        values[here] |= (raw[starts[here] + byte] & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * byte)
    return values.astype(np.int64)


def _tensor(data: bytes, span: tuple[int, int]) -> str:
    """Return the name of a tensor whose numbers lie within the file."""
    name = ""
    for number, value in _fields(data, *span):
        if number == 8:  # noqa: PLR2004 - the number of a field
            name = _text(data, value)
        # `external_data` names a file, `data_location` says that it is to be read.
        if number == 13 or (number == 14 and value != 0):  # noqa: PLR2004 - numbers of fields
            raise _refused("its numbers lie in another file; save it as one file")
    return name


def _operator_set(data: bytes, span: tuple[int, int]) -> None:
    domain, version = "", 1
    for number, value in _fields(data, *span):
        match number:
            case 1:
                domain = _text(data, value)
            case 2 if isinstance(value, int):
                version = value
    if domain not in DOMAINS:
        raise _refused(f"it needs operations of {domain[:60]!r}, which are not from ONNX itself")
    if not 1 <= version <= MAX_OPSET:
        raise _refused(f"it names version {version} of the operations, which does not exist")


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
    """Yield the fields of a message: a number, or where its bytes begin and end."""
    place = start
    while place < end:
        if data[place] == _INT_KEY:
            run = _INTS.match(data, place, end)
            if run is not None:
                place = run.end()
                continue
        number, value, place = _field(data, place, end)
        if number:
            yield number, value


def _field(data: bytes, place: int, end: int) -> tuple[int, int | tuple[int, int], int]:
    """Return number and value of a field, and where the next one begins; number 0 for a run of floats."""
    if data[place] == _FLOAT_KEY:
        run = _FLOATS.match(data, place, end)
        if run is not None:
            return 0, 0, run.end()
    key, place = _varint(data, place, end)
    number, wire = key >> 3, key & 7
    if wire == _VARINT:
        value, place = _varint(data, place, end)
        return number, value, place
    if wire == _BYTES:
        size, place = _varint(data, place, end)
    elif wire in {_FIXED32, _FIXED64}:
        size = 4 if wire == _FIXED32 else 8
    else:
        raise _refused("it is not an ONNX model, or it is damaged")
    if not number or size > end - place:
        raise _refused("it is cut off or damaged")
    return number, (place, place + size), place + size


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    value = shift = 0
    for at in range(place, min(end, place + _MAX_VARINT_BYTES)):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
            return value, at + 1
        shift += 7
    raise _refused("it is cut off or damaged")


def _span(value: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(value, int):
        raise _refused("it is not an ONNX model, or it is damaged")
    return value


def _text(data: bytes, value: int | tuple[int, int]) -> str:
    start, end = _span(value)
    return data[start:end].decode("utf-8", "replace")


def _refused(why: str) -> ModelInvalid:
    return ModelInvalid(why)
