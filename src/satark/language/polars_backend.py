"""The typed tree to Polars expressions, with the same value on every row as the Python code.

Polars wraps ints around, lets floats become infinite and converts an int to a double before it compares; the
checker's tree already says where an int becomes a float, and here overflow and division by zero become null.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from satark.language.bounds import can_divide_by_zero, can_overflow
from satark.language.registry import FUNCTIONS
from satark.language.tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Literal,
    Member,
    Name,
    Negate,
    Node,
    Not,
    Or,
    Seconds,
    ToFloat,
)
from satark.language.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.language.bulk import PolarsEnv

_DTYPES = {
    Type.INT: pl.Int64(),
    Type.FLOAT: pl.Float64(),
    Type.BOOL: pl.Boolean(),
    Type.STR: pl.String(),
    Type.TIME: pl.Int64(),
    Type.LOCATION: pl.Struct({"lat": pl.Float64(), "lon": pl.Float64(), "accuracy_m": pl.Float64()}),
}
_US_PER_SECOND = 1e6
# A piece that is used twice doubles what is below it; above this size it is computed once, behind a function.
_MAX_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class Column:
    """One piece: the expression, how many parts it has, and whether it is a float that may not be finite."""

    expr: pl.Expr
    weight: int
    unchecked: bool = False


class PolarsWriter:
    """Writes expressions for one frame.

    Parameters
    ----------
    env
        Where columns and lists come from.
    """

    def __init__(self, env: PolarsEnv) -> None:
        self.env = env

    def value(self, node: Node) -> pl.Expr:
        """Return the expression of a node."""
        return self.column(node).expr

    def apply(self, nodes: Sequence[Node], build: Callable[..., pl.Expr]) -> Column:
        """Return what is built from nodes, each of which it uses once."""
        columns = [self.column(node) for node in nodes]
        return Column(build(*(c.expr for c in columns)), 1 + sum(c.weight for c in columns))

    def bind(self, nodes: Sequence[Node], uses: int, build: Callable[..., pl.Expr], kind: Type) -> Column:
        """Return what is built from nodes, each of which it uses several times."""
        return _bound([self.column(node) for node in nodes], uses, build, _DTYPES[kind])

    def column(self, node: Node, *, unchecked: bool = False) -> Column:
        """Return the column of a node; with ``unchecked`` a float may come without its check for overflow."""
        column = self._column(node)
        if column.unchecked and not unchecked:
            return _bound([column], 2, lambda x: pl.when(x.is_finite()).then(x), pl.Float64())
        return column

    def _column(self, node: Node) -> Column:  # noqa: C901, PLR0911, PLR0912 - one per kind of node
        match node:
            case Literal(value=value):
                return Column(pl.lit(value, dtype=_DTYPES[node.type]), 1)
            case Name(name=name):
                return Column(self._named(name, node.type), 1)
            case ToFloat(operand=operand):
                return self.apply([operand], lambda x: x.cast(pl.Float64))
            case Negate(operand=operand):
                if node.type is Type.INT:
                    return self.apply(
                        [operand], lambda x: (0 - x.cast(pl.Int128)).cast(pl.Int64, strict=False)
                    )
                inner = self.column(operand, unchecked=True)
                return Column(-inner.expr, inner.weight + 1, unchecked=inner.unchecked)
            case Arithmetic():
                return self._arithmetic(node)
            case Seconds(left=left, right=right):
                span = self.apply([left, right], lambda a, b: (a - b).cast(pl.Float64))
                return _divided(span, Column(pl.lit(_US_PER_SECOND), 1))
            case Compare(op=op, left=Literal() as left, right=right):
                # Polars does not broadcast the result when a literal on the left meets a column of one value.
                return self.apply([right, left], _COMPARISONS[_TURNED[op]])
            case Compare(op=op, left=left, right=right):
                return self.apply([left, right], _COMPARISONS[op])
            case Member(item=item, values=values) if item.type is Type.FLOAT:
                equal = self.column(item)
                return _bound(
                    [equal], len(values), lambda x: pl.any_horizontal([x == v for v in values]), pl.Boolean()
                )
            case Member(item=item, values=values):
                known = pl.Series(values, dtype=_DTYPES[item.type]).implode()
                return self.apply([item], lambda x: x.is_in(known))
            case And(items=items):
                return self.apply(items, pl.all_horizontal)
            case Or(items=items):
                return self.apply(items, pl.any_horizontal)
            case Not(operand=operand):
                return self.apply([operand], lambda x: ~x)
            case Call(function=function):
                write = FUNCTIONS[function].write_polars
                if write is not None:
                    return write(node, self)
        raise AssertionError(node)

    def _named(self, name: str, kind: Type) -> pl.Expr:
        column = self.env.column(name, kind)
        return column if kind is Type.LOCATION else column.cast(_DTYPES[kind], strict=False)

    def _arithmetic(self, node: Arithmetic) -> Column:
        apply = _OPERATIONS[node.op]
        if node.type is Type.INT:
            # Polars gives null for a remainder of a division by zero, as we do.
            if not can_overflow(node):
                return self.apply([node.left, node.right], apply)
            return self.apply(
                [node.left, node.right],
                lambda a, b: apply(a.cast(pl.Int128), b.cast(pl.Int128)).cast(pl.Int64, strict=False),
            )
        # What is not finite stays so through + - * and as a dividend, so one check at the top is enough.
        left = self.column(node.left, unchecked=True)
        right = self.column(node.right, unchecked=node.op != "/")
        unchecked = can_overflow(node) or can_divide_by_zero(node) or left.unchecked or right.unchecked
        if node.op == "/":
            return replace(_divided(left, right), unchecked=unchecked)
        return Column(apply(left.expr, right.expr), 1 + left.weight + right.weight, unchecked=unchecked)


def _bound(columns: Sequence[Column], uses: int, build: Callable[..., pl.Expr], dtype: pl.DataType) -> Column:
    """Build from columns that are used several times without letting the expression grow without bound."""
    weight = 1 + uses * sum(c.weight for c in columns)
    if weight <= _MAX_WEIGHT:
        return Column(build(*(c.expr for c in columns)), weight)

    def once(series: Sequence[pl.Series]) -> pl.Series:
        rows = max(len(s) for s in series)
        parts = [s if len(s) == rows else s.new_from_index(0, rows) for s in series]
        frame = pl.DataFrame([s.alias(str(i)) for i, s in enumerate(parts)])
        built = build(*(pl.col(str(i)) for i in range(len(parts))))
        return frame.select(built.cast(dtype)).to_series()

    return Column(pl.map_batches([c.expr for c in columns], once, return_dtype=dtype), _MAX_WEIGHT // 2)


def _divided(dividend: Column, divisor: Column) -> Column:
    """Divide row by row.

    Where the divisor is one number for all rows (a literal, or all of a column), Polars multiplies by its
    reciprocal, which is off by a bit. So it is made a column: x - x is 0, or not finite where the quotient is
    not either.
    """
    return _bound([dividend, divisor], 3, lambda x, number: x / (number + (x - x)), pl.Float64())


_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPERATIONS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_COMPARISONS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
