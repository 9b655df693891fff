"""How far the shipping address is from where the buyer's device says it is."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import distance_km, pin_place

METRES_PER_KM = 1000.0


def shipping_location_km(
    shipping_pin: str | None, location: tuple[float, float, float] | None
) -> float | None:
    """Return kilometres from the PIN code to the edge of the circle in which the device is, never below 0.

    Examples
    --------
    >>> shipping_location_km("110001", (28.62, 77.21, 5000.0))
    0.0
    """
    if shipping_pin is None or location is None:
        return None
    place = pin_place(shipping_pin)
    if place is None:
        return None
    lat, lon, accuracy_m = location
    return max(0.0, distance_km(*place, lat, lon) - accuracy_m / METRES_PER_KM)


SIGNAL = Signal(
    name="shipping_location_km",
    type=FactType.FLOAT,
    inputs=("shipping_pin", "location"),
    compute=shipping_location_km,
    about="how far the shipping address is from where the buyer's device says it is",
)
