"""How old a payee is at the time of the payment."""

from __future__ import annotations

from satark.core.clock import MICROS_PER_DAY
from satark.events.facts import FactType
from satark.events.signals import Signal


def payee_age_days(occurred_us: int | None, added_us: int | None) -> float | None:
    """Return days since this customer added the payee (0 when in the future), or None when not known.

    Examples
    --------
    >>> payee_age_days(2 * 86_400_000_000, 43_200_000_000)
    1.5
    """
    if occurred_us is None or added_us is None:
        return None
    return max(0, occurred_us - added_us) / MICROS_PER_DAY


SIGNAL = Signal(
    name="payee_age_days",
    type=FactType.FLOAT,
    inputs=("occurred_at", "payee_added_at"),
    compute=payee_age_days,
    about="how old a payee is at the time of the payment",
)
