"""An interpreter of the typed tree, written from the language's rules and not from the back ends."""

from __future__ import annotations

import math
from fractions import Fraction

from satark.language import tree as t

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def evaluate(node, row, listed):  # noqa: PLR0911 - one per kind of node
    """Return the value of a node on one row; None is null."""

    def go(child):
        return evaluate(child, row, listed)

    match node:
        case t.Literal(value=value):
            return value
        case t.Name(name=name):
            return row[name]
        case t.And(items=items):
            return _kleene([go(i) for i in items], decides=False)
        case t.Or(items=items):
            return _kleene([go(i) for i in items], decides=True)
        case t.Call(function=function, arguments=arguments):
            return _call(function, arguments, go, listed)
    values = [go(child) for child in t.children(node)]
    if any(v is None for v in values):
        return None
    match node:
        case t.ToFloat():
            return float(values[0])
        case t.Negate():
            return _fits(-values[0])
        case t.Not():
            return not values[0]
        case t.Seconds():
            return float(values[0] - values[1]) / 1e6
        case t.Member(values=members):
            return any(values[0] == m for m in members)
        case t.Compare(op=op):
            return _compare(op, *values)
        case t.Arithmetic(op=op):
            return _arithmetic(op, *values)
    raise AssertionError(node)


def _kleene(values, *, decides):
    if decides in values:
        return decides
    return None if None in values else not decides


def _fits(value):
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if INT_MIN <= value <= INT_MAX else None


def _compare(op, a, b):
    order = (a > b) - (a < b)
    return {
        "==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0,
    }[op]  # fmt: skip


def _arithmetic(op, a, b):
    if op in "/%" and b == 0:
        return None
    if op == "%":
        return a - b * math.floor(Fraction(a, b))
    return _fits({"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[op]())


def _call(function, arguments, go, listed):  # noqa: C901, PLR0911, PLR0912 - one per function
    if function == "if_else":
        return go(arguments[1]) if go(arguments[0]) is True else go(arguments[2])
    values = [go(a) for a in arguments]
    if function == "coalesce":
        return next((v for v in values if v is not None), None)
    if function == "missing":
        return values[0] is None
    if any(v is None for v in values):
        return None
    match function:
        case "listed":
            return listed(values[1], values[0])
        case "abs":
            return _fits(abs(values[0]))
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "round":
            return _fits(round(values[0]))
        case "length":
            return len(values[0])
        case "lower":
            return values[0].lower()
        case "startswith":
            return values[0].startswith(values[1])
        case "endswith":
            return values[0].endswith(values[1])
        case "contains":
            return values[1] in values[0]
        case "hour":
            return (values[0] + 19_800_000_000) // 3_600_000_000 % 24
        case "km":
            return _km(*values)
    raise AssertionError(function)


def _km(a, b):
    # By the chord through the globe instead of haversines.
    def point(place):
        lat, lon = math.radians(place[0]), math.radians(place[1])
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    return 2 * 6371.0088 * math.asin(min(1.0, math.dist(point(a), point(b)) / 2))
