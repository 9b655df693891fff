"""What a function of the language is: its arguments, its type, and how each back end writes it.

One module in `satark.language.functions` defines one function; `satark.language.registry` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.language.types import Type, one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.core.words import Words
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.python_code import Code
    from satark.language.schema import Constant
    from satark.language.tree import Call, Node


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function.

    Attributes
    ----------
    name
        As the documentation and messages call it.
    types
        What it may be.
    constant
        It must be known before anything runs: a literal or a parameter of the rule.
    alike
        All arguments so marked are brought to one type, which may be the function's type.
    names_list
        It is the name of a list.
    """

    name: str
    types: frozenset[Type]
    constant: bool = False
    alike: bool = False
    names_list: bool = False


def _null_when_an_argument_is(arguments: tuple[Node, ...]) -> bool:
    return any(a.nullable for a in arguments)


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes
    ----------
    name
        As it is called.
    parameters
        Its arguments in order.
    result
        Its type; None: the type of the arguments marked ``alike``.
    doc
        One sentence in English and Hindi.
    variadic
        The last argument may be repeated.
    nullable
        Whether the result may be null, given the arguments.
    fold
        For functions of constants alone: the value, or None when it is out of range.
    write_python, write_polars
        How the back ends write it; None for functions that are always folded.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | None
    doc: Words
    variadic: bool = False
    nullable: Callable[[tuple[Node, ...]], bool] = _null_when_an_argument_is
    fold: Callable[[Constant], Constant | None] | None = None
    write_python: Callable[[Call, PythonWriter], Code] | None = None
    write_polars: Callable[[Call, PolarsWriter], Column] | None = None

    @property
    def signature(self) -> str:
        """The function as documentation writes it.

        Examples
        --------
        >>> from satark.language.registry import FUNCTIONS
        >>> FUNCTIONS["coalesce"].signature
        'coalesce(x, y, ...)'
        """
        names = [f'"{p.name}"' if p.constant and Type.STR in p.types else p.name for p in self.parameters]
        return f"{self.name}({', '.join(names)}{', ...' if self.variadic else ''})"

    def parameter(self, index: int) -> Parameter:
        """Return the parameter for an argument's place."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    def accepts(self, count: int) -> bool:
        """Tell whether it takes so many arguments."""
        return count == len(self.parameters) or (self.variadic and count > len(self.parameters))

    def described(self) -> str:
        """Return the documentation's line on types: ``min(x: int, float or time, ...)``."""
        parts = ", ".join(f"{p.name}: {one_of(p.types)}" for p in self.parameters)
        return f"{self.name}({parts}{', ...' if self.variadic else ''})"
