"""A window's condition in words: "amount < ₹200", "no merchant", instead of the author's text.

Only what windows usually say has words; any other piece stays as the policy has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language.canonical import canonical
from satark.language.tree import And, Call, Compare, Literal, Member, Name, Node, Not, Or, ToFloat
from satark.web.i18n import mark as _

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATORS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}
CHOICE_NAMES = {
    "authorised": _("authorised"),
    "declined": _("declined"),
    "charged_back": _("charged back"),
    "refunded": _("refunded"),
    "captured": _("captured"),
    "added": _("payee added"),
    "removed": _("payee removed"),
    "limit_raised": _("limit raised"),
    "fraud": _("fraud"),
    "genuine": _("genuine"),
}
_AND = _("and")
_OR = _("or")
_NOT = _("not: %s")
_WITHOUT = _("without: %s")


class Conditions:
    """Writes typed trees in words.

    Parameters
    ----------
    name, value
        What a fact is called, and how a value of it is written.
    translate
        The catalogue of the reader's language.
    """

    def __init__(
        self,
        name: Callable[[str], str],
        value: Callable[[str, object], str],
        translate: Callable[[str], str],
    ) -> None:
        self._name = name
        self._value = value
        self._translate = translate

    def words(self, node: Node) -> str:
        """Return a condition in words."""
        match node:
            case And(items=items):
                return f" {self._translate(_AND)} ".join(self._inner(item) for item in items)
            case Or(items=items):
                return f" {self._translate(_OR)} ".join(self._inner(item) for item in items)
            case Not(operand=operand):
                return self._translate(_NOT).replace("%s", self.words(operand))
            case Call(function="missing", arguments=(Name(name=name),)):
                return self._translate(_WITHOUT).replace("%s", self._name(name))
            case Member(item=Name(name=name), values=values):
                return f"{self._name(name)}: {', '.join(self._written(name, value) for value in values)}"
            case Compare(op=op, left=left, right=right):
                return self._compared(op, left, right) or canonical(node)
            case Name(name=name):
                return self._name(name)
        return canonical(node)

    def _compared(self, op: str, left: Node, right: Node) -> str | None:
        one, other = _plain(left), _plain(right)
        if isinstance(one, Name) and isinstance(other, Literal):
            return f"{self._name(one.name)} {OPERATORS[op]} {self._written(one.name, other.value)}"
        if isinstance(one, Name) and isinstance(other, Name):
            return f"{self._name(one.name)} {OPERATORS[op]} {self._name(other.name)}"
        return None

    def _inner(self, node: Node) -> str:
        return f"({self.words(node)})" if isinstance(node, And | Or) else self.words(node)

    def _written(self, name: str, value: object) -> str:
        known = CHOICE_NAMES.get(value) if isinstance(value, str) else None
        return self._value(name, value) if known is None else self._translate(known)


def _plain(node: Node) -> Node:
    while isinstance(node, ToFloat):
        node = node.operand
    return node
