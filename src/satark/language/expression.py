"""From the text of an expression to a checked expression: the door of the language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satark.language.canonical import canonical
from satark.language.checker import Checker
from satark.language.diagnostics import Diagnostic, Reporter
from satark.language.lexer import tokens
from satark.language.limits import MAX_SOURCE_CHARS
from satark.language.operators import described, to_float
from satark.language.parser import Parser, TooComplex
from satark.language.tree import Name, Node, walk
from satark.language.types import Type

if TYPE_CHECKING:
    from satark.language.diagnostics import Position
    from satark.language.schema import Schema
    from satark.language.syntax import Syntax


@dataclass(frozen=True, slots=True)
class TypedExpr:
    """A checked expression; two are equal when they mean the same by their canonical text and type.

    Attributes
    ----------
    source
        The text as written.
    type
        The type of its value.
    nullable
        Whether the value can be null.
    names
        The facts and features it reads.
    lists
        The lists it asks.
    canonical
        The text in one form: constants in place, brackets around every operation.
    tree
        For the back ends.
    """

    source: str = field(compare=False)
    type: Type
    nullable: bool = field(compare=False)
    names: frozenset[str] = field(compare=False)
    lists: frozenset[str] = field(compare=False)
    canonical: str
    tree: Node = field(compare=False, repr=False)


def parse_and_check(
    source: str, schema: Schema, position: Position, expect: Type | None = None
) -> tuple[TypedExpr | None, list[Diagnostic]]:
    """Parse and check one expression.

    Never raises, whatever the text.

    Parameters
    ----------
    source
        The text, at most 4,000 characters.
    schema
        The names, lists and constants it may use.
    position
        Where its first character stands.
    expect
        The type it must have (``Type.BOOL`` for a rule); an int is brought to an expected float.

    Returns
    -------
    tuple
        The expression, or None when there are diagnostics; and all the diagnostics, in the order of the text.

    Examples
    --------
    >>> from satark.language.diagnostics import Position
    >>> from satark.language.schema import NameInfo, Schema
    >>> method = NameInfo(Type.STR, choices=frozenset({"card", "upi"}))
    >>> schema = Schema({"amount": NameInfo(Type.INT), "method": method})
    >>> expr, _ = parse_and_check('amount > rupees(500) and method == "card"', schema, Position("p.yaml"))
    >>> expr.canonical, sorted(expr.names)
    ('(amount > 50000) and (method == "card")', ['amount', 'method'])
    >>> for diagnostic in parse_and_check('amout > 5 or method == "crad"', schema, Position("p.yaml", 4))[1]:
    ...     print(diagnostic)
    p.yaml:4:1: there is no fact or feature `amout` (did you mean `amount`?)
    p.yaml:4:24: `method` never has this value (found "crad", expected one of card, upi; did you mean "card"?)
    """
    reporter = Reporter(source, position)
    tree = parsed(source, reporter)
    if tree is None:
        return None, reporter.sorted()
    return checked(source, tree, schema, reporter, expect)


def parsed(source: str, reporter: Reporter) -> Syntax | None:
    """Parse a text that is one expression; None when a bound of the language is passed."""
    if not within_bounds(source, reporter):
        return None
    try:
        return Parser(tokens(source, reporter), reporter).whole()
    except TooComplex:
        return None


def within_bounds(source: str, reporter: Reporter) -> bool:
    """Report a text that is empty or too long to be read at all."""
    if len(source) > MAX_SOURCE_CHARS:
        reporter.report(
            0,
            "too_long",
            "the text is too long",
            found=f"{len(source)} characters",
            expected=f"at most {MAX_SOURCE_CHARS}",
        )
        return False
    if not source.strip():
        reporter.report(0, "syntax", "the text is empty", expected="an expression")
        return False
    return True


def checked(
    source: str, tree: Syntax, schema: Schema, reporter: Reporter, expect: Type | None = None
) -> tuple[TypedExpr | None, list[Diagnostic]]:
    """Check a parsed expression; diagnostics of the parser are in the reporter already."""
    checker = Checker(schema, reporter)
    if expect is Type.BOOL:
        node = checker.boolean(tree)
    else:
        node = checker.check(tree)
        if node is not None and expect is Type.FLOAT:
            node = to_float(node)
        if node is not None and expect is not None and node.type is not expect:
            reporter.report(
                tree.start,
                "type_mismatch",
                "this has another type",
                found=described(node),
                expected=str(expect),
            )
    if node is None or reporter.diagnostics:
        return None, reporter.sorted()
    return finished(source, node, checker), []


def finished(source: str, node: Node, checker: Checker) -> TypedExpr:
    """Return the checked expression of a typed tree."""
    names = frozenset(n.name for n in walk(node) if isinstance(n, Name))
    return TypedExpr(source, node.type, node.nullable, names, frozenset(checker.lists), canonical(node), node)
