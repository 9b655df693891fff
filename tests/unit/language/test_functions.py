"""Single functions where their edges need a word."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest

from satark.language import NameInfo, Position, Schema, Type, compile_values, parse_and_check, to_polars

SCHEMA = Schema(
    {
        "s": NameInfo(Type.STR),
        "x": NameInfo(Type.LOCATION),
        "y": NameInfo(Type.LOCATION),
        "t": NameInfo(Type.TIME),
    },
    constants={"floor": 250.5},
)
PLACE = {"lat": pl.Float64, "lon": pl.Float64, "accuracy_m": pl.Float64}


def typed(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("-"))
    assert expr is not None, [str(d) for d in diagnostics]
    return expr


def test_lower_is_the_same_in_both_back_ends_for_every_character_of_unicode_14():
    every = [
        chr(code)
        for code in range(0x20, 0x11_0000)
        if not 0xD800 <= code <= 0xDFFF and unicodedata.category(chr(code)) != "Cn"
    ]
    # The end of a word decides on the small sigma, so it stands in several places.
    texts = [*every, "ΟΔΟΣ", "ΣΑΣ", "Σ", "aΣ'", "aΣ'b", "Σ.Σ", "İ", "GROẞ"]
    function = compile_values([typed("lower(s)")], ["s"])
    bulk = pl.DataFrame({"s": texts}).select(to_polars(typed("lower(s)"))).to_series().to_list()
    assert bulk == [function([text], None)[0] for text in texts]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("rupees(50_000)", 5_000_000),
        ("rupees(99.99)", 9_999),
        ("rupees(floor)", 25_050),
        ("rupees(-1)", -100),
        ("minutes(10)", 600),
        ("minutes(0.5)", 30),
        ("hours(24)", 86_400),
        ("days(7) + hours(1)", 608_400),
        ("days(floor) / days(1)", 250.5),
        ("-2 * 3 % 4", 2),
        ("length('सोना')", 4),
        ("round(2.5) + round(3.5)", 6),
        ("contains('gold coin', 'coin')", True),
        ("missing(3)", False),
        ("2 in (1, 2)", True),
        ("1 < 2 <= 2", True),
    ],
)
def test_constants_are_computed_before_anything_runs(text, value):
    expr = typed(text)
    assert expr.canonical == (repr(value))
    assert compile_values([expr], [])([], None) == (value,)
    assert pl.select(to_polars(expr)).item() == value


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ((28.6139, 77.2090), (19.0760, 72.8777), 1148.1),
        ((0.0, 179.9), (0.0, -179.9), 22.2),
        ((90.0, 0.0), (-90.0, 0.0), 20015.1),
        ((12.97, 77.59), (12.97, 77.59), 0.0),
    ],
)
def test_km_is_the_great_circle(a, b, km):
    expr = typed("km(x, y)")
    (value,) = compile_values([expr], ["x", "y"])([(*a, 5.0), (*b, 900.0)], None)
    assert value == pytest.approx(km, abs=0.1)
    rows = {
        n: pl.Series(n, [dict(zip(PLACE, (*p, 1.0), strict=True))], dtype=pl.Struct(PLACE))
        for n, p in (("x", a), ("y", b))
    }
    assert pl.DataFrame(rows).select(to_polars(expr)).item() == value


def test_a_location_is_missing_in_a_frame_when_the_struct_or_its_fields_are():
    rows = [
        None,
        {"lat": None, "lon": None, "accuracy_m": None},
        {"lat": 1.0, "lon": 2.0, "accuracy_m": None},
    ]
    frame = pl.DataFrame({"x": pl.Series("x", rows, dtype=pl.Struct(PLACE))})
    assert frame.select(to_polars(typed("missing(x)"))).to_series().to_list() == [True, True, False]


def test_times_of_a_frame_may_be_datetimes_of_microseconds():
    frame = pl.DataFrame({"t": pl.Series([0, None]).cast(pl.Datetime("us", "UTC"))})
    assert frame.select(to_polars(typed("hour(t)"))).to_series().to_list() == [5, None]
