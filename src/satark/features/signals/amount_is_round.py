"""Whether an amount is a whole number of thousands of rupees, as people asked to pay one often send."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal

ROUND_MINOR = 1_000_00


def amount_is_round(amount: int | None) -> bool | None:
    """Return whether the amount is positive and a multiple of ₹1,000 (in minor units of the base currency).

    Examples
    --------
    >>> amount_is_round(5_000_00), amount_is_round(4_999_00)
    (True, False)
    """
    return None if amount is None else amount > 0 and amount % ROUND_MINOR == 0


SIGNAL = Signal(
    name="amount_is_round",
    type=FactType.BOOL,
    inputs=("amount",),
    compute=amount_is_round,
    about="whether an amount is a whole number of thousands of rupees, as people asked to pay one often send",
)
