"""Where a payment happened, as a map in SVG: the device, both addresses, places before, and the fences that rules draw.

No map service is asked. The ground is the places of India's PIN codes, so it shows where people live, under the outline
of the country and its states as the Survey of India draws them.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from satark.features.geo import distance_km
from satark.web.decision.sheet import (
    OUTLINE_BOX,
    OUTLINE_NORTH_KM,
    OUTLINE_UNITS_PER_KM,
    OUTLINE_WEST_KM,
    Point,
    conic,
    flat,
    ground,
    is_home,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 640
HEIGHT = 400
_MIN_SPAN_KM = 28.0
_MARGIN = 0.16
_MAX_RADIUS = 4 * WIDTH
_MAX_DOTS = 1_800
_GRIDS_KM = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
_FINEST_OUTLINE = 4.0
"""Points for a kilometre from which on the outline, which is true to 4.5 km, would mislead."""
_WIDE_FENCE_KM = 600.0
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


class Frame(NamedTuple):
    """Where a picture lies on the sheet."""

    x: float
    y: float
    width: float
    height: float


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
    outline
        Where the outline of the country lies, if it is drawn.
    bar
        (width, kilometres) of the scale.
    fences
        What the rings of rules mean, in the order of the rings.
    """

    width: int
    height: int
    ground: str
    dot: float
    outline: Frame | None
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
    dots, dot = view.ground()
    trail = [marks[0], *(mark for mark in marks[1:] if mark.kind == "before")]
    ways = tuple(Way(a.x, a.y, b.x, b.y) for a, b in pairwise(trail))
    return Sheet(
        WIDTH, HEIGHT, dots, dot, view.outline(), marks, tuple(rings), ways, view.bar(), rows, tuple(fences)
    )


def metres_to_km(metres: float) -> float:
    """Return kilometres."""
    return metres / _METRES_PER_KM


@dataclass(frozen=True, slots=True)
class _View:
    """A part of the globe on the sheet: its middle in kilometres, and how many points a kilometre takes."""

    home: bool
    latitude: float
    middle: Point
    scale: float

    @classmethod
    def around(cls, spots: Sequence[Spot], fences: Sequence[Fence]) -> _View:
        reach = [(spot.lat, spot.lon, spot.accuracy_km) for spot in spots]
        # A fence as wide as a country would make everything else a point: it may be cut off.
        reach += [(fence.lat, fence.lon, fence.km) for fence in fences if fence.km < _WIDE_FENCE_KM]
        home = all(is_home(lat, lon) for lat, lon, _ in reach)
        latitude = sum(lat for lat, _, _ in reach) / len(reach)
        points = [(conic(lat, lon) if home else flat(lat, lon, latitude), km) for lat, lon, km in reach]
        west, east = min(at.x - km for at, km in points), max(at.x + km for at, km in points)
        south, north = min(at.y - km for at, km in points), max(at.y + km for at, km in points)
        usable = 1 - 2 * _MARGIN
        scale = min(
            WIDTH * usable / max(_MIN_SPAN_KM, east - west),
            HEIGHT * usable / max(_MIN_SPAN_KM, north - south),
        )
        return cls(home, latitude, Point((west + east) / 2, (south + north) / 2), scale)

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """Return where a place lies on the sheet."""
        at = conic(lat, lon) if self.home else flat(lat, lon, self.latitude)
        x, y = self._on_sheet(at)
        return round(x, 1), round(y, 1)

    def radius(self, km: float) -> float:
        """Return how long so many kilometres are on the sheet."""
        return round(km * self.scale, 1)

    def outline(self) -> Frame | None:
        """Return where the outline of the country lies, None abroad and where it would be too coarse."""
        if not self.home or self.scale > _FINEST_OUTLINE:
            return None
        left, top, width, height = (number / OUTLINE_UNITS_PER_KM for number in OUTLINE_BOX)
        x, y = self._on_sheet(Point(OUTLINE_WEST_KM + left, OUTLINE_NORTH_KM - top))
        return Frame(round(x, 1), round(y, 1), round(width * self.scale, 1), round(height * self.scale, 1))

    def ground(self) -> tuple[str, float]:
        """Return the dots of places that people live in, as one path, and their diameter."""
        if not self.home:
            return "", 0.0
        wide, tall = WIDTH / 2 / self.scale, HEIGHT / 2 / self.scale
        cell_km = next((km for km in _GRIDS_KM if wide * tall / km**2 < _MAX_DOTS), _GRIDS_KM[-1])
        x0, y0 = self.middle
        cells = ground(cell_km)
        # They lie in order from west to east, so most of the country is passed over without a look.
        west, east = bisect_left(cells, (x0 - wide,)), bisect_left(cells, (x0 + wide,))
        inside = [at for at in cells[west:east] if abs(at.y - y0) < tall]
        dots = []
        for at in inside[:: 1 + len(inside) // _MAX_DOTS]:
            x, y = self._on_sheet(at)
            dots.append(f"M{round(x)} {round(y)}h0")
        return "".join(dots), round(max(2.0, min(9.0, 0.6 * cell_km * self.scale)), 1)

    def bar(self) -> tuple[float, int]:
        """Return the longest round scale that takes less than a third of the width."""
        fitting = [km for km in _BAR_KM if self.radius(km) <= _BAR_SHARE * WIDTH]
        km = fitting[-1] if fitting else _BAR_KM[0]
        return self.radius(km), km

    def _on_sheet(self, at: Point) -> tuple[float, float]:
        return (
            WIDTH / 2 + (at.x - self.middle.x) * self.scale,
            HEIGHT / 2 - (at.y - self.middle.y) * self.scale,
        )
