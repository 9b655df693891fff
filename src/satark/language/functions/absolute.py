"""``abs(x)``: the number without its sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import Code
from satark.language.types import INT_MAX, NUMERIC, Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.tree import Call, Node


def _nullable(arguments: tuple[Node, ...]) -> bool:
    # The least int of 64 bits has no positive counterpart.
    return arguments[0].nullable or arguments[0].type is Type.INT


def _python(call: Call, writer: PythonWriter) -> Code:
    guards, (body,) = writer.strict(call.arguments)
    absolute = f"{writer.helper('abs', abs)}({body})"
    if call.type is Type.FLOAT:
        return Code(guards, absolute)
    local = writer.temporary()
    return Code((*guards, f"({local} := {absolute}) <= {INT_MAX}"), local)


def _polars(call: Call, writer: PolarsWriter) -> Column:
    import polars as pl

    if call.type is Type.FLOAT:
        return writer.apply(call.arguments, lambda x: x.abs())
    return writer.apply(call.arguments, lambda x: x.cast(pl.Int128).abs().cast(pl.Int64, strict=False))


FUNCTION = Function(
    name="abs",
    parameters=(Parameter("x", NUMERIC, alike=True),),
    result=None,
    doc=Words(en="x without its sign", hi="x बिना चिह्न के"),
    nullable=_nullable,
    write_python=_python,
    write_polars=_polars,
)
