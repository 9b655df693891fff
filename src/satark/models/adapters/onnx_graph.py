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

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NODES: Final = 10_000
MAX_OPSET: Final = 1_000
DOMAINS: Final = frozenset({"", "ai.onnx", "ai.onnx.ml"})

EXACT: Final = frozenset(
    {
        "ArrayFeatureExtractor", "Cast", "Concat", "Constant", "Identity", "Imputer", "Reshape", "Scaler", "Slice",
        "Split", "Squeeze", "TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor", "Unsqueeze", "ZipMap",
    }
)  # fmt: skip
"""Operations whose result for a row does not depend, not even in the last bit, on the rows beside it."""

ALLOWED: Final = EXACT | frozenset(
    {
        "Abs", "Add", "And", "ArgMax", "ArgMin", "BatchNormalization", "Binarizer", "CastLike", "Ceil", "Clip", "Div",
        "Elu", "Equal", "Erf", "Exp", "FeatureVectorizer", "Flatten", "Floor", "Gather", "GatherElements", "Gelu",
        "Gemm", "Greater", "GreaterOrEqual", "HardSigmoid", "IsInf", "IsNaN", "LabelEncoder", "LayerNormalization",
        "LeakyRelu", "Less", "LessOrEqual", "LinearClassifier", "LinearRegressor", "Log", "LogSoftmax", "MatMul", "Max",
        "Mean", "Min", "Mod", "Mul", "Neg", "Normalizer", "Not", "OneHotEncoder", "Or", "PRelu", "Pow", "Reciprocal",
        "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare", "Relu", "Round", "SVMClassifier",
        "SVMRegressor", "Selu", "Shape", "Sigmoid", "Sign", "Softmax", "Softplus", "Softsign", "Sqrt", "Sub", "Sum",
        "Tanh", "ThresholdedRelu", "Transpose", "Where", "Xor",
    }
)  # fmt: skip
"""What may occur at all. Not among them: what holds a graph of its own, is random, or makes large tensors of small."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
# Attributes of trees hold hundreds of thousands of single numbers; runs of them are stepped over in one go.
_INTS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+")
_FLOATS = re.compile(rb"(?:\x3d[\x00-\xff]{4})+")


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """What was found.

    Attributes
    ----------
    operations
        The names of the operations, each once.
    nodes
        How many there are.
    producer
        Who wrote the file, as it says itself.
    """

    operations: frozenset[str]
    nodes: int
    producer: str

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
    graphs = nodes = 0
    producer = ""
    operations: set[str] = set()
    for number, value in _fields(data, 0, len(data)):
        match number:
            case 2:
                producer = _text(data, value)[:60]
            case 7:
                graphs += 1
                for operation in _graph(data, _span(value)):
                    operations.add(operation)
                    nodes += 1
            case 8:
                _operator_set(data, _span(value))
            case 20:
                raise _refused("it carries a training graph")
            case 25:
                raise _refused("it defines functions of its own")
    if graphs != 1 or not nodes:
        raise _refused("it is not an ONNX model: it holds no graph of operations")
    return OnnxGraph(frozenset(operations), nodes, producer)


def _graph(data: bytes, span: tuple[int, int]) -> Iterator[str]:
    nodes = 0
    for number, value in _fields(data, *span):
        match number:
            case 1:
                nodes += 1
                if nodes > MAX_NODES:
                    raise _refused(f"it has more than {MAX_NODES} operations")
                yield _node(data, _span(value))
            case 5:
                _tensor(data, _span(value))
            case 15:
                raise _refused("it has sparse tensors, which are not read")


def _node(data: bytes, span: tuple[int, int]) -> str:
    operation = domain = ""
    for number, value in _fields(data, *span):
        match number:
            case 4:
                operation = _text(data, value)
            case 5:
                _attribute(data, _span(value))
            case 7:
                domain = _text(data, value)
    if domain not in DOMAINS:
        raise _refused(f"its operation {operation[:60]!r} comes from {domain[:60]!r}, not from ONNX itself")
    if operation not in ALLOWED:
        raise _refused(f"its operation {operation[:60]!r} is not among those that are allowed")
    return operation


def _attribute(data: bytes, span: tuple[int, int]) -> None:
    for number, value in _fields(data, *span):
        match number:
            case 5 | 10:
                _tensor(data, _span(value))
            case 6 | 11:
                raise _refused("it holds a graph within a graph (a loop or a branch)")
            case 22 | 23:
                raise _refused("it has sparse tensors, which are not read")


def _tensor(data: bytes, span: tuple[int, int]) -> None:
    for number, value in _fields(data, *span):
        # `external_data` names a file, `data_location` says that it is to be read.
        if number == 13 or (number == 14 and value != 0):  # noqa: PLR2004 - numbers of fields
            raise _refused("its numbers lie in another file; save it as one file")


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
        lead = data[place]
        if lead in {0x3D, 0x40}:
            run = (_FLOATS if lead == 0x3D else _INTS).match(data, place, end)  # noqa: PLR2004 - as above
            if run is not None:
                place = run.end()
                continue
        key, place = _varint(data, place, end)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(data, place, end)
            yield number, value
            continue
        if wire == _BYTES:
            size, place = _varint(data, place, end)
        elif wire == _FIXED64:
            size = 8
        elif wire == _FIXED32:
            size = 4
        else:
            raise _refused("it is not an ONNX model, or it is damaged")
        if size > end - place:
            raise _refused("it is cut off or damaged")
        yield number, (place, place + size)
        place += size


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
