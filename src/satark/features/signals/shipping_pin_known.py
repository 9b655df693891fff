"""Whether the PIN code of the shipping address exists."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import pin_is_known


def shipping_pin_known(shipping_pin: str | None) -> bool | None:
    """Return whether India Post's directory holds the PIN code, or None when there is none.

    Examples
    --------
    >>> shipping_pin_known("110001"), shipping_pin_known("999999")
    (True, False)
    """
    return None if shipping_pin is None else pin_is_known(shipping_pin)


SIGNAL = Signal(
    name="shipping_pin_known",
    type=FactType.BOOL,
    inputs=("shipping_pin",),
    compute=shipping_pin_known,
    about="whether the PIN code of the shipping address exists",
)
