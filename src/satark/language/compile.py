"""Expressions to one generated Python function.

A policy's rules become one function that is called once per event; the filters of windows become one more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from satark.language.python_backend import PythonWriter
from satark.language.python_code import joined
from satark.language.tree import Call, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.language.expression import TypedExpr


class Env(Protocol):
    """What expressions ask of the world, bound to one event."""

    def listed(self, list_name: str, value: Any, /) -> bool | None:  # noqa: ANN401 - of any type
        """Tell whether a list has a value at the time of the event; None: the list is not available."""


def compile_values(
    exprs: Sequence[TypedExpr], order: Sequence[str]
) -> Callable[[Sequence[Any], Env], tuple[Any, ...]]:
    """Compile expressions into one function that returns all their values.

    Parameters
    ----------
    exprs
        The expressions, in the order of the result.
    order
        The names whose values the function is given, in their order.

    Returns
    -------
    Callable
        ``function(values, env)``; None stands for null.

    Raises
    ------
    ValueError
        When a name of an expression is not in ``order``.

    Examples
    --------
    >>> from satark.language import NameInfo, Position, Schema, Type, parse_and_check
    >>> schema = Schema({"a": NameInfo(Type.INT)})
    >>> expr, _ = parse_and_check("a * 2", schema, Position("-"))
    >>> function = compile_values([expr], ["a"])
    >>> function([21], None), function([None], None)
    ((42,), (None,))
    """
    return cast("Callable[[Sequence[Any], Env], tuple[Any, ...]]", _load(values_source(exprs, order)))


def compile_mask(exprs: Sequence[TypedExpr], order: Sequence[str]) -> Callable[[Sequence[Any], Env], int]:
    """Compile conditions into one function that returns which of them are true.

    Parameters
    ----------
    exprs
        Expressions of type bool.
    order
        The names whose values the function is given, in their order.

    Returns
    -------
    Callable
        ``function(values, env)``: bit ``i`` is set exactly when ``exprs[i]`` is true (not false, not null).

    Raises
    ------
    ValueError
        When a name of an expression is not in ``order``.

    Examples
    --------
    >>> from satark.language import NameInfo, Position, Schema, Type, parse_and_check
    >>> schema = Schema({"a": NameInfo(Type.INT)})
    >>> exprs = [parse_and_check(text, schema, Position("-"))[0] for text in ("a > 1", "a > 5", "missing(a)")]
    >>> mask = compile_mask(exprs, ["a"])
    >>> mask([3], None), mask([7], None), mask([None], None)
    (1, 3, 4)
    """
    return cast("Callable[[Sequence[Any], Env], int]", _load(mask_source(exprs, order)))


def compile_each(
    exprs: Sequence[TypedExpr], order: Sequence[str]
) -> list[Callable[[Sequence[Any], Env], Any]]:
    """Compile each expression alone, for when one of them raised and the others are still wanted.

    Returns
    -------
    list of Callable
        ``function(values, env)`` per expression; each returns the value or None.
    """
    singles = [compile_values([expr], order) for expr in exprs]
    return [_first_of(single) for single in singles]


def values_source(exprs: Sequence[TypedExpr], order: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the code of `compile_values` and the functions that it calls."""
    places = _places(exprs, order)
    writer = PythonWriter(places)
    values = "".join(f"{writer.value(expr.tree)}, " for expr in exprs)
    lines = [*_loads(exprs, order, places), f"    return ({values})"]
    return _whole(lines), writer.helpers


def mask_source(exprs: Sequence[TypedExpr], order: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the code of `compile_mask` and the functions that it calls."""
    places = _places(exprs, order)
    writer = PythonWriter(places)
    lines = [*_loads(exprs, order, places), "    m = 0"]
    for index, expr in enumerate(exprs):
        lines += [f"    if {joined(writer.true(expr.tree))}:", f"        m |= {1 << index}"]
    return _whole([*lines, "    return m"]), writer.helpers


def _places(exprs: Sequence[TypedExpr], order: Sequence[str]) -> dict[str, str]:
    used = frozenset[str]().union(*(expr.names for expr in exprs))
    missing = used.difference(order)
    if missing:
        message = f"the order lacks names that expressions use: {', '.join(sorted(missing))}"
        raise ValueError(message)
    return {name: f"v{index}" for index, name in enumerate(order) if name in used}


def _loads(exprs: Sequence[TypedExpr], order: Sequence[str], places: dict[str, str]) -> list[str]:
    """Load each used name once: by unpacking where most are used, else one by one."""
    lines: list[str] = []
    if places and 2 * len(places) >= len(order):
        lines.append(f"    {''.join(f'{places.get(name, chr(95))}, ' for name in order)}= values")
    else:
        lines += [f"    {local} = values[{local[1:]}]" for local in places.values()]
    if any(isinstance(node, Call) and node.function == "listed" for e in exprs for node in walk(e.tree)):
        lines.append("    listed = env.listed")
    return lines


def _whole(lines: Sequence[str]) -> str:
    return "\n".join(["def evaluate(values, env):", *lines, ""])


def _load(source_and_helpers: tuple[str, dict[str, Any]]) -> Callable[..., Any]:
    source, helpers = source_and_helpers
    namespace: dict[str, Any] = {**helpers, "__builtins__": {}}
    exec(compile(source, "<expressions>", "exec"), namespace)  # noqa: S102 - our own text, never a policy's
    return cast("Callable[..., Any]", namespace["evaluate"])


def _first_of(
    function: Callable[[Sequence[Any], Env], tuple[Any, ...]],
) -> Callable[[Sequence[Any], Env], Any]:
    return lambda values, env: function(values, env)[0]
