"""What an attacker who may write a rule would try; all of it is refused with a diagnostic, none of it runs."""

from __future__ import annotations

import builtins

import pytest

from satark.language import (
    FUNCTIONS,
    ListInfo,
    NameInfo,
    Position,
    Schema,
    Type,
    compile_values,
    parse_and_check,
)
from satark.language.compile import mask_source, values_source
from satark.language.types import INT_MAX, INT_MIN

SCHEMA = Schema(
    {
        "amount": NameInfo(Type.INT),
        "method": NameInfo(Type.STR),
        "late": NameInfo(Type.BOOL),
        "custom.tier": NameInfo(Type.STR),
    },
    {"bad": ListInfo(Type.STR)},
)
ATTACKS = {
    "dunder name": "__import__",
    "dunder call": "__import__('os')",
    "builtin": "open('/etc/passwd')",
    "eval": "eval('1')",
    "dunder attribute": "amount.__class__",
    "dunder of a text": "''.__class__.__mro__[1].__subclasses__()",
    "dunder of a dotted name": "custom.tier.__class__",
    "method": "method.format(1)",
    "lambda": "(lambda: 1)()",
    "lambda alone": "lambda x: x",
    "walrus": "(amount := 5) > 4",
    "list comprehension": "[x for x in (1, 2)]",
    "generator": "any(x for x in (1,))",
    "set comprehension": "{x for x in (1,)} == 1",
    "dict": "{1: 2}",
    "f-string": "f'{amount}' == 'a'",
    "raw string": "r'a' == method",
    "byte string": "b'a' == method",
    "index": "method[0] == 'a'",
    "slice": "method[0:2] == 'a'",
    "star": "max(*amount)",
    "keyword argument": "max(amount, key=amount)",
    "conditional": "1 if late else 2",
    "power": "10 ** 10 ** 10 > 1",
    "shift": "1 << 1000000 > 1",
    "floor division": "amount // 2 > 1",
    "matrix product": "amount @ amount",
    "string repetition": "'a' * 1000000000 == method",
    "repetition the other way": "1000000000 * 'a' == method",
    "string sum": "method + method == 'a'",
    "string format": "'%s' % method == 'a'",
    "list repetition": "[1] * 1000000000 == 1",
    "await": "await amount",
    "yield": "(yield amount)",
    "import": "import os",
    "statement": "amount > 1; amount > 2",
    "assignment": "amount = 5",
    "decorator": "@amount",
    "ellipsis": "...",
    "None": "amount == None",
    "is": "amount is late",
    "dunder debug": "__debug__",
    "comment": "amount > 1 # always",
    "backslash": "amount > \\\n 1",
    "triple quotes": "'''a''' == method",
    "hexadecimal": "0xff < amount",
    "imaginary": "1j == amount",
    "huge number": "9" * 3_000 + " > amount",
    "huge float": "1e999 > amount",
    "regular expression": "matches(method, '(a+)+$')",
    "local of the generated code": "v0 > 1",
    "temporary of the generated code": "t1 > 1",
    "argument of the generated code": "env == 1",
    "helper of the generated code": "_km(1, 2) > 1",
    "null character": "amount\0 > 1",
    "lone surrogate": "method == '\ud800'",
    "right to left override": "method == 'a' \u202e and late",
    "line separator": "amount\u2028> 1",
    "mathematical letters (NFKC amount)": "𝒶𝓂ℴ𝓊𝓃𝓉 > 1",
    "fullwidth letters (NFKC amount)": "ａｍｏｕｎｔ > 1",
    "Cyrillic a": "\u0430mount > 1",
    "fullwidth brackets": "max（amount, 1） > 1",
    "ligature": "method == 'a' and \ufb01 > 1",
    "Arabic digits": "amount > ١٢",
    "long s": "ab\u017f(amount) > 1",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_parse_and_check_refuses_when_the_text_is_an_attack(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("p.yaml"), Type.BOOL)
    assert expr is None
    assert diagnostics
    assert all(str(d).isprintable() for d in diagnostics)


BOMBS = {
    "brackets": "(" * 2_000 + "1" + ")" * 1_999,
    "open brackets": "(" * 4_000,
    "square brackets": "amount in " + "[" * 3_900,
    "minus": "-" * 3_999 + "1",
    "not": "not " * 900 + "late",
    "calls": "abs(" * 900 + "1",
    "sums": "1+" * 1_999 + "1",
    "or in brackets": "(late or " * 400 + "late" + ")" * 39,
    "chain": "amount" + " < amount" * 440,
    "equal chains": "late == (" * 200 + "late",
    "names": "a." * 1_999 + "a",
    "unknown names": "q " * 2_000,
    "sums of unknown names": "+".join(f"amout{i}" for i in range(400)),
    "junk": "§" * 4_000,
    "spaced junk": "§ " * 2_000,
    "quotes": '"' * 3_999,
    "list": "amount in [" + "1," * 1_900 + "]",
    "text": '"' + "x" * 3_990 + '"',
    "products": "9223372036854775807*" * 150 + "1",
    "longer than allowed": "1 " * 2_001,
    "very long": "(" * 1_000_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_parse_and_check_answers_soon_when_the_text_is_a_bomb(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("p.yaml"), Type.BOOL)
    assert (expr is None) == bool(diagnostics)
    assert expr is None


def test_chained_comparisons_are_bounded_by_what_they_cost_when_nested():
    text = "late"
    for _ in range(20):
        text = f"(late == ({text}) == late)"
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("p.yaml"))
    assert expr is None
    assert {d.code for d in diagnostics} <= {"too_large", "too_deep"}


def test_the_deepest_allowed_expression_compiles():
    for text in (
        "abs(" * 49 + "amount" + ")" * 49,
        "if_else(late, " * 49 + "amount" + ", 1)" * 49,
        "coalesce(" * 49 + "amount" + ", 1)" * 49,
        "min(1, " * 49 + "amount" + ")" * 49,
        "not " * 49 + "late",
        "-(" * 24 + "amount" + ")" * 24,
        "(amount + " * 24 + "amount" + ")" * 24,
        "(late and (late or " * 12 + "late" + "))" * 12,
        "((late and late) == " * 16 + "late" + ")" * 16,
    ):
        expr, diagnostics = parse_and_check(text, SCHEMA, Position("p.yaml"))
        assert expr is not None, [str(d) for d in diagnostics]
        function = compile_values([expr], ["amount", "late"])
        assert function([-3, True], None)[0] is not None


def test_generated_code_has_no_builtins_and_none_of_the_authors_names():
    text = 'listed(method, "bad") or method == "__import__(\'os\')\\n" or amount + 1 > limit'
    schema = Schema(SCHEMA.names, SCHEMA.lists, {"limit": 7})
    expr, _ = parse_and_check(text, schema, Position("p.yaml"))
    assert expr is not None
    function = compile_values([expr], ["amount", "method"])
    assert function.__globals__["__builtins__"] == {}
    for source, _ in (values_source([expr], ["amount", "method"]), mask_source([expr], ["amount", "method"])):
        assert "amount" not in source
        assert source.isascii()
        assert "__import__(\\'os\\')\\n" in source or "\"__import__('os')\\n\"" in source


def test_no_function_is_a_builtin_that_can_do_harm():
    harmful = {
        "open",
        "eval",
        "exec",
        "compile",
        "getattr",
        "setattr",
        "vars",
        "type",
        "print",
        "input",
        "pow",
    }
    assert not harmful & set(FUNCTIONS)
    assert set(FUNCTIONS) & set(dir(builtins)) == {"abs", "max", "min", "round"}


@pytest.mark.parametrize("value", [INT_MIN, INT_MAX])
def test_numbers_stay_in_64_bits_when_they_are_multiplied_again_and_again(value):
    text = "*".join(["amount"] * 40)
    expr, _ = parse_and_check(text, SCHEMA, Position("p.yaml"))
    assert expr is not None
    assert compile_values([expr], ["amount"])([value], None) == (None,)
