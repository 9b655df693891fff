"""The generated Python, the Polars expressions and an interpreter give the same values on all rows."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.property.language.oracle import evaluate
from tests.strategies.expressions import LISTS, NAMES, ORDER, SCHEMA, expressions, rows

from satark.language import (
    FrameEnv,
    Position,
    Type,
    compile_each,
    compile_mask,
    compile_values,
    parse_and_check,
    to_polars,
)

# What an expression of random constants may rightly be refused for.
REFUSALS = {"constant", "out_of_range", "zero_division", "too_deep", "too_large", "too_long"}
DTYPES = {
    Type.INT: pl.Int64, Type.FLOAT: pl.Float64, Type.BOOL: pl.Boolean, Type.STR: pl.String, Type.TIME: pl.Int64,
    Type.LOCATION: pl.Struct({"lat": pl.Float64, "lon": pl.Float64, "accuracy_m": pl.Float64}),
}  # fmt: skip


class World:
    def listed(self, name, value):
        values = LISTS[name]
        return None if values is None else value in values


def frame(table):
    columns = {}
    for index, (name, info) in enumerate(NAMES.items()):
        values = [row[index] for row in table]
        if info.type is Type.LOCATION:
            values = [v and dict(zip(("lat", "lon", "accuracy_m"), v, strict=True)) for v in values]
        columns[name] = pl.Series(name, values, dtype=DTYPES[info.type])
    return pl.DataFrame(columns)


def check(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("-"))
    assert {d.code for d in diagnostics} <= REFUSALS, (text, [str(d) for d in diagnostics])
    assume(expr is not None)
    return expr


KINDS = [Type.INT, Type.FLOAT, Type.BOOL, Type.BOOL, Type.STR, Type.TIME]


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(KINDS).flatmap(expressions), min_size=1, max_size=3),
    st.lists(rows(), min_size=1, max_size=6),
)
def test_values_are_the_same_when_computed_three_ways(texts, table):
    exprs = [check(text) for text in texts]
    world = World()
    python = compile_values(exprs, ORDER)
    each = compile_each(exprs, ORDER)
    columns = [to_polars(e, FrameEnv(LISTS)).alias(str(i)) for i, e in enumerate(exprs)]
    bulk = frame(table).with_columns(columns).select(str(i) for i in range(len(exprs))).rows()
    for row, polars_values in zip(table, bulk, strict=True):
        named = dict(zip(ORDER, row, strict=True))
        expected = tuple(evaluate(e.tree, named, world.listed) for e in exprs)
        computed = python(row, world)
        assert computed == expected, (texts, row)
        assert polars_values == expected, (texts, row)
        assert tuple(f(row, world) for f in each) == expected
        for expr, value in zip(exprs, computed, strict=True):
            assert value is not None or expr.nullable, expr.canonical
            assert value is None or type(value) is type_of(expr.type), expr.canonical


def type_of(kind):
    return {Type.INT: int, Type.FLOAT: float, Type.BOOL: bool, Type.STR: str, Type.TIME: int}[kind]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(expressions(Type.BOOL), min_size=1, max_size=4), st.lists(rows(), min_size=1, max_size=4))
def test_a_bit_of_the_mask_is_set_only_when_the_condition_is_true(texts, table):
    exprs = [check(text) for text in texts]
    world = World()
    mask = compile_mask(exprs, ORDER)
    for row in table:
        named = dict(zip(ORDER, row, strict=True))
        expected = [evaluate(e.tree, named, world.listed) is True for e in exprs]
        bits = mask(row, world)
        assert [bool(bits >> i & 1) for i in range(len(exprs))] == expected, (texts, row)
        assert bits < 1 << len(exprs)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(KINDS).flatmap(expressions))
def test_the_canonical_text_means_the_same_when_it_is_read_again(text):
    expr = check(text)
    again, diagnostics = parse_and_check(expr.canonical, SCHEMA, Position("-"), expr.type)
    assert again is not None, [str(d) for d in diagnostics]
    assert again == expr
    assert again.tree == expr.tree


@pytest.mark.parametrize(
    "text",
    ["1.0 / (" * 24 + "g" + " + 1.0)" * 24, "min(" * 45 + "f" + ", g)" * 45, "coalesce(f / " * 22 + "g" + ", f)" * 22],
)  # fmt: skip
def test_deep_arithmetic_stays_small_in_polars(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("-"))
    assert expr is not None, [str(d) for d in diagnostics]
    table = [[None] * len(ORDER), [None] * len(ORDER)]
    for row, f in zip(table, (0.25, 3.0), strict=True):
        row[ORDER.index("f")] = f
        row[ORDER.index("g")] = 1.5
    python = compile_values([expr], ORDER)
    expected = [python(row, World())[0] for row in table]
    assert frame(table).select(to_polars(expr, FrameEnv(LISTS))).to_series().to_list() == expected
