"""Tell what a file from outside is, before anything of it is read; refuse by name what could run code.

The first bytes decide and never the name of the file, which anybody can change.
"""

from __future__ import annotations

import re
from typing import Final

from satark.core.errors import ModelInvalid

FORMATS: Final = ("onnx", "sklearn")
MAX_FILE_BYTES: Final = 112 << 20
"""Of a file from outside; what is made of it must fit into an artefact (`satark.models.artefact.MAX_FILE_BYTES`)."""

_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"x\x9c": "zlib",
    b"x\xda": "zlib",
    b"x\x01": "zlib",
    b"x^": "zlib",
}
# Protocols 2 to 5 begin with PROTO; 0 and 1 have no mark of their own, so their usual first operations are looked for.
_PICKLE = re.compile(
    rb"\x80[\x02-\x05]|\(?c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|\((?:lp|dp|i)\d*\n|\]q\x00|\}q\x00"
)
_PICKLE_NAMES = ("pkl", "pickle", "joblib", "dill", "cloudpickle")
_PICKLE_DANGER = (
    "it is a pickle (or joblib) file, and such a file runs any code it likes while it is being read; "
    "save the model with skops.io.dump or convert it to ONNX"
)


def recognise(data: bytes, *, file: str) -> str:
    r"""Return which of `FORMATS` a file has.

    Parameters
    ----------
    data
        The whole file.
    file
        For messages; its ending is looked at only to refuse.

    Raises
    ------
    ModelInvalid
        It is too large, empty, of another format, or of one that can run code.

    Examples
    --------
    >>> recognise(b"PK\x03\x04...", file="model.skops")
    'sklearn'
    >>> recognise(b"\x80\x04\x95...", file="model.onnx")
    Traceback (most recent call last):
    satark.core.errors.ModelInvalid: model.onnx cannot be used: it is a pickle (or joblib) file, and ...
    """
    if len(data) > MAX_FILE_BYTES:
        raise unusable(file, f"it has {len(data)} bytes, and at most {MAX_FILE_BYTES} are read")
    if not data:
        raise unusable(file, "it is empty")
    if _PICKLE.match(data) or file.lower().rpartition(".")[2] in _PICKLE_NAMES:
        raise unusable(file, _PICKLE_DANGER)
    if data.startswith(_ZIP):
        return "sklearn"
    for mark, name in _COMPRESSED.items():
        if data.startswith(mark):
            # joblib compresses its pickles; an ONNX or skops file does not begin like this.
            raise unusable(
                file, f"it is compressed ({name}); joblib writes such files, and {_PICKLE_DANGER[6:]}"
            )
    if data.startswith(_HDF5):
        raise unusable(file, "it is a Keras (HDF5) file; convert it to ONNX")
    if data.startswith(b"SATARKM1"):
        raise unusable(file, "it is a model of Satark already; a policy can name it as it is")
    # An ONNX file is a ModelProto: its first field is the version of the format, a small number.
    if data[:1] == b"\x08" and len(data) > 1 and data[1] < 0x80:  # noqa: PLR2004 - one byte of a varint
        return "onnx"
    raise unusable(file, "it is neither ONNX nor skops; see docs/adapters.md")


def unusable(file: str, why: str, **fields: object) -> ModelInvalid:
    """Return the error for a file that cannot be used."""
    return ModelInvalid(f"{file} cannot be used: {why}", path=file, **fields)
