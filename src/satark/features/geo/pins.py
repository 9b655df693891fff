"""Where an Indian PIN code lies, from a file that ships with Satark (no network, no database).

A PIN code has six digits; the first three name the sorting district. A PIN that the file does not know (a new
one) is answered with the middle of its sorting district, which is coarse (some 50 km) but of the right size
for the rules that ask whether two addresses are in different parts of the country.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PIN_DIGITS = 6
PREFIX_DIGITS = 3

Place = tuple[float, float]
"""Latitude and longitude in degrees, WGS 84."""


def pin_place(pin: str) -> Place | None:
    """Return where a PIN code lies, or None when neither it nor its sorting district is known.

    Examples
    --------
    >>> lat, lon = pin_place("110001")
    >>> round(lat, 1), round(lon, 1)
    (28.6, 77.2)
    >>> pin_place("000000") is None
    True
    """
    places = _places()
    place = places.get(pin)
    if place is None and len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit():
        place = places.get(pin[:PREFIX_DIGITS])
    return place


def pin_is_known(pin: str) -> bool:
    """Tell whether the PIN code itself is in the directory."""
    return len(pin) == PIN_DIGITS and pin in _places()


def every_place() -> Iterator[Place]:
    """Return the place of each PIN code that has one: where India is lived in, for a map.

    Examples
    --------
    >>> sum(1 for _ in every_place()) > 10_000
    True
    """
    return (place for _, place in placed_pins())


def placed_pins() -> Iterator[tuple[str, Place]]:
    """Return each PIN code whose place is known, with its place."""
    return ((pin, place) for pin, place in _places().items() if place is not None and len(pin) == PIN_DIGITS)


@cache
def _places() -> dict[str, Place | None]:
    """Read the file once: the places of all PINs and, under three digits, of all sorting districts."""
    raw = files("satark.features.geo").joinpath("data", "pin_coordinates.csv.gz").read_bytes()
    places: dict[str, Place | None] = {}
    districts: dict[str, list[Place]] = {}
    for line in gzip.decompress(raw).decode("ascii").splitlines():
        pin, lat, lon = line.split(",")
        if not lat:
            places[pin] = None
            continue
        place = (float(lat), float(lon))
        places[pin] = place
        districts.setdefault(pin[:PREFIX_DIGITS], []).append(place)
    for prefix, members in districts.items():
        places[prefix] = (median(lat for lat, _ in members), median(lon for _, lon in members))
    return places
