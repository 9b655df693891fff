"""What each operator asks of its sides, and the typed node it makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from satark.language.bounds import can_divide_by_zero, can_overflow
from satark.language.diagnostics import did_you_mean
from satark.language.tree import Arithmetic, Compare, Literal, Member, Name, Negate, Node, Seconds, ToFloat
from satark.language.types import NUMERIC, ORDERED, Type, one_of

if TYPE_CHECKING:
    from satark.language.diagnostics import Reporter
    from satark.language.schema import Schema

# A node and the offset at which it is written.
Placed = tuple[Node, int]

_TIME_HINT = "a time minus a time is seconds: occurred_at - customer_added_at < days(7)"


def described(node: Node) -> str:
    """Return a node for a message: its type, and its name or value where it has one.

    Examples
    --------
    >>> described(Name(Type.INT, True, "amount"))
    'int `amount`'
    """
    match node:
        case Name(name=name):
            return f"{node.type} `{name}`"
        case Literal(value=str(text)):
            return f'str "{text}"'
        case Literal(value=value):
            return f"{node.type} {value}"
    return str(node.type)


def condition_hint(node: Node) -> str:
    """Return how to make a condition of something that is none."""
    name = node.name if isinstance(node, Name) else "x"
    match node.type:
        case Type.INT | Type.FLOAT:
            return f"compare it, for instance {name} > 0"
        case Type.STR:
            return f'compare it, for instance {name} == "..."'
        case Type.TIME:
            return _TIME_HINT
    return f"ask whether it is there: not missing({name})"


def to_float(node: Node) -> Node:
    """Bring an int to a float; a constant at once."""
    if node.type is not Type.INT:
        return node
    if isinstance(node, Literal):
        return Literal(Type.FLOAT, nullable=False, value=float(node.value))
    return ToFloat(Type.FLOAT, node.nullable, node)


def alike(left: Node, right: Node) -> tuple[Node, Node] | None:
    """Bring two nodes to one type, or return None when they have none in common."""
    if left.type is right.type:
        return left, right
    if left.type in NUMERIC and right.type in NUMERIC:
        return to_float(left), to_float(right)
    return None


def negate(node: Node, start: int, reporter: Reporter) -> Node | None:
    """Check ``-x``."""
    if node.type not in NUMERIC:
        reporter.report(
            start, "type_mismatch", "`-` needs a number", found=described(node), expected=one_of(NUMERIC)
        )
        return None
    return Negate(node.type, node.nullable or node.type is Type.INT, node)


def arithmetic(op: str, left: Placed, right: Placed, at: int, reporter: Reporter) -> Node | None:
    """Check ``+ - * / %``."""
    one, other = left[0], right[0]
    if one.type is Type.TIME or other.type is Type.TIME:
        if op == "-" and one.type is other.type:
            return Seconds(Type.FLOAT, one.nullable or other.nullable, one, other)
        reporter.report(
            at,
            "type_mismatch",
            f"`{op}` cannot be used with a time",
            found=f"{one.type} {op} {other.type}",
            expected="time - time",
            hint=_TIME_HINT,
        )
        return None
    allowed = frozenset({Type.INT}) if op == "%" else NUMERIC
    wrong = [(node, start) for node, start in (left, right) if node.type not in allowed]
    for node, start in wrong:
        reporter.report(
            start, "type_mismatch", f"`{op}` needs numbers", found=described(node), expected=one_of(allowed)
        )
    if wrong:
        return None
    if op == "/" or one.type is not other.type:
        one, other = to_float(one), to_float(other)
    if op in ("/", "%") and isinstance(other, Literal) and not other.value:
        reporter.report(right[1], "zero_division", "this divides by zero, which is always null")
        return None
    plain: Any = op
    node = Arithmetic(one.type, nullable=True, op=plain, left=one, right=other)
    nullable = one.nullable or other.nullable or can_overflow(node) or can_divide_by_zero(node)
    return Arithmetic(node.type, nullable, node.op, one, other)


def compare(op: str, left: Placed, right: Placed, schema: Schema, reporter: Reporter) -> Node | None:
    """Check ``== != < <= > >=``."""
    one, other = left[0], right[0]
    both = alike(one, other)
    if both is None:
        start = left[1] if isinstance(one, Literal) and not isinstance(other, Literal) else right[1]
        subject, value = (other, one) if start == left[1] else (one, other)
        reporter.report(
            start,
            "type_mismatch",
            f"`{op}` compares two values of one type",
            found=described(value),
            expected=described(subject).replace(" ", " like ", 1),
            hint=_mismatch_hint(subject, value),
        )
        return None
    if one.type is Type.LOCATION:
        reporter.report(
            left[1],
            "type_mismatch",
            "locations cannot be compared",
            found=described(one),
            hint="use km(a, b) < 50",
        )
        return None
    if op not in ("==", "!=") and one.type not in ORDERED:
        reporter.report(
            left[1],
            "type_mismatch",
            f"`{op}` needs values with an order",
            found=described(one),
            expected=one_of(ORDERED),
        )
        return None
    if op in ("==", "!=") and not (
        _is_choice(one, right, schema, reporter) and _is_choice(other, left, schema, reporter)
    ):
        return None
    one, other = both
    plain: Any = op
    return Compare(Type.BOOL, one.nullable or other.nullable, plain, one, other)


def member(
    item: Node, constants: list[tuple[Literal, int]], schema: Schema, reporter: Reporter
) -> Member | None:
    """Check ``x in [...]``."""
    wrong = False
    for constant, start in constants:
        if alike(item, constant) is None:
            wrong = True
            reporter.report(
                start,
                "type_mismatch",
                "the values after `in` must be of the type before it",
                found=described(constant),
                expected=described(item).replace(" ", " like ", 1),
                hint=_mismatch_hint(item, constant),
            )
        elif not _is_choice(item, (constant, start), schema, reporter):
            wrong = True
    if wrong:
        return None
    values: list[Literal] = [constant for constant, _ in constants]
    if item.type is Type.FLOAT or any(constant.type is Type.FLOAT for constant in values):
        item = to_float(item)
        values = [node for node in map(to_float, values) if isinstance(node, Literal)]
    unique = tuple(dict.fromkeys(constant.value for constant in values))
    return Member(Type.BOOL, item.nullable, item, unique)


def _is_choice(subject: Node, value: Placed, schema: Schema, reporter: Reporter) -> bool:
    """Report a literal that a name with given choices can never equal."""
    literal, start = value
    if not isinstance(subject, Name) or not isinstance(literal, Literal):
        return True
    info = schema.names.get(subject.name)
    if info is None or info.choices is None or literal.value in info.choices:
        return True
    near = did_you_mean(str(literal.value), info.choices).replace("`", '"')
    reporter.report(
        start,
        "unknown_choice",
        f"`{subject.name}` never has this value",
        found=described(literal).removeprefix("str "),
        expected="one of " + ", ".join(sorted(info.choices)),
        hint=near,
    )
    return False


def _mismatch_hint(subject: Node, value: Node) -> str:
    if Type.TIME in (subject.type, value.type):
        return _TIME_HINT
    if subject.type is Type.STR and isinstance(value, Literal) and value.type is not Type.BOOL:
        return f'write "{value.value}"'
    if subject.type in NUMERIC and isinstance(value, Literal) and re.fullmatch(r"[0-9]+", str(value.value)):
        return f"write {value.value}"
    if subject.type is Type.BOOL and isinstance(value, Literal):
        return "a condition stands alone or after `not`"
    return ""
