"""Shares with their 95 % intervals (Wilson 1927), also of weighted counts."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from satark.decisions.backtest.result import Share

_Z = 1.959963984540054


class Weighted(NamedTuple):
    """The sum of some weights and of their squares; of weights of 1 both are the count."""

    total: float
    squares: float

    def __add__(self, other: object) -> Weighted:
        """Add two groups."""
        if not isinstance(other, Weighted):
            return NotImplemented
        return Weighted(self.total + other.total, self.squares + other.squares)


NOTHING = Weighted(0.0, 0.0)


def share(part: Weighted, whole: Weighted) -> Share:
    """Return a share with the interval of as many payments as the weights are worth (Kish's effective size).

    Examples
    --------
    >>> found = share(Weighted(8, 8), Weighted(10, 10))
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.8, 0.49, 0.943)
    >>> share(NOTHING, NOTHING).value is None
    True
    """
    if whole.total <= 0 or whole.squares <= 0:
        return Share(part.total, whole.total, None, None, None)
    p = min(1.0, part.total / whole.total)
    n = whole.total**2 / whole.squares
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return Share(part.total, whole.total, p, max(0.0, middle - half), min(1.0, middle + half))
