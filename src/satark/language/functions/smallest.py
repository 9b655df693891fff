"""``min(x, y, ...)``: the smallest of some values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import Code
from satark.language.types import NUMERIC, Type

if TYPE_CHECKING:
    import polars as pl

    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.tree import Call

_TYPES = NUMERIC | {Type.TIME}


def _python(call: Call, writer: PythonWriter) -> Code:
    guards, bodies = writer.strict(call.arguments)
    return Code(guards, f"{writer.helper('min', min)}({', '.join(bodies)})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    import polars as pl

    if not call.nullable:
        return writer.apply(call.arguments, pl.min_horizontal)

    def build(*values: pl.Expr) -> pl.Expr:
        # Polars itself would leave the missing ones out.
        known = pl.all_horizontal([value.is_not_null() for value in values])
        return pl.when(known).then(pl.min_horizontal(*values))

    return writer.bind(call.arguments, 2, build, call.type)


FUNCTION = Function(
    name="min",
    parameters=(Parameter("x", _TYPES, alike=True), Parameter("y", _TYPES, alike=True)),
    result=None,
    doc=Words(
        en="the smallest of the values; null when one is missing", hi="सबसे छोटा मान; कोई एक अज्ञात हो तो अज्ञात"
    ),
    variadic=True,
    write_python=_python,
    write_polars=_polars,
)
