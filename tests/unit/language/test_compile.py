"""The generated functions: their order, their masks, and what they need."""

from __future__ import annotations

import pytest

from satark.language import (
    ListInfo,
    NameInfo,
    Position,
    Schema,
    Type,
    compile_each,
    compile_mask,
    compile_values,
    parse_and_check,
)
from satark.language.compile import mask_source

NAMES = {f"n{i}": NameInfo(Type.INT) for i in range(100)} | {"sure": NameInfo(Type.INT, nullable=False)}
SCHEMA = Schema(NAMES, {"bad": ListInfo(Type.INT)}, {"limit": 4, "share": 0.5})


def typed(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("-"))
    assert expr is not None, [str(d) for d in diagnostics]
    return expr


def test_mask_sets_the_bit_of_each_true_condition_when_there_are_more_than_64():
    exprs = [typed(f"n{i} > limit") for i in range(100)]
    order = list(NAMES)
    values = [i % 2 * 9 for i in range(101)]
    assert compile_mask(exprs, order)(values, None) == sum(1 << i for i in range(100) if i % 2)


def test_mask_is_zero_when_there_are_no_conditions():
    assert compile_mask([], ["n1"])([3], None) == 0
    assert compile_values([], [])([], None) == ()


def test_values_are_read_from_a_list_a_tuple_or_any_sequence():
    function = compile_values([typed("n3 - n1")], ["n1", "n2", "n3", "n4", "n5"])
    assert function([1, 0, 5, 0, 0], None) == function((1, 0, 5, 0, 0), None) == (4,)
    assert function(range(1, 6), None) == (2,)


def test_compile_names_what_the_order_lacks():
    with pytest.raises(ValueError, match="n1, n2"):
        compile_mask([typed("n1 > n2")], ["n3"])


def test_code_has_no_null_check_when_a_name_cannot_be_missing():
    source, _ = mask_source([typed("sure > 4 and sure < 9")], ["sure"])
    assert "None" not in source
    source, _ = mask_source([typed("n1 > 4 and n1 < 9")], ["n1"])
    assert source.count("is not None") == 1


def test_code_checks_overflow_only_when_it_can_happen():
    for text in ("n1 > 4", "n1 / limit > share", "sure % 7 == 0", "n1 in [1, 2]"):
        source, _ = mask_source([typed(text)], ["n1", "sure"])
        assert "9223372036854775807" not in source, text
        assert "e+308" not in source, text
    assert "9223372036854775807" in mask_source([typed("n1 + sure > 4")], ["n1", "sure"])[0]


def test_each_condition_stands_alone_when_another_raises():
    exprs = [typed("n1 > 4"), typed("n2 > 4")]
    order = ["n1", "n2"]
    with pytest.raises(TypeError):
        compile_mask(exprs, order)(["not a number", 9], None)
    first, second = compile_each(exprs, order)
    with pytest.raises(TypeError):
        first(["not a number", 9], None)
    assert second(["not a number", 9], None) is True


def test_the_env_is_asked_only_when_a_list_is_used():
    class World:
        def listed(self, name, value):
            return (name, value) == ("bad", 3)

    assert compile_mask([typed("n1 > 4")], ["n1"])([9], None) == 1
    mask = compile_mask([typed('listed(n1, "bad")'), typed('not listed(n1, "bad")')], ["n1"])
    assert [mask([n], World()) for n in (3, 4, None)] == [1, 2, 0]


def test_typed_expressions_are_equal_when_they_mean_the_same():
    assert typed("n1>4") == typed("( n1 > limit )")
    assert hash(typed("0 < n1 < 9")) == hash(typed("0 < n1 and n1 < 9"))
    assert typed("n1 > 4") != typed("n1 > 5")
    expr = typed('n1 > rupees(1_000.50) and listed(n2, "bad") or not missing(n3)')
    assert expr.names == {"n1", "n2", "n3"}
    assert expr.lists == {"bad"}
    assert expr.canonical == '((n1 > 100050) and listed(n2, "bad")) or (not missing(n3))'
    assert (expr.type, expr.nullable) == (Type.BOOL, True)


def test_an_expected_float_takes_an_int():
    expr, _ = parse_and_check("n1", SCHEMA, Position("-"), Type.FLOAT)
    assert expr is not None
    assert repr(compile_values([expr], ["n1"])([3], None)) == "(3.0,)"
