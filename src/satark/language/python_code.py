"""Pieces of generated Python code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.language.schema import Constant

NOT_NULL = " is not None"


@dataclass(frozen=True, slots=True)
class Code:
    """One piece of code.

    Attributes
    ----------
    guards
        Conditions under which the piece is not null; they may bind locals that the body reads.
    body
        An expression for the value, good once all guards hold.
    value
        An expression for the value or None, where that is the shorter way; None: made of guards and body.
    unchecked
        The body is a float that may have overflowed.
    """

    guards: tuple[str, ...]
    body: str
    value: str | None = None
    unchecked: bool = False


def joined(conditions: Sequence[str]) -> str:
    """Join conditions with ``and``, leaving out null checks that were made before.

    Examples
    --------
    >>> joined(["a is not None", "a > 1", "a is not None", "a < 9"])
    'a is not None and a > 1 and a < 9'
    """
    kept: list[str] = []
    for condition in conditions:
        plain = condition.endswith(NOT_NULL) and ":=" not in condition
        if not (plain and condition in kept):
            kept.append(condition)
    return " and ".join(kept) if kept else "True"


def written(value: Constant) -> str:
    r"""Write a constant as Python code.

    Examples
    --------
    >>> written(-5), written("é"), written(True)
    ('(-5)', "'\\xe9'", 'True')
    """
    text = ascii(value)
    return f"({text})" if text.startswith("-") else text
