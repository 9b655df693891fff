from __future__ import annotations

import pytest

from satark.features.geo import STATES, pin_place, state_of_pin, state_of_place
from satark.features.geo.states import _prefixes


@pytest.mark.parametrize(
    ("pin", "state"),
    [
        ("110001", "DL"),
        ("160017", "CH"),
        ("180001", "JK"),
        ("190001", "JK"),
        ("194101", "LA"),
        ("248001", "UK"),
        ("226001", "UP"),
        ("302001", "RJ"),
        ("380001", "GJ"),
        ("396210", "DH"),
        ("362520", "DH"),
        ("400001", "MH"),
        ("403001", "GA"),
        ("462001", "MP"),
        ("492001", "CG"),
        ("500001", "TS"),
        ("530001", "AP"),
        ("560001", "KA"),
        ("600001", "TN"),
        ("605001", "PY"),
        ("682555", "LD"),
        ("695001", "KL"),
        ("700001", "WB"),
        ("737101", "SK"),
        ("744101", "AN"),
        ("751001", "OD"),
        ("781001", "AS"),
        ("791111", "AR"),
        ("793001", "ML"),
        ("795001", "MN"),
        ("796001", "MZ"),
        ("797001", "NL"),
        ("799001", "TR"),
        ("800001", "BR"),
        ("834001", "JH"),
    ],
)
def test_state_is_found_when_pin_is_its_capitals(pin, state):
    assert state_of_pin(pin) == state


def test_state_is_found_when_pin_is_newer_than_the_file():
    assert pin_place("110999") is not None
    assert state_of_pin("110999") == "DL"


@pytest.mark.parametrize("pin", ["", "1100", "1100011", "11000a", "०१२३४५", "000000", "990000"])
def test_nothing_is_found_when_pin_is_none_of_india(pin):
    assert state_of_pin(pin) is None


def test_every_state_has_a_pin_when_file_is_read():
    assert set(_prefixes().values()) == set(STATES)
    assert all(2 <= len(prefix) <= 6 and prefix.isdigit() for prefix in _prefixes())


@pytest.mark.parametrize(
    ("lat", "lon", "state"),
    [
        (28.61, 77.21, "DL"),
        (34.08, 74.80, "JK"),
        (35.0, 78.9, "LA"),
        (19.07, 72.87, "MH"),
        (26.9, 70.9, "RJ"),
        (11.67, 92.73, "AN"),
        (10.57, 72.64, "LD"),
        (27.09, 93.6, "AR"),
        (6.9, 79.86, None),
        (0.0, 0.0, None),
    ],
)
def test_state_is_found_when_a_place_is_known(lat, lon, state):
    assert state_of_place(lat, lon) == state
