"""The typed tree to Python code.

Each strict piece (null when a part is null) is written as guards and a body: when all guards hold, in their
order, the body is its value; otherwise it is null. A condition is written twice over, as "is true" and as
"is false", so that three-valued logic becomes plain ``and`` and ``or`` with their short circuits, without a
null ever being made.

The text of a policy never reaches the code: names become numbered locals, constants are written by
``repr``, and the functions are the registry's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.language.bounds import can_divide_by_zero, can_overflow
from satark.language.python_code import NOT_NULL, Code, joined, written
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
from satark.language.types import FLOAT_MAX, INT_MAX, INT_MIN, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONTRARY = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class PythonWriter:
    """Writes the expressions of one generated function.

    Parameters
    ----------
    places
        The local variable of each name.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._temporaries = 0
        self.helpers: dict[str, Any] = {}

    def helper(self, name: str, function: object) -> str:
        """Make a function known to the code and return the name to call it by."""
        self.helpers[f"_{name}"] = function
        return f"_{name}"

    def temporary(self) -> str:
        """Return a local that nothing else uses."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def value(self, node: Node) -> str:
        """Return an expression for the value or None."""
        if isinstance(node, Name):
            return self._places[node.name]
        if isinstance(node, (And, Or)):
            return self._logic_value(node)
        code = self.code(node)
        if code.value is not None:
            return code.value
        return f"({code.body} if {joined(code.guards)} else None)" if code.guards else code.body

    def true(self, node: Node) -> list[str]:
        """Return conditions that hold together exactly when the node is true."""
        match node:
            case And(items=items):
                return [condition for item in items for condition in self.true(item)]
            case Or(items=items):
                return [f"({' or '.join(joined(self.true(item)) for item in items)})"]
            case Not(operand=operand):
                return self.false(operand)
        code = self.code(node)
        return [*code.guards, code.body] if code.value is None else [code.value]

    def false(self, node: Node) -> list[str]:
        """Return conditions that hold together exactly when the node is false."""
        match node:
            case Or(items=items):
                return [condition for item in items for condition in self.false(item)]
            case And(items=items):
                return [f"({' or '.join(joined(self.false(item)) for item in items)})"]
            case Not(operand=operand):
                return self.true(operand)
            case Compare(op=op, left=left, right=right):
                one, other = self.code(left), self.code(right)
                return [*one.guards, *other.guards, f"{one.body} {_CONTRARY[op]} {other.body}"]
        code = self.code(node)
        return [*code.guards, f"not {code.body}"] if code.value is None else [f"{code.value} is False"]

    def from_value(self, expression: str) -> Code:
        """Return the code of an expression that gives the value or None."""
        local = self.temporary()
        return Code((f"({local} := {expression}){NOT_NULL}",), local, value=expression)

    def strict(self, nodes: Sequence[Node]) -> tuple[tuple[str, ...], list[str]]:
        """Return the guards under which none of the nodes is null, and their bodies."""
        codes = [self.code(node) for node in nodes]
        return tuple(g for code in codes for g in code.guards), [code.body for code in codes]

    def within(self, guards: tuple[str, ...], body: str) -> Code:
        """Return the code of an int that is null outside 64 bits."""
        local = self.temporary()
        return Code((*guards, f"{INT_MIN} <= ({local} := {body}) <= {INT_MAX}"), local)

    def code(  # noqa: PLR0911 - one per kind of node
        self, node: Node, *, unchecked: bool = False
    ) -> Code:
        """Return the code of a node; with ``unchecked`` a float may come without its check for overflow."""
        match node:
            case Literal(value=value):
                return Code((), written(value))
            case Name(nullable=nullable, name=name):
                local = self._places[name]
                return Code((local + NOT_NULL,) if nullable else (), local)
            case ToFloat(operand=operand):
                guards, (body,) = self.strict([operand])
                return Code(guards, f"({body} * 1.0)")
            case Negate():
                return self._negate(node, unchecked=unchecked)
            case Arithmetic():
                return self._arithmetic(node, unchecked=unchecked)
            case Seconds(left=left, right=right):
                guards, (one, other) = self.strict([left, right])
                return Code(guards, f"(({one} - {other}) / 1000000.0)")
            case Compare(op=op, left=left, right=right):
                guards, (one, other) = self.strict([left, right])
                return Code(guards, f"({one} {op} {other})")
            case Member(item=item, values=values):
                guards, (body,) = self.strict([item])
                return Code(guards, f"({body} in {{{', '.join(map(written, values))}}})")
            case Not(operand=operand):
                inner = self.code(operand)
                return Code(inner.guards, f"(not {inner.body})")
            case And() | Or():
                if node.nullable:
                    return self.from_value(self._logic_value(node))
                return Code((), f"({joined(self.true(node))})")
            case Call(function=function):
                write = FUNCTIONS[function].write_python
                if write is not None:
                    return write(node, self)
        raise AssertionError(node)

    def _negate(self, node: Negate, *, unchecked: bool) -> Code:
        inner = self.code(node.operand, unchecked=unchecked)
        if node.type is Type.INT:
            local = self.temporary()
            return Code((*inner.guards, f"({local} := -{inner.body}) <= {INT_MAX}"), local)
        return Code(inner.guards, f"(-{inner.body})", unchecked=inner.unchecked)

    def _arithmetic(self, node: Arithmetic, *, unchecked: bool) -> Code:
        left, right = node.left, node.right
        # Python brings an int to a double by itself when the other side is one.
        if isinstance(right, ToFloat):
            right = right.operand
        elif isinstance(left, ToFloat):
            left = left.operand
        one = self.code(left, unchecked=True)
        other = self.code(right, unchecked=node.op != "/")
        guards, divisor = (*one.guards, *other.guards), other.body
        if can_divide_by_zero(node):
            if not divisor.isidentifier():
                local = self.temporary()
                guards, divisor = (*guards, f"({local} := {divisor})"), local
            else:
                guards = (*guards, divisor)
        body = f"{one.body} {node.op} {divisor}"
        overflows = can_overflow(node)
        if node.type is Type.INT:
            return self.within(guards, body) if overflows else Code(guards, f"({body})")
        # What is not finite stays so through + - * and as a dividend, so one check at the top is enough.
        overflows = overflows or one.unchecked or other.unchecked
        if overflows and not unchecked:
            local = self.temporary()
            return Code((*guards, f"{-FLOAT_MAX!r} <= ({local} := {body}) <= {FLOAT_MAX!r}"), local)
        return Code(guards, f"({body})", unchecked=overflows)

    def _logic_value(self, node: And | Or) -> str:
        if not node.nullable:
            return f"({joined(self.true(node))})"
        decides = "False" if isinstance(node, And) else "True"
        other = "True" if isinstance(node, And) else "False"
        locals_ = [self.temporary() for _ in node.items]
        values = [self.value(item) for item in node.items]
        decided = " or ".join(
            f"({local} := {value}) is {decides}" for local, value in zip(locals_, values, strict=True)
        )
        unknown = " or ".join(f"{local} is None" for local in locals_)
        return f"({decides} if {decided} else None if {unknown} else {other})"
