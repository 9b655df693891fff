"""Where a payment happened, as a map in SVG: the device, both addresses, places before, and the fences that rules draw.

No map service is asked. The ground is the places of India's PIN codes, so it shows where people live and draws no
borders; degrees are drawn as on a flat sheet (equirectangular), which is true enough over one country.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from satark.features.geo import distance_km, every_place

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 640
HEIGHT = 400
KM_PER_DEGREE = 111.195
_MIN_SPAN_DEGREES = 0.25
_MARGIN = 0.16
_MAX_RADIUS = 4 * WIDTH
_MAX_DOTS = 1_800
_GRIDS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
_BAR_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_BAR_SHARE = 0.3
_METRES_PER_KM = 1_000.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map.

    Attributes
    ----------
    kind
        device, shipping, billing or before.
    note
        What the legend says besides its name, for instance when that was.
    accuracy_km
        How far off it may be; 0 when nobody says.
    """

    kind: str
    lat: float
    lon: float
    note: str = ""
    accuracy_km: float = 0.0


@dataclass(frozen=True, slots=True)
class Fence:
    """A circle that a rule draws around a place: `km` is its limit."""

    kind: str
    lat: float
    lon: float
    km: float
    code: str


class Mark(NamedTuple):
    """A numbered place on the sheet."""

    number: int
    kind: str
    x: float
    y: float


class Ring(NamedTuple):
    """A circle on the sheet; `kind` is accuracy or fence."""

    kind: str
    x: float
    y: float
    radius: float


class Way(NamedTuple):
    """A straight line between two places, and how far it is."""

    x1: float
    y1: float
    x2: float
    y2: float


class Row(NamedTuple):
    """A line of the legend: the place's number and how far it is from the first one."""

    number: int
    kind: str
    note: str
    accuracy_km: float
    km: float | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A finished map.

    Attributes
    ----------
    ground
        The path of the ground's dots, `dot` their diameter.
    bar
        (width, kilometres) of the scale.
    fences
        What the rings of rules mean, in the order of the rings.
    """

    width: int
    height: int
    ground: str
    dot: float
    marks: tuple[Mark, ...]
    rings: tuple[Ring, ...]
    ways: tuple[Way, ...]
    bar: tuple[float, int]
    rows: tuple[Row, ...]
    fences: tuple[Fence, ...]


def draw(spots: Sequence[Spot], fences: Sequence[Fence] = ()) -> Sheet | None:
    """Draw places; the first is the one that distances are told from. None when there is none.

    Places before (`before`) are joined to the first in their order, as a trail.
    """
    if not spots:
        return None
    view = _View.around(spots, fences)
    marks = tuple(
        Mark(number, spot.kind, *view.place(spot.lat, spot.lon)) for number, spot in enumerate(spots, 1)
    )
    rings = [
        Ring("accuracy", *view.place(spot.lat, spot.lon), view.radius(spot.accuracy_km))
        for spot in spots
        if view.radius(spot.accuracy_km) > 6  # noqa: PLR2004 - a smaller ring hides behind its mark
    ]
    rings += [
        Ring("fence", *view.place(fence.lat, fence.lon), min(_MAX_RADIUS, view.radius(fence.km)))
        for fence in fences
    ]
    first = spots[0]
    rows = tuple(
        Row(
            number,
            spot.kind,
            spot.note,
            spot.accuracy_km,
            None if number == 1 else distance_km(first.lat, first.lon, spot.lat, spot.lon),
        )
        for number, spot in enumerate(spots, 1)
    )
    ground, dot = view.ground()
    trail = [marks[0], *(mark for mark in marks[1:] if mark.kind == "before")]
    ways = tuple(Way(a.x, a.y, b.x, b.y) for a, b in pairwise(trail))
    return Sheet(WIDTH, HEIGHT, ground, dot, marks, tuple(rings), ways, view.bar(), rows, tuple(fences))


def metres_to_km(metres: float) -> float:
    """Return kilometres."""
    return metres / _METRES_PER_KM


@dataclass(frozen=True, slots=True)
class _View:
    """A part of the globe on the sheet: its middle, and how many points one degree of latitude takes."""

    lat: float
    lon: float
    scale: float

    @classmethod
    def around(cls, spots: Sequence[Spot], fences: Sequence[Fence]) -> _View:
        reach = [(spot.lat, spot.lon, spot.accuracy_km) for spot in spots]
        # A fence as wide as a country would make everything else a point: it may be cut off.
        reach += [(fence.lat, fence.lon, fence.km) for fence in fences if fence.km < 600]  # noqa: PLR2004
        south = min(lat - km / KM_PER_DEGREE for lat, _, km in reach)
        north = max(lat + km / KM_PER_DEGREE for lat, _, km in reach)
        middle = (south + north) / 2
        squeeze = _squeeze(middle)
        west = min(lon - km / KM_PER_DEGREE / squeeze for _, lon, km in reach)
        east = max(lon + km / KM_PER_DEGREE / squeeze for _, lon, km in reach)
        tall = max(_MIN_SPAN_DEGREES, north - south)
        wide = max(_MIN_SPAN_DEGREES, (east - west) * squeeze)
        usable = 1 - 2 * _MARGIN
        return cls(middle, (west + east) / 2, min(WIDTH * usable / wide, HEIGHT * usable / tall))

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """Return where a place lies on the sheet."""
        x = WIDTH / 2 + (lon - self.lon) * _squeeze(self.lat) * self.scale
        return round(x, 1), round(HEIGHT / 2 - (lat - self.lat) * self.scale, 1)

    def radius(self, km: float) -> float:
        """Return how long so many kilometres are on the sheet."""
        return round(km / KM_PER_DEGREE * self.scale, 1)

    def ground(self) -> tuple[str, float]:
        """Return the dots of places that people live in, as one path, and their diameter."""
        tall = HEIGHT / 2 / self.scale
        wide = WIDTH / 2 / self.scale / _squeeze(self.lat)
        grid = next((step for step in _GRIDS if 4 * tall * wide / step**2 < 4 * _MAX_DOTS), _GRIDS[-1])
        south, north, west, east = self.lat - tall, self.lat + tall, self.lon - wide, self.lon + wide
        inside = [(lat, lon) for lat, lon in _cells(grid) if south < lat < north and west < lon < east]
        across, x0 = _squeeze(self.lat) * self.scale, WIDTH / 2
        scale, y0 = self.scale, HEIGHT / 2
        dots = [
            f"M{round(x0 + (lon - self.lon) * across)} {round(y0 - (lat - self.lat) * scale)}h0"
            for lat, lon in inside[:: 1 + len(inside) // _MAX_DOTS]
        ]
        return "".join(dots), round(max(2.0, min(9.0, 0.62 * grid * scale)), 1)

    def bar(self) -> tuple[float, int]:
        """Return the longest round scale that takes less than a third of the width."""
        fitting = [km for km in _BAR_KM if self.radius(km) <= _BAR_SHARE * WIDTH]
        km = fitting[-1] if fitting else _BAR_KM[0]
        return self.radius(km), km


def _squeeze(lat: float) -> float:
    """Return how much shorter a degree of longitude is than one of latitude."""
    return max(0.1, math.cos(math.radians(lat)))


@cache
def _cells(grid: float) -> tuple[tuple[float, float], ...]:
    """Return the middles of the cells of a grid in which a PIN code lies."""
    cells = {(math.floor(lat / grid), math.floor(lon / grid)) for lat, lon in every_place()}
    return tuple(sorted(((lat + 0.5) * grid, (lon + 0.5) * grid) for lat, lon in cells))
