from __future__ import annotations

import pytest

from satark.features.geo import bin_facts, distance_km, pin_is_known, pin_place


@pytest.mark.parametrize(
    ("pin", "lat", "lon"),
    [
        ("110001", 28.6, 77.2),
        ("400001", 18.9, 72.8),
        ("560001", 13.0, 77.6),
        ("700001", 22.6, 88.3),
        ("600001", 13.1, 80.3),
        ("744101", 11.7, 92.7),
        ("781001", 26.2, 91.7),
        ("190001", 34.1, 74.8),
    ],
)
def test_place_is_right_when_the_pin_is_of_a_known_town(pin, lat, lon):
    place = pin_place(pin)
    assert place is not None
    assert distance_km(*place, lat, lon) < 40


def test_place_is_the_district_when_the_pin_has_none():
    assert pin_is_known("201301")  # Noida: in the directory, without a position
    place = pin_place("201301")
    assert distance_km(*place, 28.57, 77.32) < 60


@pytest.mark.parametrize("pin", ["", "1", "11000", "000000", "abcdef", "１１０００１", "1100011", "110"])
def test_place_is_unknown_when_the_pin_is_none(pin):
    assert not pin_is_known(pin)
    assert pin == "110" or pin_place(pin) is None


def test_distance_is_symmetric_and_zero_at_home():
    assert distance_km(28.6, 77.2, 28.6, 77.2) == 0
    assert distance_km(28.6, 77.2, 19.1, 72.9) == distance_km(19.1, 72.9, 28.6, 77.2)
    assert distance_km(0, 0, 0, 180) == pytest.approx(20_015, rel=1e-3)


@pytest.mark.parametrize(
    ("digits", "scheme", "country"),
    [
        ("437551", "visa", "IN"),
        ("43755100", "visa", "IN"),
        ("508512", "rupay", "IN"),
        ("652199", "rupay", "IN"),
        ("411111", "visa", "US"),
        ("510510", "mastercard", "US"),
        ("999999", None, None),
    ],
)
def test_bin_says_scheme_and_country_when_known(digits, scheme, country):
    facts = bin_facts(digits)
    assert (facts.scheme, facts.country) == (scheme, country)


@pytest.mark.parametrize("digits", ["", "4375", "abcdef", "４３７５５１"])
def test_bin_says_nothing_when_it_is_none(digits):
    facts = bin_facts(digits)
    assert (facts.scheme, facts.country, facts.funding) == (None, None, None)
