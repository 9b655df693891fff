"""The tree as written to the typed tree, or to a list of everything that is wrong with it.

A piece that is wrong becomes None and is silent from there on, so that each mistake is told once, where it
is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from satark.language import operators
from satark.language.calls import check_call
from satark.language.diagnostics import did_you_mean, quoted
from satark.language.folding import folded
from satark.language.limits import MAX_NODES
from satark.language.syntax import (
    BinarySyntax,
    Broken,
    CallSyntax,
    ChainSyntax,
    ListSyntax,
    LiteralSyntax,
    LogicSyntax,
    NameSyntax,
    Syntax,
    UnarySyntax,
)
from satark.language.tree import And, Literal, Name, Node, Not, Or, children
from satark.language.types import INT_MAX, INT_MIN, SCALAR, Type

if TYPE_CHECKING:
    from satark.language.diagnostics import Reporter
    from satark.language.schema import Constant, Schema

_CONSTANT_TYPES: dict[type, Type] = {bool: Type.BOOL, int: Type.INT, float: Type.FLOAT, str: Type.STR}


class Checker:
    """Checks one expression against a schema.

    Parameters
    ----------
    schema
        What the expression may name.
    reporter
        Where mistakes go.
    """

    def __init__(self, schema: Schema, reporter: Reporter) -> None:
        self.schema = schema
        self.reporter = reporter
        self.lists: set[str] = set()
        self._sizes: dict[int, tuple[Node, int]] = {}

    def check(self, syntax: Syntax) -> Node | None:
        """Return the typed node, or None when something in it is wrong (and reported)."""
        start = syntax.at if isinstance(syntax, BinarySyntax) else syntax.start
        return folded(self._check(syntax), start, self.reporter)

    def _check(self, syntax: Syntax) -> Node | None:
        match syntax:
            case LiteralSyntax(start=start, value=value):
                return self.literal(start, value)
            case NameSyntax(start=start, name=name):
                return self._name(start, name)
            case UnarySyntax(op="not", operand=operand):
                inner = self.boolean(operand)
                return None if inner is None else Not(Type.BOOL, inner.nullable, inner)
            case UnarySyntax(start=start, operand=operand):
                number = self.check(operand)
                return None if number is None else operators.negate(number, start, self.reporter)
            case BinarySyntax(op=op, left=left, right=right, at=at):
                one, other = self.check(left), self.check(right)
                if one is None or other is None:
                    return None
                return operators.arithmetic(op, (one, left.start), (other, right.start), at, self.reporter)
            case LogicSyntax(op=op, items=items):
                nodes = [self.boolean(item) for item in items]
                return _logic(op, nodes)
            case ChainSyntax():
                return self._chain(syntax)
            case CallSyntax():
                return check_call(syntax, self)
            case ListSyntax(start=start, items=items):
                for item in items:
                    self.check(item)
                hint = "a list of values stands on the right of `in`"
                self.reporter.report(start, "syntax", "a list cannot stand here", hint=hint)
        return None

    def boolean(self, syntax: Syntax) -> Node | None:
        """Check a piece that must be a condition."""
        node = self.check(syntax)
        if node is None or node.type is Type.BOOL:
            return node
        self.reporter.report(
            syntax.start,
            "type_mismatch",
            "this is not a condition",
            found=operators.described(node),
            expected="bool",
            hint=operators.condition_hint(node),
        )
        return None

    def literal(self, start: int, value: Constant) -> Node | None:
        """Return a constant, checked for its range."""
        kind = _CONSTANT_TYPES[type(value)]
        if kind is Type.INT and not INT_MIN <= cast("int", value) <= INT_MAX:
            self.reporter.report(
                start, "out_of_range", "the number is too large", expected="a signed number of 64 bits"
            )
            return None
        return Literal(kind, nullable=False, value=value)

    def _name(self, start: int, name: str) -> Node | None:
        if name in self.schema.constants:
            return self.literal(start, self.schema.constants[name])
        info = self.schema.names.get(name)
        if info is not None:
            return Name(info.type, info.nullable, name)
        hint = did_you_mean(name, [*self.schema.names, *self.schema.constants])
        if name in self.schema.lists:
            hint = f'`{name}` is a list; write listed(x, "{name}")'
        self.reporter.report(start, "unknown_name", f"there is no fact or feature {quoted(name)}", hint=hint)
        return None

    def _chain(self, syntax: ChainSyntax) -> Node | None:
        parts: list[Node | None] = []
        lists = [op in ("in", "not in") for op in syntax.ops]
        nodes = [
            None if isinstance(o, ListSyntax) or (index and lists[index - 1]) else self.check(o)
            for index, o in enumerate(syntax.operands)
        ]
        for index, op in enumerate(syntax.ops):
            left, right = syntax.operands[index], syntax.operands[index + 1]
            if op in ("in", "not in"):
                parts.append(self._member(op, left, nodes[index], right))
                continue
            for side in (left, right):
                if isinstance(side, ListSyntax):
                    self.check(side)
            one, other = nodes[index], nodes[index + 1]
            if one is None or other is None:
                parts.append(None)
            else:
                parts.append(
                    operators.compare(op, (one, left.start), (other, right.start), self.schema, self.reporter)
                )
        # The middle of a chain stands on both sides; the bound on parts is for what a chain really costs.
        whole = _logic("and", [folded(part, syntax.start, self.reporter) for part in parts])
        if whole is not None and self._size(whole) > MAX_NODES:
            self.reporter.report(
                syntax.start,
                "too_large",
                "the comparisons are chained too deeply",
                expected=f"{MAX_NODES} parts",
            )
            return None
        return whole

    def _member(self, op: str, left: Syntax, item: Node | None, right: Syntax) -> Node | None:
        if isinstance(left, ListSyntax):
            self.check(left)
        if not isinstance(right, ListSyntax):
            if not isinstance(right, Broken):
                subject = left.name if isinstance(left, NameSyntax) else "x"
                asked = right.name if isinstance(right, NameSyntax) else "name"
                self.reporter.report(
                    right.start,
                    "syntax",
                    "`in` needs a list of values",
                    expected='a list such as ["card", "upi"]',
                    hint=f'a list of the policy is asked with listed({subject}, "{asked}")',
                )
            return None
        values = [(self.check(value), value.start) for value in right.items]
        if not right.items:
            self.reporter.report(
                right.start, "syntax", "the list of values is empty", expected="at least one value"
            )
        constants: list[tuple[Literal, int]] = []
        for node, start in values:
            if isinstance(node, Literal):
                constants.append((node, start))
            elif node is not None:
                self.reporter.report(
                    start,
                    "not_constant",
                    "the values after `in` must be constants",
                    found=operators.described(node),
                    expected="a number or a text",
                    hint="write x == a or x == b",
                )
        if item is None or not constants or len(constants) < len(right.items):
            return None
        if item.type not in SCALAR:
            self.reporter.report(
                left.start,
                "type_mismatch",
                "this cannot be compared",
                found=str(item.type),
                hint="use km(a, b)",
            )
            return None
        node = folded(
            operators.member(item, constants, self.schema, self.reporter), left.start, self.reporter
        )
        if node is None or op == "in":
            return node
        return Not(Type.BOOL, node.nullable, node)

    def _size(self, node: Node) -> int:
        known = self._sizes.get(id(node))
        if known is not None:
            return known[1]
        size = 1 + sum(self._size(child) for child in children(node))
        self._sizes[id(node)] = (node, size)
        return size


def _logic(op: str, nodes: list[Node | None]) -> Node | None:
    """Join conditions, flattening what is joined by the same word."""
    items: list[Node] = []
    for node in nodes:
        if node is None:
            return None
        items.extend(node.items if isinstance(node, And if op == "and" else Or) else [node])
    if len(items) == 1:
        return items[0]
    nullable = any(item.nullable for item in items)
    return (And if op == "and" else Or)(Type.BOOL, nullable, tuple(items))
