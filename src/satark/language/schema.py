"""What an expression may speak of: names with their types, lists, and constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.language.types import Type

Constant = bool | int | float | str


@dataclass(frozen=True, slots=True)
class NameInfo:
    """One fact or feature.

    Attributes
    ----------
    type
        Its type.
    nullable
        Whether it can be missing; code for names that cannot is faster.
    choices
        The only texts it can have (``card``, ``upi``, ...), so that a misspelt literal is an error; None:
        any.
    """

    type: Type
    nullable: bool = True
    choices: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ListInfo:
    """One list of a policy: the type of its entries."""

    type: Type


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything that an expression may name.

    Attributes
    ----------
    names
        Facts and features.
    lists
        Lists for ``listed(x, "name")``.
    constants
        Parameters of a rule; an expression sees their value as if it were written there.
    """

    names: Mapping[str, NameInfo]
    lists: Mapping[str, ListInfo] = field(default_factory=dict)
    constants: Mapping[str, Constant] = field(default_factory=dict)
