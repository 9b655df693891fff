from __future__ import annotations

import pytest

from satark.features.signals.registry import SIGNALS
from satark.language import Type
from satark.policies.reasons import Vocabulary, parse_template
from satark.policies.value_words import VALUE_WORDS

KNOWN = Vocabulary(
    types={
        "n": Type.INT,
        "share": Type.FLOAT,
        "new": Type.BOOL,
        "city": Type.STR,
        "at": Type.TIME,
        "place": Type.LOCATION,
        "cash_like_kind": Type.STR,
    },
    params={"limit": 4, "least": 50_000_00, "word": "x", "flag": True},
    windows={"n": 600},
)


@pytest.mark.parametrize(
    ("source", "values", "en"),
    [
        ("{n} of {limit}", {"n": 123_456}, "1,23,456 of 4"),
        ("{n:inr} over {least:inr}", {"n": 12_345_600}, "₹1,23,456.00 over ₹50,000.00"),
        ("{share:pct}", {"share": 0.256}, "26%"),
        ("{share:km}", {"share": 1234.4}, "1,234 km"),
        ("{n:duration} {share:days}", {"n": 5460, "share": 1.5}, "1 hour 31 minutes 1 day 12 hours"),
        ("{n.window}", {}, "10 minutes"),
        ("{cash_like_kind:words}", {"cash_like_kind": "gift_card"}, "gift cards or vouchers"),
        ("{cash_like_kind:words}", {"cash_like_kind": "of a later version"}, "of a later version"),
        ("{cash_like_kind:words} {cash_like_kind}", {}, "unknown unknown"),
        ("{cash_like_kind}", {"cash_like_kind": "gift_card"}, "gift_card"),
        ("{new} {flag}", {"new": False}, "no yes"),
        ("{share}", {"share": 2.50}, "2.5"),
        ("{city} {word}", {"city": "दिल्ली"}, "दिल्ली x"),
        ("{at}", {"at": 0}, "01 Jan 1970, 05:30:00 IST"),
        ("{place}", {"place": (28.6, 77.2, 5.0)}, "28.600, 77.200"),
        ("{n} {n:inr} {at}", {}, "unknown unknown unknown"),
        ("{{n}}", {}, "{n}"),
    ],
)
def test_reason_is_written_when_filled(source, values, en):
    template, wrong = parse_template(source, "en", KNOWN)
    assert wrong == []
    assert template.fill(values) == en


def test_value_is_in_hindi_words_when_asked():
    template, _ = parse_template("({cash_like_kind:words})", "hi", KNOWN)
    assert template.fill({"cash_like_kind": "jewellery"}) == "(आभूषण)"


def test_every_value_has_words_when_a_fact_has_any():
    assert {name: set(words) for name, words in VALUE_WORDS.items()} == {
        name: set(SIGNALS[name].choices) for name in VALUE_WORDS
    }


def test_reason_is_hindi_when_asked():
    template, _ = parse_template("{n} {new} {share:km} {n.window}", "hi", KNOWN)
    assert template.fill({"new": True, "share": 3.0}) == "अज्ञात हाँ 3 किमी 10 मिनट"


@pytest.mark.parametrize(
    ("source", "offset", "code"),
    [
        ("a {m}", 3, "unknown_name"),
        ("{n:rupees}", 1, "unknown_format"),
        ("{city:inr}", 1, "format_type"),
        ("{word:inr}", 1, "format_type"),
        ("{city:words}", 1, "format_type"),
        ("{word:words}", 1, "format_type"),
        ("{nobody:words}", 1, "unknown_name"),
        ("a { b", 2, "brace"),
        ("a } b", 2, "brace"),
        ("  ", 0, "empty"),
        ("x" * 500, 400, "too_long"),
        ("{city.window}", 1, "unknown_name"),
    ],
)
def test_mistake_has_its_place_when_a_template_is_wrong(source, offset, code):
    _, wrong = parse_template(source, "en", KNOWN)
    assert [(one[0], one[1]) for one in wrong] == [(offset, code)]
