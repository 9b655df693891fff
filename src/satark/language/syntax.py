"""The tree of an expression as written, before names and types are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Literal as Exactly

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Syntax:
    """A piece of the tree: the offset of its first character and the depth below it."""

    start: int
    depth: int


@dataclass(frozen=True, slots=True)
class Broken(Syntax):
    """What could not be parsed; it was reported, and nothing else is said about it."""


@dataclass(frozen=True, slots=True)
class LiteralSyntax(Syntax):
    """A number, text, True or False; ``text`` is as written, with its sign."""

    value: bool | int | float | str
    text: str


@dataclass(frozen=True, slots=True)
class NameSyntax(Syntax):
    """A name, perhaps dotted."""

    name: str


@dataclass(frozen=True, slots=True)
class ListSyntax(Syntax):
    """Literals in brackets, on the right of ``in``."""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class CallSyntax(Syntax):
    """A function and its arguments."""

    function: str
    arguments: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class UnarySyntax(Syntax):
    """``not x`` or ``-x``."""

    op: Exactly["not", "-"]
    operand: Syntax


@dataclass(frozen=True, slots=True)
class BinarySyntax(Syntax):
    """``+ - * / %``; ``at`` is the operator's offset."""

    op: str
    left: Syntax
    right: Syntax
    at: int


@dataclass(frozen=True, slots=True)
class ChainSyntax(Syntax):
    """One comparison or a chain of them: ``a < b <= c``, ``x in (...)``."""

    ops: tuple[str, ...]
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class LogicSyntax(Syntax):
    """``a and b and c`` or ``a or b or c``."""

    op: Exactly["and", "or"]
    items: tuple[Syntax, ...]


def names_in(syntax: Syntax) -> Iterator[NameSyntax]:
    """Yield every name below a piece, in the order of the text."""
    match syntax:
        case NameSyntax():
            yield syntax
        case UnarySyntax(operand=operand):
            yield from names_in(operand)
        case BinarySyntax(left=left, right=right):
            yield from names_in(left)
            yield from names_in(right)
        case ListSyntax(items=items) | LogicSyntax(items=items) | CallSyntax(arguments=items):
            for item in items:
                yield from names_in(item)
        case ChainSyntax(operands=operands):
            for operand in operands:
                yield from names_in(operand)
