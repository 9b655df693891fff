"""Whatever the text, the language answers with an expression or with diagnostics; it never raises."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.strategies.expressions import ORDER, SCHEMA, expressions

from satark.events.facts import BASE_FACTS
from satark.features.oneline import parse_feature
from satark.language import Position, Type, compile_mask, compile_values, parse_and_check

WORDS = st.sampled_from([
    "and", "or", "not", "in", "is", "if", "else", "for", "lambda", "True", "False", "None", "a", "b", "f", "p", "s",
    "t", "x", "custom.r", "limit", "amount", "card", "method", "outcome", "label", "location", "count", "sum",
    "share_of", "speed", "new", "since_last", "by", "over", "of", "delayed", "where", "where=", "payment", "10m",
    "90d", "30s", "1", "0", "-1", "2.5", "1e400", "9223372036854775808", "12_000", "007", '"card"', "'", '"', '"\\q"',
    "(", ")", "[", "]", "{", "}", ",", ".", ":", ";", "=", "==", "!=", "<", "<=", ">", ">=", "<>", "+", "-", "*",
    "/", "%", "**", "//", "&&", "||", "!", "~", "?", "@", "\\", "\n", "\t", "\0", "§", "é", "ａ", "\ud800",
    "missing", "coalesce", "if_else", "listed", '"texts"', "rupees", "days", "km", "hour", "lower", "min", "abs",
])  # fmt: skip
SOUP = st.lists(WORDS, max_size=40).map(" ".join)
GLUED = st.lists(WORDS, max_size=40).map("".join)
RAW = st.text(max_size=200)
WILD = st.text(st.characters(categories=None), max_size=60)


@st.composite
def damaged(draw):
    """Draw a right expression with a few characters removed, doubled or replaced."""
    text = draw(expressions(draw(st.sampled_from([Type.BOOL, Type.INT, Type.FLOAT]))))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(WORDS) + text[at + draw(st.integers(0, 3)) :]
    return text


def check_diagnostics(found, diagnostics, text):
    assert (found is None) == bool(diagnostics), text
    lines = text.split("\n")
    for diagnostic in diagnostics:
        shown = str(diagnostic)
        assert shown.isprintable()
        assert shown.startswith("p.yaml:")
        assert diagnostic.code
        assert diagnostic.message
        assert 7 <= diagnostic.position.line < 7 + len(lines)
        assert diagnostic.position.column >= 1
    assert diagnostics == sorted(diagnostics, key=lambda d: d.position)


@settings(max_examples=1_500, deadline=None)
@given(st.one_of(SOUP, GLUED, RAW, WILD, damaged()), st.sampled_from([None, *Type]))
@example("", None)
@example("\ud800", None)
@example("'\ud800'", None)
def test_parse_and_check_gives_an_expression_or_diagnostics(text, expect):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("p.yaml", 7, 3, 5), expect)
    check_diagnostics(expr, diagnostics, text)
    if expr is not None:
        compile_values([expr], ORDER)
        if expr.type is Type.BOOL:
            compile_mask([expr], ORDER)


@st.composite
def lines(draw):
    """Draw something like a feature, with a few pieces out of place."""
    parts = ["count", "(", 'method == "card"', ")", "by", "card", "over", "10m"]
    for _ in range(draw(st.integers(0, 4))):
        parts[draw(st.integers(0, len(parts) - 1))] = draw(st.one_of(WORDS, SOUP, st.just("")))
    return " ".join(parts)


@settings(max_examples=1_500, deadline=None)
@given(st.one_of(lines(), lines(), SOUP, RAW, WILD))
@example("")
def test_parse_feature_gives_a_feature_or_diagnostics(text):
    spec, diagnostics = parse_feature("name", text, BASE_FACTS, Position("p.yaml", 7, 3, 5))
    check_diagnostics(spec, diagnostics, text)
