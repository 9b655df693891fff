"""Three-valued logic, and what becomes null, on both back ends."""

from __future__ import annotations

import polars as pl
import pytest

from satark.language import (
    FrameEnv,
    ListInfo,
    NameInfo,
    Position,
    Schema,
    Type,
    compile_mask,
    compile_values,
    parse_and_check,
    to_polars,
)

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
NAMES = {
    "p": NameInfo(Type.BOOL), "q": NameInfo(Type.BOOL), "a": NameInfo(Type.INT), "b": NameInfo(Type.INT),
    "f": NameInfo(Type.FLOAT), "g": NameInfo(Type.FLOAT), "s": NameInfo(Type.STR), "t": NameInfo(Type.TIME),
    "u": NameInfo(Type.TIME),
}  # fmt: skip
LISTS = {"known": ["x", "y"], "gone": None}
SCHEMA = Schema(NAMES, {"known": ListInfo(Type.STR), "gone": ListInfo(Type.STR)})
DTYPES = {
    Type.BOOL: pl.Boolean,
    Type.INT: pl.Int64,
    Type.FLOAT: pl.Float64,
    Type.STR: pl.String,
    Type.TIME: pl.Int64,
}


class World:
    def listed(self, name, value):
        values = LISTS[name]
        return None if values is None else value in values


def run(text, **values):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("-"))
    assert expr is not None, [str(d) for d in diagnostics]
    row = [values.get(name) for name in NAMES]
    (python,) = compile_values([expr], list(NAMES))(row, World())
    frame = pl.DataFrame(
        {n: pl.Series([v], dtype=DTYPES[i.type]) for (n, i), v in zip(NAMES.items(), row, strict=True)}
    )
    assert frame.select(to_polars(expr, FrameEnv(LISTS))).item() == python
    if expr.type is Type.BOOL:
        assert compile_mask([expr], list(NAMES))(row, World()) == (python is True)
    return python


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_a_literal_on_the_left_is_compared_on_every_row_when_all_are_missing(op):
    text = f'"a" {op} if_else(missing(s), "b", s)'
    expr, _ = parse_and_check(text, SCHEMA, Position("-"))
    assert expr is not None
    (value,) = compile_values([expr], ["s"])([None], World())
    frame = pl.DataFrame({"s": pl.Series([None, None], dtype=pl.String)})
    assert frame.with_columns(v=to_polars(expr))["v"].to_list() == [value, value]


def test_a_quotient_is_not_off_by_a_bit_when_the_divisor_is_one_number_for_all_rows():
    for text in ("f / 7", "f / coalesce(g, 7.0)", "(t - u) / 3"):
        expr, _ = parse_and_check(text, SCHEMA, Position("-"))
        assert expr is not None
        order = ["f", "g", "t", "u"]
        rows = [[i / 3 + 1e-3, None, i * 10**9 + 7, i] for i in range(200)]
        frame = pl.DataFrame(
            rows, schema=dict.fromkeys(order, pl.Float64) | dict.fromkeys("tu", pl.Int64), orient="row"
        )
        function = compile_values([expr], order)
        expected = [function(row, World())[0] for row in rows]
        assert frame.select(to_polars(expr)).to_series().to_list() == expected
        assert frame.with_columns(v=to_polars(expr))["v"].to_list() == expected


T, F, N = True, False, None


@pytest.mark.parametrize(
    ("p", "q", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (T, N, N, T),
        (F, T, F, T), (F, F, F, F), (F, N, F, N),
        (N, T, N, T), (N, F, F, N), (N, N, N, N),
    ],
)  # fmt: skip
def test_and_and_or_follow_kleene_when_a_side_is_missing(p, q, both, either):
    assert run("p and q", p=p, q=q) is both
    assert run("p or q", p=p, q=q) is either
    assert run("not (p and q)", p=p, q=q) is (None if both is None else not both)
    assert run("not (p or q)", p=p, q=q) is (None if either is None else not either)


def test_not_stays_null_when_its_operand_is_missing():
    assert run("not p") is None
    assert run("not (a > 4)") is None
    assert run("not (s in ['x'])") is None
    assert run("s not in ['x']") is None


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("a + b", {"a": INT_MAX, "b": 1}, None),
        ("a - b", {"a": INT_MIN, "b": 1}, None),
        ("a * b", {"a": 2**62, "b": 2}, None),
        ("a + b - b", {"a": INT_MAX, "b": 1}, None),
        ("-a", {"a": INT_MIN}, None),
        ("abs(a)", {"a": INT_MIN}, None),
        ("a + b", {"a": INT_MAX, "b": 0}, INT_MAX),
        ("a / b", {"a": 1, "b": 0}, None),
        ("a % b", {"a": 1, "b": 0}, None),
        ("a % b", {"a": -7, "b": 3}, 2),
        ("a % b", {"a": INT_MIN, "b": -1}, 0),
        ("f / g", {"f": 1.0, "g": -0.0}, None),
        ("f * g", {"f": 1e308, "g": 10.0}, None),
        ("1.0 / (f * g)", {"f": 1e308, "g": 10.0}, None),
        ("f * g - f * g", {"f": 1e308, "g": 10.0}, None),
        ("f * g > 1", {"f": 1e308, "g": 10.0}, None),
        ("round(f)", {"f": 1e19}, None),
        ("round(f)", {"f": 2.5}, 2),
        ("round(f)", {"f": -0.5}, 0),
        ("a == f", {"a": 2**53 + 1, "f": 2.0**53}, True),
        ("min(a, b)", {"a": 1}, None),
        ("max(a, f)", {"a": 1, "f": 0.5}, 1.0),
        ("coalesce(a, b, 7)", {}, 7),
        ("coalesce(a, b)", {"b": 2}, 2),
        ("coalesce(a / b, 0.0)", {"a": 1, "b": 0}, 0.0),
        ("if_else(p, 1, 2)", {}, 2),
        ("if_else(p, a, 2)", {"p": True}, None),
        ("missing(a)", {}, True),
        ("missing(a + b)", {"a": 1}, True),
        ("missing(p or q)", {"q": True}, False),
        ("listed(s, 'known')", {"s": "x"}, True),
        ("listed(s, 'known')", {"s": "z"}, False),
        ("listed(s, 'known')", {}, None),
        ("listed(s, 'gone')", {"s": "x"}, None),
        ("not listed(s, 'gone')", {"s": "x"}, None),
        ("t - u", {"t": 1_500_000, "u": 0}, 1.5),
        ("t - u < minutes(1)", {"t": 59_999_999, "u": 0}, True),
        ("hour(t)", {"t": 0}, 5),
        ("hour(t)", {"t": 18 * 3_600_000_000 + 1_800_000_000}, 0),
        ("1 < a <= 5", {"a": 5}, True),
        ("1 < a < b", {"a": 1}, False),
        ("(p == q) == q", {"p": False, "q": True}, False),
    ],
)
def test_the_value_is_what_the_rules_say(text, values, expected):
    value = run(text, **values)
    assert value == expected
    assert type(value) is type(expected)
