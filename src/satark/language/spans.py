"""Time spans as constants, in seconds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satark.language.schema import Constant


def span(number: Constant, unit_seconds: int) -> int | float:
    """Return a number of units in seconds: an int where it is whole.

    Examples
    --------
    >>> span(10, 60), span(0.5, 3_600), span(0.001, 60)
    (600, 1800, 0.06)
    """
    seconds = Decimal(str(number)) * unit_seconds
    return int(seconds) if seconds == seconds.to_integral_value() else float(seconds)
