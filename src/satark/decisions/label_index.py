"""The labels of many payments, found again by the payments' ids a slice at a time.

Joining each slice with millions of labels would build a table of all of them every time; here they are sorted once, by
128 bits of the id's hash, and looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE, GENUINE, FRAUD = 0, 1, 2
"""The codes of labels in arrays."""
NAMES = ("", "genuine", "fraud")
_FIRST, _SECOND = 0x5A7A, 0x7A5A


class LabelIndex:
    """Labels by id.

    Parameters
    ----------
    labels
        `id` (each once) and `label` (fraud or genuine).

    Examples
    --------
    >>> index = LabelIndex(pl.DataFrame({"id": ["a", "b"], "label": ["fraud", "genuine"]}))
    >>> index.codes(pl.Series(["b", "x", "a"])).tolist(), len(index)
    ([1, 0, 2], 2)
    """

    def __init__(self, labels: pl.DataFrame) -> None:
        first = labels["id"].hash(_FIRST).to_numpy()
        order = np.argsort(first, kind="stable")
        self._first = first[order]
        self._second = labels["id"].hash(_SECOND).to_numpy()[order]
        known = np.where((labels["label"] == NAMES[FRAUD]).to_numpy(), FRAUD, GENUINE)
        self._codes = known.astype(np.uint8)[order]

    def __len__(self) -> int:
        return len(self._codes)

    def codes(self, ids: pl.Series) -> NDArray[np.uint8]:
        """Return the code of each id's label."""
        found = np.zeros(len(ids), dtype=np.uint8)
        if not len(self) or not len(ids):
            return found
        first, second = ids.hash(_FIRST).to_numpy(), ids.hash(_SECOND).to_numpy()
        places = np.searchsorted(self._first, first)
        open_rows = np.arange(len(ids))
        # Two ids may have one hash of 64 bits, so the next places are looked at while it stays the same.
        while len(open_rows):
            at = places[open_rows]
            inside = at < len(self)
            open_rows, at = open_rows[inside], at[inside]
            same = self._first[at] == first[open_rows]
            open_rows, at = open_rows[same], at[same]
            hit = self._second[at] == second[open_rows]
            found[open_rows[hit]] = self._codes[at[hit]]
            open_rows = open_rows[~hit]
            places[open_rows] += 1
        return found

    def names(self, ids: pl.Series) -> pl.Series:
        """Return the label of each id as text, null where it has none."""
        words = pl.Series("label", [None, *NAMES[1:]], dtype=pl.String)
        return words.gather(pl.Series(self.codes(ids), dtype=pl.UInt32)).alias("label")
