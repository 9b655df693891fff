"""``coalesce(x, y, ...)``: the first value that is not missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.types import EVERY

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.python_code import Code
    from satark.language.tree import Call


def _python(call: Call, writer: PythonWriter) -> Code:
    *firsts, last = call.arguments
    parts = []
    for node in firsts:
        value = writer.value(node)
        local = value
        if not value.isidentifier():
            local = writer.temporary()
            value = f"({local} := {value})"
        parts.append(f"{local} if {value} is not None else ")
    return writer.from_value(f"({''.join(parts)}{writer.value(last)})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    import polars as pl

    return writer.apply(call.arguments, pl.coalesce)


FUNCTION = Function(
    name="coalesce",
    parameters=(Parameter("x", EVERY, alike=True), Parameter("y", EVERY, alike=True)),
    result=None,
    doc=Words(en="the first value that is not missing", hi="पहला मान जो ज्ञात है"),
    variadic=True,
    nullable=lambda arguments: all(a.nullable for a in arguments),
    write_python=_python,
    write_polars=_polars,
)
