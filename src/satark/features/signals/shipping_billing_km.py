"""How far the shipping address is from the billing address, by their PIN codes."""

from __future__ import annotations

from functools import lru_cache

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import distance_km, pin_place


def shipping_billing_km(shipping_pin: str | None, billing_pin: str | None) -> float | None:
    """Return kilometres between the two PIN codes, or None when one is missing or unknown.

    Examples
    --------
    >>> round(shipping_billing_km("110001", "560001"), -2), shipping_billing_km("110001", "110001")
    (1700.0, 0.0)
    """
    if shipping_pin is None or billing_pin is None:
        return None
    if shipping_pin == billing_pin:
        return 0.0
    return _between(shipping_pin, billing_pin)


@lru_cache(maxsize=65_536)
def _between(one: str, other: str) -> float | None:
    there, here = pin_place(one), pin_place(other)
    return None if there is None or here is None else distance_km(*there, *here)


SIGNAL = Signal(
    name="shipping_billing_km",
    type=FactType.FLOAT,
    inputs=("shipping_pin", "billing_pin"),
    compute=shipping_billing_km,
    about="how far the shipping address is from the billing address, by their PIN codes",
)
