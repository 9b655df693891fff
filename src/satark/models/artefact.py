"""A model as a file: eight letters, a SHA-256 over the rest, a head and a compressed payload.

Nothing in it is code, and nothing is unpickled. One flipped byte is found before anything is read.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from satark.core.errors import ModelInvalid
from satark.models.calibration import complaint
from satark.models.embedding import MAX_TABLES, Embedding, EmbeddingTable, open_embedding
from satark.models.head import FORMAT, INPUT_TYPES, KINDS, MAX_INPUTS, ModelHead
from satark.models.scorer import Scorer, open_scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAGIC = b"SATARKM1"
DIGEST_BYTES = 32
MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_PAYLOAD_BYTES = 512 * 1024 * 1024


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    head: ModelHead
    payload: bytes
    tables: tuple[EmbeddingTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was read and checked, but not yet bound to a policy.

    Attributes
    ----------
    hash
        SHA-256 of the content, in hexadecimal.
    head
        What it says about itself.
    data
        The whole file.
    scorer
        Its numbers, ready to run.
    embeddings
        Where names lie, by the two facts that they are of; what inputs with a partner look into.
    """

    hash: str
    head: ModelHead
    data: bytes = field(repr=False)
    scorer: Scorer = field(repr=False)
    embeddings: Mapping[tuple[str, str], Embedding] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """As people call it."""
        return self.head.name


def write_model(head: ModelHead, payload: bytes, tables: Iterable[EmbeddingTable] = ()) -> bytes:
    """Return the bytes of a model file.

    Parameters
    ----------
    head
        What the model says about itself.
    payload
        Its numbers, as the scorer of its kind reads them.
    tables
        One for each pair of facts that an input with a partner names.
    """
    body = msgspec.msgpack.encode(_Body(head, zlib.compress(payload, 6), tuple(tables)))
    return MAGIC + hashlib.sha256(body).digest() + body


def load_model(data: bytes, *, file: str = "model") -> Model:
    """Read and check the bytes of a model file.

    Parameters
    ----------
    data
        The whole file.
    file
        How messages name it.

    Raises
    ------
    ModelInvalid
        Something about it is wrong (``file``).
    """
    model_hash, read = _body(data, file)
    unpack = zlib.decompressobj()
    try:
        payload = unpack.decompress(read.payload, MAX_PAYLOAD_BYTES)
    except zlib.error:
        raise _invalid(file, "its payload cannot be unpacked") from None
    if unpack.unconsumed_tail or not unpack.eof:
        raise _invalid(file, "its payload is too large or cut off")
    try:
        scorer = open_scorer(payload, read.head)
        embeddings = _open_tables(read)
    except ModelInvalid as error:
        raise _invalid(file, error.message) from None
    return Model(model_hash, read.head, data, scorer, embeddings)


def read_head(data: bytes, *, file: str = "model") -> tuple[str, ModelHead]:
    """Return the hash of a model file and what it says about itself, without making its numbers ready to run.

    Raises
    ------
    ModelInvalid
        The file is damaged, or of another format (``file``).
    """
    model_hash, read = _body(data, file)
    return model_hash, read.head


def _body(data: bytes, file: str) -> tuple[str, _Body]:
    """Hold a file against its checksum, and return its hash and its checked content."""
    start = len(MAGIC) + DIGEST_BYTES
    if len(data) > MAX_FILE_BYTES:
        raise _invalid(file, f"it has more than {MAX_FILE_BYTES // 1024 // 1024} MiB")
    if not data.startswith(MAGIC) or len(data) <= start:
        raise _invalid(file, "it is not a model file of Satark")
    digest, body = data[len(MAGIC) : start], data[start:]
    if not hmac.compare_digest(digest, hashlib.sha256(body).digest()):
        raise _invalid(file, "it is damaged: its content does not fit its checksum")
    try:
        read = msgspec.msgpack.decode(body, type=_Body)
    except msgspec.MsgspecError as error:
        raise _invalid(file, f"its head cannot be read: {error}") from None
    _check(read.head, file)
    return digest.hex(), read


def read_model(path: Path) -> Model:
    """Read and check a model file.

    Raises
    ------
    ModelInvalid
        It cannot be read, or something about it is wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _invalid(str(path), f"it cannot be read: {error.strerror}") from None
    return load_model(data, file=str(path))


def _check(head: ModelHead, file: str) -> None:
    if head.format != FORMAT:
        raise _invalid(file, f"it has the format {head.format}; this version of Satark reads {FORMAT}")
    if head.kind not in KINDS:
        raise _invalid(file, f"it is of an unknown kind, {head.kind[:40]!r}")
    if not 1 <= len(head.inputs) <= MAX_INPUTS:
        raise _invalid(file, f"it has {len(head.inputs)} inputs; 1 to {MAX_INPUTS} are possible")
    if len({one.name for one in head.inputs}) < len(head.inputs):
        raise _invalid(file, "two of its inputs have one name")
    for one in head.inputs:
        if one.type not in INPUT_TYPES:
            raise _invalid(file, f"its input {one.name} is of an unknown type, {one.type[:40]!r}")
        if one.partner and (one.type != "str" or one.categories):
            raise _invalid(file, f"its input {one.name} has a partner but is no name")
    wrong = complaint(head.calibration)
    if wrong is not None:
        raise _invalid(file, f"its calibration cannot be used: {wrong}")


def _open_tables(read: _Body) -> dict[tuple[str, str], Embedding]:
    """Return the tables of a file by their pair; there is one for each pair that an input names, and no other."""
    if len(read.tables) > MAX_TABLES:
        raise ModelInvalid(f"it has {len(read.tables)} tables; {MAX_TABLES} are possible")
    embeddings = {one.pair: one for one in map(open_embedding, read.tables)}
    wanted = {(one.source, one.partner) for one in read.head.inputs if one.partner}
    if wanted != embeddings.keys() or len(embeddings) < len(read.tables):
        raise ModelInvalid("its tables are not those that its inputs look into")
    return embeddings


def _invalid(file: str, reason: str) -> ModelInvalid:
    return ModelInvalid(f"the model {file} cannot be used: {reason}", file=file)
