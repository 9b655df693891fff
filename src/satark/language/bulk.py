"""Expressions to Polars, for replay and backtests over many events at once.

Polars itself is imported only when an expression is written, since an engine that decides one event at a time
does not need it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import polars as pl

    from satark.language.expression import TypedExpr
    from satark.language.types import Type


class PolarsEnv(Protocol):
    """Where the columns and lists of a frame come from."""

    def column(self, name: str, kind: Type, /) -> pl.Expr:
        """Return the column of a name."""

    def listed(self, list_name: str, value: pl.Expr, /) -> pl.Expr:
        """Return whether a list has the values at the times of the events; null where it cannot be told."""


@dataclass(frozen=True, slots=True)
class FrameEnv:
    """Columns by their names, lists without expiry.

    Attributes
    ----------
    lists
        The values of each list; None: the list is not available.
    """

    lists: Mapping[str, Collection[Any] | None] = field(default_factory=dict)

    def column(self, name: str, kind: Type, /) -> pl.Expr:  # noqa: ARG002 - the protocol's argument
        """Return the column called like the name."""
        import polars as pl

        return pl.col(name)

    def listed(self, list_name: str, value: pl.Expr, /) -> pl.Expr:
        """Return whether the list has the value; null where the value or the list is missing."""
        import polars as pl

        values = self.lists[list_name]
        if values is None:
            return pl.when(value.is_null()).then(None).otherwise(pl.lit(None, dtype=pl.Boolean))
        return value.is_in(list(values))


def to_polars(expr: TypedExpr, env: PolarsEnv | None = None) -> pl.Expr:
    """Write a checked expression as a Polars expression with the same value on every row.

    Parameters
    ----------
    expr
        The expression.
    env
        Where columns and lists come from; by default columns are named as facts and features are, times are
        microseconds since the epoch (Int64 or Datetime of microseconds), locations are structs of ``lat``,
        ``lon`` and ``accuracy_m``.

    Examples
    --------
    >>> import polars as pl
    >>> from satark.language import NameInfo, Position, Schema, Type, parse_and_check
    >>> schema = Schema(dict.fromkeys("ab", NameInfo(Type.INT)))
    >>> expr, _ = parse_and_check("a / b > 0.5", schema, Position("-"))
    >>> pl.DataFrame({"a": [3, 1, None], "b": [4, 0, 1]}).select(to_polars(expr)).to_series().to_list()
    [True, None, None]
    """
    from satark.language.polars_backend import PolarsWriter

    return PolarsWriter(env or FrameEnv()).value(expr.tree)
