"""The tree of an expression after the checker: names resolved, types known, numbers brought to one kind.

Both back ends (`satark.language.python_backend`, `satark.language.polars_backend`) read this tree and
nothing else, so they cannot disagree on what an expression means, only on how to compute it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Literal as Exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.language.schema import Constant
    from satark.language.types import Type


@dataclass(frozen=True, slots=True)
class Node:
    """A typed piece: its type, and whether it can be null."""

    type: Type
    nullable: bool


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant."""

    value: Constant


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A fact or feature."""

    name: str


@dataclass(frozen=True, slots=True)
class ToFloat(Node):
    """An int where a float is needed: rounded to the nearest double, ties to even."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """``-x``; the least int has no negative, so it becomes null."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """``+ - * / %`` on two ints or two floats (``/`` only floats, ``%`` only ints)."""

    op: Exactly["+", "-", "*", "/", "%"]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Seconds(Node):
    """A time minus a time, in seconds."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """Two values of one type compared."""

    op: Exactly["==", "!=", "<", "<=", ">", ">="]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Member(Node):
    """``x in (...)``; the values are literals of x's type."""

    item: Node
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class And(Node):
    """True when all are, false when any is false, else null."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """True when any is, false when all are false, else null."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The contrary; null stays null."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of the registry."""

    function: str
    arguments: tuple[Node, ...]


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below a node."""
    match node:
        case And(items=items) | Or(items=items) | Call(arguments=items):
            return items
        case (
            Arithmetic(left=left, right=right)
            | Seconds(left=left, right=right)
            | Compare(left=left, right=right)
        ):
            return (left, right)
        case ToFloat(operand=operand) | Negate(operand=operand) | Not(operand=operand) | Member(item=operand):
            return (operand,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, depth first."""
    yield node
    for child in children(node):
        yield from walk(child)
