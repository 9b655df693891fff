"""A filter in memory that knows which ids are certainly not in the log's index.

Nearly every event is new. To ask the index for each of them costs 10 µs and, worse, lets go of the interpreter's lock
in the thread that decides. A Bloom filter (B. H. Bloom, 1970, doi:10.1145/362686.362692) answers "not there" in half a
microsecond, with two bytes an id; only what may be there, about one new id in 400, is asked for in the file.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

BITS_PER_ID = 16
PROBES = 4
SMALLEST = 1 << 16
_WORD = 0xFFFF_FFFF_FFFF_FFFF


class KnownIds:
    """Ids that have been added, as bits.

    Parameters
    ----------
    expected
        How many ids are coming; more may come, then a further, larger table is begun.

    Notes
    -----
    `add` from any thread, `may_hold` from any thread without a lock. Places come from Python's hash of a text, whose
    key is drawn anew in each process: nobody can prepare ids that all seem to be known.
    """

    def __init__(self, expected: int = 0) -> None:
        self._lock = threading.Lock()
        self._tables: tuple[tuple[bytearray, int], ...] = ()
        self._room = 0
        self._capacity = 0
        self._begin(max(expected, SMALLEST))

    def may_hold(self, owner: int, event_id: str) -> bool:
        """Return False only if this id was never added."""
        word = hash((owner, event_id)) & _WORD
        step = word >> 32 | 1
        for bits, mask in self._tables:
            at = word & mask
            for _ in range(PROBES):
                if not bits[at >> 3] >> (at & 7) & 1:
                    break
                at = at + step & mask
            else:
                return True
        return False

    def add(self, ids: Collection[tuple[int, str]]) -> None:
        """Add (owner, id) pairs."""
        if not ids:
            return
        words = np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids)).view(np.uint64)
        steps = words >> np.uint64(32) | np.uint64(1)
        with self._lock:
            if self._room < len(ids):
                self._begin(max(2 * self._capacity, len(ids)))
            self._room -= len(ids)
            bits, mask = self._tables[-1]
            table = np.frombuffer(bits, dtype=np.uint8)
            at = words & np.uint64(mask)
            for _ in range(PROBES):
                np.bitwise_or.at(
                    table,
                    (at >> np.uint64(3)).astype(np.int64),
                    np.left_shift(1, at & np.uint64(7), dtype=np.uint64).astype(np.uint8),
                )
                at = at + steps & np.uint64(mask)

    def _begin(self, capacity: int) -> None:
        n_bits = 1 << (capacity * BITS_PER_ID - 1).bit_length()
        self._capacity = self._room = capacity
        self._tables = (*self._tables, (bytearray(n_bits >> 3), n_bits - 1))
