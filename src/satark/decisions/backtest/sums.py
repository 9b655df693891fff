"""Exact sums by group over arrays: counts and amounts of millions of payments, without a float losing a paisa."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PART = 1_000_000
"""Amounts are summed in two parts of at most 10**9 and 10**6, whose sums over a slice a double holds exactly."""


def exact_sums(groups: NDArray[np.integer], amounts: NDArray[np.int64], size: int) -> NDArray[np.object_]:
    """Return the sum of the amounts of each group, as Python integers of any size.

    Parameters
    ----------
    groups
        Shape (n,): from 0 to `size` - 1; n at most a few million.
    amounts
        Shape (n,): up to 10**15 each.

    Examples
    --------
    >>> exact_sums(np.array([1, 1, 0]), np.array([10**15, 7, 5]), 3).tolist()
    [5, 1000000000000007, 0]
    """
    high = np.bincount(groups, weights=amounts // _PART, minlength=size)
    low = np.bincount(groups, weights=amounts % _PART, minlength=size)
    sums: NDArray[np.object_] = high.astype(np.int64).astype(object)
    sums *= _PART
    sums += low.astype(np.int64).astype(object)
    return sums


def exact_sum(amounts: NDArray[np.int64]) -> int:
    """Return the sum of amounts as a Python integer.

    Examples
    --------
    >>> exact_sum(np.full(20, 10**18))
    20000000000000000000
    """
    return int((amounts // _PART).sum()) * _PART + int((amounts % _PART).sum())
