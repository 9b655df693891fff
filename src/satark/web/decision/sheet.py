"""How places of the globe come onto a flat sheet: within India as the country's own maps draw it, elsewhere simply.

Within India this is the Lambert conformal conic projection of the national spatial framework (EPSG:7755), the one in
which `static/india-outline.svg` was derived, so that the outline and the places fit. Elsewhere a degree of longitude is
as long as it is in the middle of the view (equirectangular).
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from satark.features.geo import every_place

KM_PER_DEGREE = 111.195
OUTLINE_WEST_KM = -1186.6
OUTLINE_NORTH_KM = 1448.1
OUTLINE_UNITS_PER_KM = 0.20913
"""Where the outline's zero lies and how long its unit is: fitted to the extreme points of the country, so that the
PIN codes lie in their states."""
OUTLINE_BOX = (-4.0, -4.0, 608.0, 692.0)
"""The view box of the outline."""
_SOUTH, _NORTH, _WEST, _EAST = 5.0, 38.5, 66.0, 99.5
_AXIS_KM = 6378.137
_ECCENTRICITY = 0.0818191908426
_PARALLELS = (12.472955, 35.1728044444444)
_CENTRE = (24.0, 80.0)


class Point(NamedTuple):
    """A place on the sheet in kilometres, eastwards and northwards."""

    x: float
    y: float


def is_home(lat: float, lon: float) -> bool:
    """Tell whether a place is in or near India.

    Examples
    --------
    >>> is_home(28.6, 77.2), is_home(51.5, -0.1)
    (True, False)
    """
    return _SOUTH <= lat <= _NORTH and _WEST <= lon <= _EAST


def conic(lat: float, lon: float) -> Point:
    """Return a place by the conic projection.

    Examples
    --------
    >>> conic(24.0, 80.0), [round(number) for number in conic(8.08, 77.55)]
    (Point(x=0.0, y=0.0), [-275, -1747])
    """
    cone, factor, centre = _cone()
    radius = _AXIS_KM * factor * _t(math.radians(lat)) ** cone
    turn = cone * math.radians(lon - _CENTRE[1])
    return Point(radius * math.sin(turn), centre - radius * math.cos(turn))


def flat(lat: float, lon: float, middle: float) -> Point:
    """Return a place as on a flat sheet whose middle has a latitude."""
    squeeze = max(0.1, math.cos(math.radians(middle)))
    return Point(lon * KM_PER_DEGREE * squeeze, lat * KM_PER_DEGREE)


@cache
def ground(cell_km: float) -> tuple[Point, ...]:
    """Return the middles of the cells of the sheet in which a PIN code lies."""
    cells = {(math.floor(x / cell_km), math.floor(y / cell_km)) for x, y in _pins()}
    return tuple(sorted(Point((x + 0.5) * cell_km, (y + 0.5) * cell_km) for x, y in cells))


@cache
def _pins() -> tuple[Point, ...]:
    return tuple(conic(lat, lon) for lat, lon in every_place())


@cache
def _cone() -> tuple[float, float, float]:
    """Return the constants of the projection (Snyder, Map projections, 1987, equations 15-1 to 15-9)."""
    one, other = (math.radians(degrees) for degrees in _PARALLELS)
    cone = (math.log(_m(one)) - math.log(_m(other))) / (math.log(_t(one)) - math.log(_t(other)))
    factor = _m(one) / (cone * _t(one) ** cone)
    return cone, factor, _AXIS_KM * factor * _t(math.radians(_CENTRE[0])) ** cone


def _m(latitude: float) -> float:
    return math.cos(latitude) / math.sqrt(1 - (_ECCENTRICITY * math.sin(latitude)) ** 2)


def _t(latitude: float) -> float:
    sine = _ECCENTRICITY * math.sin(latitude)
    return math.tan(math.pi / 4 - latitude / 2) / math.pow((1 - sine) / (1 + sine), _ECCENTRICITY / 2)
