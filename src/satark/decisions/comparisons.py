"""Where the comparisons in a policy's rules turn: from `amount > 3 * usual` to the amount at which it becomes true.

Both sides of every comparison of numbers are compiled into one function. With one value moved by one, the gap between
the sides moves too, and a straight line through both gives the place where the gap is nil. Where a side is no straight
line the place is wrong; whoever asks therefore judges again with the value that comes out (`satark.decisions.changes`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satark.language import Type, TypedExpr, compile_values
from satark.language.canonical import canonical
from satark.language.tree import Compare, Literal, Member, Name, Node, ToFloat, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.decisions.judge import Inputs
    from satark.policies import Policy

_NUMBERS = frozenset({Type.INT, Type.FLOAT})
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of numbers in a rule.

    Attributes
    ----------
    code
        The rule.
    op
        As written, seen from the left side.
    names
        The facts and features of both sides.
    left, right
        The name that is a whole side by itself, if one is.
    """

    code: str
    op: str
    names: frozenset[str]
    left: str | None
    right: str | None


@dataclass(frozen=True, slots=True)
class Limit:
    """What a rule holds a value against: `op` and `at`, as in ``value > 6``."""

    code: str
    op: str
    at: float


class Comparisons:
    """The comparisons of one policy.

    Attributes
    ----------
    items
        In the order of the rules.
    texts
        Per name, the texts that rules compare it with and the names whose text they do.
    """

    def __init__(self, policy: Policy, order: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(order)}
        items: list[Comparison] = []
        sides: list[TypedExpr] = []
        self.texts: dict[str, tuple[set[str], set[str]]] = {}
        self.readers: dict[str, list[str]] = {}
        for rule in policy.rules:
            for name in rule.when.names:
                self.readers.setdefault(name, []).append(rule.code)
            for node in walk(rule.when.tree):
                if isinstance(node, Member):
                    self._note_texts(node.item, [value for value in node.values if isinstance(value, str)])
                elif isinstance(node, Compare) and node.left.type in _NUMBERS:
                    left, right = _typed(node.left), _typed(node.right)
                    names = left.names | right.names
                    if names:
                        lone = (_name_of(node.left), _name_of(node.right))
                        items.append(Comparison(rule.code, node.op, names, *lone))
                        sides += [left, right]
                elif isinstance(node, Compare):
                    self._note_pair(node.left, node.right)
                    self._note_pair(node.right, node.left)
        self.items = tuple(items)
        self._sides = compile_values(sides, order)
        self._sides_of = {
            name: compile_values(
                [
                    side
                    for place, item in enumerate(items)
                    if name in item.names
                    for side in sides[2 * place : 2 * place + 2]
                ],
                order,
            )
            for name in sorted(frozenset[str]().union(*(item.names for item in items)))
        }

    def turns(self, inputs: Inputs, name: str) -> list[float]:
        """Return the values of a number at which comparisons change their answer, as far as they can be told.

        Parameters
        ----------
        inputs
            What the rules were given; the other values stay as they are there.
        name
            A fact or feature that is a number.
        """
        if name not in self._sides_of:
            return []
        known = inputs.values[self._places[name]]
        start = known if is_number(known) else 0
        here, there = self._gaps(inputs, name, start), self._gaps(inputs, name, start + 1)
        turns = [
            start - one / (other - one)
            for one, other in zip(here, there, strict=False)
            if one is not None and other is not None and one != other
        ]
        return [turn for turn in turns if math.isfinite(turn)]

    def limits(self, inputs: Inputs) -> dict[str, list[Limit]]:
        """Return what rules hold each value against where it stands alone on one side of a comparison."""
        try:
            values = self._sides(inputs.values, inputs.lists)
        except Exception:  # noqa: BLE001 - a side that raises has no limit to show
            return {}
        found: dict[str, list[Limit]] = {}
        for number, item in enumerate(self.items):
            left, right = values[2 * number], values[2 * number + 1]
            if item.left is not None and right is not None:
                found.setdefault(item.left, []).append(Limit(item.code, item.op, right))
            if item.right is not None and left is not None:
                found.setdefault(item.right, []).append(Limit(item.code, _MIRRORED[item.op], left))
        return found

    def _gaps(self, inputs: Inputs, name: str, value: float) -> list[float | None]:
        """Return left minus right of each comparison that has a name, with a value in its place."""
        place = self._places[name]
        values = (*inputs.values[:place], value, *inputs.values[place + 1 :])
        try:
            sides = self._sides_of[name](values, inputs.lists)
        except Exception:  # noqa: BLE001 - what cannot be computed turns nowhere
            return []
        return [
            None if left is None or right is None else left - right
            for left, right in zip(sides[::2], sides[1::2], strict=True)
        ]

    def _note_texts(self, node: Node, texts: Sequence[str]) -> None:
        if isinstance(node, Name):
            self.texts.setdefault(node.name, (set(), set()))[0].update(texts)

    def _note_pair(self, node: Node, other: Node) -> None:
        if not isinstance(node, Name) or node.type is not Type.STR:
            return
        if isinstance(other, Literal) and isinstance(other.value, str):
            self._note_texts(node, [other.value])
        elif isinstance(other, Name):
            self.texts.setdefault(node.name, (set(), set()))[1].add(other.name)


def _typed(node: Node) -> TypedExpr:
    names = frozenset(part.name for part in walk(node) if isinstance(part, Name))
    return TypedExpr("", node.type, node.nullable, names, frozenset(), canonical(node), node)


def _name_of(node: Node) -> str | None:
    while isinstance(node, ToFloat):
        node = node.operand
    return node.name if isinstance(node, Name) else None


def is_number(value: Any) -> bool:  # noqa: ANN401 - a value of any type of the language
    """Tell whether a value is a number; yes and no are none.

    Examples
    --------
    >>> is_number(3), is_number(0.5), is_number(True), is_number(None)
    (True, True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool)
