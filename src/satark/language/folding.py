"""Constants computed before anything runs, so that every piece of a typed tree that is no literal reads a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language.python_backend import PythonWriter
from satark.language.tree import Call, Literal, Node, children

if TYPE_CHECKING:
    from satark.language.diagnostics import Reporter


def folded(node: Node | None, start: int, reporter: Reporter) -> Node | None:
    """Return the literal that a piece made of literals alone stands for, or the piece itself.

    A piece that is null for all events, and a question to a list about a constant, are mistakes and are reported.
    """
    if node is None or isinstance(node, Literal):
        return node
    parts = children(node)
    if isinstance(node, Call) and node.function == "listed":
        parts = parts[:1]
        if isinstance(parts[0], Literal):
            reporter.report(
                start, "constant", "a list is asked about a constant", expected="a fact or a feature"
            )
            return None
        return node
    if not parts or not all(isinstance(part, Literal) for part in parts):
        return node
    writer = PythonWriter({})
    code = compile(writer.value(node), "<constant>", "eval")
    value = eval(code, {**writer.helpers, "__builtins__": {}})  # noqa: S307 - our own text, never a policy's
    if value is None:
        reporter.report(start, "out_of_range", "the result is out of range, so it is always null")
        return None
    return Literal(node.type, nullable=False, value=value)
