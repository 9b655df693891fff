"""How near two names lie in the graph of past payments: a table in a model file, and the look into it.

Two names are near when those that one of them pays with also pay with the other: a customer and a merchant where people
like this customer buy, a card and a device of the same circle. `satark.models.training.graph` makes the table.

The table holds no names, only 64 bits of a hash of each; whoever has a model file can still try names against it.
Coordinates are whole numbers from -127 to 127, so that one look and many give the same to the last bit everywhere.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import mul
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

LONGEST = 127
"""The length of each name's vector, but for rounding."""
MAX_NAMES = 200_000
"""Per side of one table: at 16 dimensions 5 MB in the file and in memory."""
MAX_DIMENSIONS = 64
MAX_TABLES = 4
KEY_BYTES = 8


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names of one fact.

    Attributes
    ----------
    keys
        Their `key_of`, ascending, 8 bytes each, little-endian.
    vectors
        Their coordinates in the order of the keys, one signed byte each.
    """

    keys: bytes
    vectors: bytes


class EmbeddingTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model file holds of a graph between the texts of two facts.

    Attributes
    ----------
    fact, partner
        The facts.
    dimensions
        Coordinates of each name.
    names, partners
        Where the texts of `fact` and of `partner` lie.
    """

    fact: str
    partner: str
    dimensions: int
    names: Side
    partners: Side


@dataclass(frozen=True, slots=True)
class Embedding:
    """A table that was checked, ready to look into. Safe to use from several threads at once.

    Attributes
    ----------
    table
        As it stands in the file.
    """

    table: EmbeddingTable
    _sides: tuple[_OpenSide, _OpenSide] = field(repr=False)

    @property
    def pair(self) -> tuple[str, str]:
        """The two facts."""
        return self.table.fact, self.table.partner

    @property
    def names(self) -> int:
        """How many names of the first fact have a place."""
        return len(self._sides[0].keys)

    @property
    def partners(self) -> int:
        """How many of the second."""
        return len(self._sides[1].keys)

    def one(self, name: str | None, partner: str | None) -> float | None:
        """Return how near two names lie, about -1 to 1; None when one of them was seen too rarely to tell."""
        a, b = self._sides[0].vector(name), self._sides[1].vector(partner)
        return None if a is None or b is None else sum(map(mul, a, b)) / LONGEST**2

    def many(self, names: pl.Series, partners: pl.Series) -> NDArray[np.float64]:
        """Return the same for many pairs, shape (n,); NaN stands for None."""
        a, b = self._sides[0].rows(names), self._sides[1].rows(partners)
        known = (a >= 0) & (b >= 0)
        near = np.full(len(names), np.nan)
        products = self._sides[0].matrix[a[known]].astype(np.int64) * self._sides[1].matrix[b[known]]
        near[known] = products.sum(axis=1) / LONGEST**2
        return near


@dataclass(frozen=True, slots=True)
class _OpenSide:
    keys: NDArray[np.uint64]
    matrix: NDArray[np.int8]
    _key_view: memoryview
    _bytes: memoryview

    def vector(self, name: str | None) -> Sequence[int] | None:
        if name is None:
            return None
        key, keys = key_of(name), self._key_view
        row = bisect_left(keys, key)
        if row == len(keys) or keys[row] != key:
            return None
        width = self.matrix.shape[1]
        return self._bytes[row * width : (row + 1) * width]

    def rows(self, names: pl.Series) -> NDArray[np.int64]:
        """Return the row of each name, shape (n,); -1 for those that are not there."""
        texts = names.unique().drop_nulls()
        keys = np.array([key_of(text) for text in texts], dtype=np.uint64)
        found = np.searchsorted(self.keys, keys)
        inside = np.minimum(found, len(self.keys) - 1)
        rows = np.where(self.keys[inside] == keys, inside, -1)
        return names.replace_strict(texts, rows, default=-1).fill_null(-1).to_numpy().astype(np.int64)


def key_of(name: str) -> int:
    """Return what stands for a name in a table: 64 bits of its BLAKE2b.

    Examples
    --------
    >>> key_of("mer_1") == key_of("mer_1"), key_of("mer_1") == key_of("mer_2")
    (True, False)
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=KEY_BYTES).digest(), "little")


def open_embedding(table: EmbeddingTable) -> Embedding:
    """Check a table and make it ready to look into.

    Raises
    ------
    ModelInvalid
        Something about it is wrong.
    """
    what = f"its table of {table.fact[:40]} and {table.partner[:40]}"
    if not 1 <= table.dimensions <= MAX_DIMENSIONS:
        raise ModelInvalid(f"{what} has {table.dimensions} dimensions; 1 to {MAX_DIMENSIONS} are possible")
    return Embedding(table, (_open(table.names, table, what), _open(table.partners, table, what)))


def _open(side: Side, table: EmbeddingTable, what: str) -> _OpenSide:
    n, rest = divmod(len(side.keys), KEY_BYTES)
    if rest or not 1 <= n <= MAX_NAMES or len(side.vectors) != n * table.dimensions:
        raise ModelInvalid(f"{what} is cut off or too large")
    keys = np.frombuffer(side.keys, dtype="<u8").astype(np.uint64)
    if (keys[1:] <= keys[:-1]).any():
        raise ModelInvalid(f"{what} is not in order")
    matrix = np.frombuffer(side.vectors, dtype=np.int8).reshape(n, table.dimensions)
    return _OpenSide(keys, matrix, memoryview(keys.tobytes()).cast("Q"), memoryview(side.vectors).cast("b"))
