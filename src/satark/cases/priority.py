"""How urgent an alert is: what is at risk, times how likely it is to be fraud."""

from __future__ import annotations

MINOR_UNITS = 100


def priority_of(amount_minor: int, score: float) -> float:
    """Return rupees at risk times score, to two places.

    Examples
    --------
    >>> priority_of(1_250_000, 0.82), priority_of(0, 1.0)
    (10250.0, 0.0)
    """
    return round(amount_minor / MINOR_UNITS * score, 2)
