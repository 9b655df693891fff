from __future__ import annotations

import re

import pytest
from tests.support.console import HOUR_US, NOW_US

from satark.features.geo import STATES
from satark.web.dashboard.india import india_map

HELD = {"features": (9, 50_000, None, 1, False)}


@pytest.fixture
def busy(world):
    world.pay(at_us=NOW_US - HOUR_US)
    world.pay(at_us=NOW_US, shipping={"pin": "400001"}, **HELD)
    world.pay(at_us=NOW_US, shipping={"pin": "194101"}, **HELD)
    world.pay(at_us=NOW_US - 30 * 24 * HOUR_US, **HELD)
    world.count()
    return world


def words_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_figures_are_of_the_span_that_is_asked_for(busy, supervisor):
    assert "Held 2 66.67 %" in words_of(supervisor.get("/dashboard").text)
    assert "Held 3 75.00 %" in words_of(supervisor.get("/dashboard?span=90d").text)
    assert "Held 2" in words_of(supervisor.get("/dashboard?span=nonsense").text)


def test_money_and_rules_are_told_when_payments_were_held(busy, supervisor):
    page = words_of(supervisor.get("/dashboard").text)
    assert "₹1,000" in page
    assert "velocity" in page


def test_states_are_shaded_when_payments_go_there(busy, supervisor):
    page = supervisor.get("/dashboard").text
    assert "Maharashtra: 1" in page
    assert "Ladakh: 1" in page
    assert page.count('class="level-5"') >= 2
    assert "महाराष्ट्र" in supervisor.get("/dashboard", headers={"accept-language": "hi"}).text


def test_page_says_so_when_nothing_was_counted(world, supervisor):
    assert "No decisions have been counted" in supervisor.get("/dashboard").text


def test_figures_come_alone_when_htmx_asks(busy, supervisor):
    piece = supervisor.get("/dashboard/figures?span=24h").text
    assert "<html" not in piece
    assert "Held 2" in words_of(piece)


def test_map_has_every_state_and_the_whole_north_when_read():
    found = india_map()
    assert set(STATES) <= set(found.states)

    def box(code):
        x = y = 0.0
        places = []
        for sign, numbers in re.findall(r"([Ml])([^Mlza]*)", found.states[code]):
            pairs = [float(number) for number in numbers.split()]
            for at in range(0, len(pairs) - 1, 2):
                x, y = (pairs[at], pairs[at + 1]) if sign == "M" else (x + pairs[at], y + pairs[at + 1])
                places.append((x, y))
        return min(x for x, _ in places), min(y for _, y in places), max(x for x, _ in places)

    # Gilgit lies at the northern edge of the map, Aksai Chin as far east as the west of Nepal.
    _, north, east = box("LA")
    assert north < 1
    assert box("UK")[0] < east
    assert box("JK")[0] > box("GJ")[0]
    assert {code for code in STATES if box(code)[1] < 25} == {"LA"}


def test_no_style_stands_in_the_page_when_charts_are_drawn(busy, supervisor):
    assert "style=" not in supervisor.get("/dashboard").text
