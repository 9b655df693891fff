"""``if_else(condition, a, b)``: one of two values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import joined
from satark.language.types import EVERY, Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.python_code import Code
    from satark.language.tree import Call


def _python(call: Call, writer: PythonWriter) -> Code:
    condition, yes, no = call.arguments
    return writer.from_value(
        f"({writer.value(yes)} if {joined(writer.true(condition))} else {writer.value(no)})"
    )


def _polars(call: Call, writer: PolarsWriter) -> Column:
    import polars as pl

    return writer.apply(call.arguments, lambda condition, yes, no: pl.when(condition).then(yes).otherwise(no))


FUNCTION = Function(
    name="if_else",
    parameters=(
        Parameter("condition", frozenset({Type.BOOL})),
        Parameter("a", EVERY, alike=True),
        Parameter("b", EVERY, alike=True),
    ),
    result=None,
    doc=Words(
        en="a when the condition is true, else b (also when the condition is null)",
        hi="शर्त सत्य हो तो a, अन्यथा b (शर्त अज्ञात हो तब भी b)",
    ),
    nullable=lambda arguments: arguments[1].nullable or arguments[2].nullable,
    write_python=_python,
    write_polars=_polars,
)
