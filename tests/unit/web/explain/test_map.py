from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from satark import web
from satark.features.geo import distance_km, pin_place
from satark.web.decision.places import HEIGHT, WIDTH, Fence, Spot, draw
from satark.web.decision.sheet import (
    OUTLINE_NORTH_KM,
    OUTLINE_UNITS_PER_KM,
    OUTLINE_WEST_KM,
    conic,
)

FOLDER = Path(web.__file__).parent
DELHI, MUMBAI, PUNE, LONDON = (28.6139, 77.2090), (19.0760, 72.8777), (18.5204, 73.8567), (51.5074, -0.1278)


def test_nothing_is_drawn_when_no_place_is_known():
    assert draw([]) is None


@pytest.mark.parametrize("other", [MUMBAI, PUNE, LONDON, (-33.9, 18.4), DELHI])
def test_every_place_is_on_the_sheet_when_drawn(other):
    sheet = draw([Spot("device", *DELHI), Spot("before", *other)], [Fence("device", *DELHI, 50.0, "far")])
    for mark in sheet.marks:
        assert 20 <= mark.x <= WIDTH - 20
        assert 20 <= mark.y <= HEIGHT - 20


def test_north_is_up_and_east_is_right_when_drawn():
    delhi, mumbai = draw([Spot("device", *DELHI), Spot("billing", *MUMBAI)]).marks
    assert delhi.y < mumbai.y
    assert delhi.x > mumbai.x


def test_lengths_on_the_sheet_are_true_when_compared_with_the_globe():
    sheet = draw([Spot("device", *DELHI), Spot("before", *MUMBAI)])
    width, km = sheet.bar
    (way,) = sheet.ways
    drawn = ((way.x1 - way.x2) ** 2 + (way.y1 - way.y2) ** 2) ** 0.5 * km / width
    assert drawn == pytest.approx(distance_km(*DELHI, *MUMBAI), rel=0.04)
    assert sheet.rows[1].km == pytest.approx(distance_km(*DELHI, *MUMBAI))


def test_fence_is_as_wide_as_its_limit_when_drawn():
    sheet = draw([Spot("billing", *PUNE)], [Fence("billing", *PUNE, 30.0, "far")])
    width, km = sheet.bar
    assert sheet.rings[0].radius * km / width == pytest.approx(30.0, rel=0.02)


def test_outline_is_left_out_when_it_would_mislead():
    assert draw([Spot("device", *DELHI), Spot("billing", *MUMBAI)]).outline is not None
    assert draw([Spot("device", *DELHI)]).outline is None
    abroad = draw([Spot("device", *LONDON)])
    assert (abroad.outline, abroad.ground) == (None, "")


def test_page_stays_small_when_the_whole_country_is_drawn():
    sheet = draw([Spot("device", 34.1, 77.6), Spot("billing", 8.1, 77.5), Spot("before", 28.0, 97.0)])
    assert 400 < sheet.ground.count("M") <= 1_900
    assert len(sheet.ground) < 24_000


def test_outline_is_that_of_the_dashboard_when_compared():
    states = json.loads((FOLDER / "dashboard" / "data" / "india.json").read_text("ascii"))["states"]
    outline = (FOLDER / "static" / "india-outline.svg").read_text("ascii")
    assert re.search(r' d="([^"]+)"', outline)[1] == "".join(states[code] for code in sorted(states))


def test_cities_lie_within_the_country_when_projected():
    states = json.loads((FOLDER / "dashboard" / "data" / "india.json").read_text("ascii"))["states"]
    places = {
        "LA": "194101", "JK": "190001", "GJ": "380001", "RJ": "302001", "KL": "695001", "TN": "600001", "AS": "781001",
        "MH": "411001", "UP": "226001", "WB": "700001", "KA": "560001", "BR": "800001", "AR": "791111",
    }  # fmt: skip
    for code, pin in places.items():
        x, y = conic(*pin_place(pin))
        at = ((x - OUTLINE_WEST_KM) * OUTLINE_UNITS_PER_KM, (OUTLINE_NORTH_KM - y) * OUTLINE_UNITS_PER_KM)
        assert _inside(states[code], *at), code


def _inside(path, x, y):
    """Tell whether a point lies within the rings of a path, by counting the edges to its right."""
    found = False
    for ring in re.findall(r"M([^M]+)z", path):
        head, _, rest = ring.partition("l")
        points = [tuple(map(float, head.split()))]
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", rest)]
        for place in range(0, len(numbers) - 1, 2):
            points.append((points[-1][0] + numbers[place], points[-1][1] + numbers[place + 1]))
        for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                found = not found
    return found
