"""An Aadhaar number in free text keeps its last four digits; other numbers stay whole."""

from __future__ import annotations

import random

import msgspec
import polars as pl
import pytest

from satark.events import canonical_body, decode_event
from satark.events.aadhaar import is_aadhaar, mask_aadhaar, verhoeff_valid
from satark.events.frame_lines import canonical_lines

NUMBER = "234123412346"


def with_check_digit(digits):
    return next(digits + last for last in "0123456789" if verhoeff_valid(digits + last))


def test_every_wrong_digit_and_every_swap_of_neighbours_is_found():
    dice = random.Random(4)
    for _ in range(50):
        number = with_check_digit("".join(dice.choices("0123456789", k=11)))
        for place, digit in enumerate(number):
            for other in set("0123456789") - {digit}:
                assert not verhoeff_valid(number[:place] + other + number[place + 1 :])
        for place in range(11):
            one, two = number[place : place + 2]
            if one != two:
                assert not verhoeff_valid(number[:place] + two + one + number[place + 2 :])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (NUMBER, "XXXXXXXX2346"),
        ("his Aadhaar: 2341-2341-2346.", "his Aadhaar: XXXX-XXXX-2346."),
        ("two: 2341 2341 2346, 234123412346", "two: XXXX XXXX 2346, XXXXXXXX2346"),
        ("２３４１２３４１２３４６", "XXXXXXXX２３４６"),
    ],
)
def test_a_number_keeps_its_last_four_digits_and_the_text_its_length(text, masked):
    assert mask_aadhaar(text) == masked
    assert len(masked) == len(text)
    assert mask_aadhaar(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "234123412345",
        "134123412346",
        "+919876543210 and 98765 43210",
        f"UPI RRN: {NUMBER}",
        f"UTR no. {NUMBER}",
        f"id a{NUMBER}",
        f"{NUMBER}7",
        "2341 2341 2346 1111",
        "",
    ],
)
def test_other_numbers_stay_as_they_are(text):
    assert mask_aadhaar(text) == text


def test_nothing_that_starts_with_0_or_1_is_one():
    assert not is_aadhaar(with_check_digit("0" * 11))
    assert not is_aadhaar(with_check_digit("12345678901"))
    assert is_aadhaar(NUMBER)


def event(**more):
    body = {
        "type": "payment",
        "id": "p1",
        "occurred_at": "2026-01-01T10:00:00Z",
        "amount_minor": 100,
        "currency": "INR",
        "method": "card",
        **more,
    }
    return msgspec.json.encode(body)


def test_prose_of_an_event_loses_the_number_at_the_door_and_its_codes_do_not():
    lines = [{"title": f"for {NUMBER}", "sku": NUMBER}]
    raw = event(shipping={"line": f"c/o {NUMBER}, MG Road"}, lines=lines, custom={"order": NUMBER})
    kept = msgspec.json.decode(canonical_body(decode_event(raw)))
    assert kept["shipping"]["line"] == "c/o XXXXXXXX2346, MG Road"
    assert kept["lines"][0]["title"] == "for XXXXXXXX2346"
    assert kept["lines"][0]["sku"] == kept["custom"]["order"] == NUMBER


def test_lines_of_a_file_are_kept_as_at_the_door():
    cell = msgspec.json.encode([{"title": f"for {NUMBER}", "sku": NUMBER}]).decode()
    (kept,) = canonical_lines(pl.Series("lines", [cell]))
    assert msgspec.json.decode(kept)[0] == {"title": "for XXXXXXXX2346", "sku": NUMBER} | {
        name: value for name, value in msgspec.json.decode(kept)[0].items() if name not in {"title", "sku"}
    }
