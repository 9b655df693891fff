"""``round(x)``: the nearest int."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.types import NUMERIC, Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.python_code import Code
    from satark.language.tree import Call, Node


def _nullable(arguments: tuple[Node, ...]) -> bool:
    # A double can be larger than any int of 64 bits.
    return arguments[0].nullable or arguments[0].type is Type.FLOAT


def _python(call: Call, writer: PythonWriter) -> Code:
    if call.arguments[0].type is Type.INT:
        return writer.code(call.arguments[0])
    guards, (body,) = writer.strict(call.arguments)
    return writer.within(guards, f"{writer.helper('round', round)}({body})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    import polars as pl

    if call.arguments[0].type is Type.INT:
        return writer.column(call.arguments[0])
    return writer.apply(
        call.arguments, lambda x: x.round(0, mode="half_to_even").cast(pl.Int64, strict=False)
    )


FUNCTION = Function(
    name="round",
    parameters=(Parameter("x", NUMERIC),),
    result=Type.INT,
    doc=Words(en="the nearest int; halves go to the even one", hi="निकटतम पूर्णांक; आधा होने पर सम पूर्णांक"),
    nullable=_nullable,
    write_python=_python,
    write_polars=_polars,
)
