"""What an artefact of kind `onnx` or `sklearn` carries: the foreign file as it was, and how it is spoken to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.core.errors import ModelInvalid
from satark.models.adapters.formats import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PAYLOAD_FORMAT = 1


class AdapterPayload(msgspec.Struct, frozen=True, array_like=True):
    """The payload of an adapter's artefact.

    Attributes
    ----------
    format
        `PAYLOAD_FORMAT`.
    model
        The foreign file, byte for byte.
    missing
        What each input is given where its value is null; None: not a number (NaN).
    positive
        Whose probability is the answer: a class of the model, or the place of a column.
    output
        The name of an ONNX output; empty: the only one that fits.
    probability
        The output is a probability; otherwise a raw score.
    falls
        A smaller score is the riskier one.
    blocks
        Rows may be scored together: no operation of this model mixes or reorders sums by how many rows there are, so
        that the result is bit for bit that of one row alone.
    library
        Name and version that wrote or tried it.
    """

    format: int
    model: bytes
    missing: tuple[float | None, ...]
    positive: int | str | None
    output: str
    probability: bool
    falls: bool
    blocks: bool
    library: str


_DECODER = msgspec.msgpack.Decoder(AdapterPayload)


def encode_payload(payload: AdapterPayload) -> bytes:
    """Return the bytes that the artefact keeps."""
    return msgspec.msgpack.encode(payload)


def decode_payload(data: bytes, *, inputs: int) -> AdapterPayload:
    """Read a payload.

    Parameters
    ----------
    inputs
        How many inputs the artefact's head declares.

    Raises
    ------
    ModelInvalid
        It is damaged, of another version, or speaks of another number of inputs.
    """
    try:
        payload = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelInvalid(f"its payload cannot be read ({type(error).__name__})") from None
    if payload.format != PAYLOAD_FORMAT:
        message = f"its payload has version {payload.format}, and this Satark reads {PAYLOAD_FORMAT}"
        raise ModelInvalid(message)
    if len(payload.missing) != inputs:
        raise ModelInvalid(f"its payload has {len(payload.missing)} inputs and its head {inputs}")
    if any(value is not None and not math.isfinite(value) for value in payload.missing):
        raise ModelInvalid("a value for what is missing is not a finite number")
    if len(payload.model) > MAX_FILE_BYTES:
        raise ModelInvalid(f"the model in it is larger than {MAX_FILE_BYTES} bytes")
    return payload


class Filler:
    """Puts the declared values where something is missing.

    Parameters
    ----------
    missing
        Per input; None leaves NaN.
    """

    def __init__(self, missing: tuple[float | None, ...]) -> None:
        self._values: NDArray[np.float64] = np.array(
            [math.nan if value is None else value for value in missing], dtype=np.float64
        )
        self._some = bool(np.isfinite(self._values).any())

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows (k, n) with null (NaN) replaced; the rows given are left as they are."""
        if not self._some:
            return rows
        return np.where(np.isnan(rows), self._values, rows)


def as_row(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return the inputs of one event as a row, shape (1, n); null is NaN."""
    return np.array([values], dtype=np.float64)
