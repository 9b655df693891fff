"""``missing(x)``: whether there is no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import Code
from satark.language.types import EVERY, Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.tree import Call


def _python(call: Call, writer: PythonWriter) -> Code:
    argument = call.arguments[0]
    return Code((), f"({writer.value(argument)} is None)" if argument.nullable else "False")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    argument = call.arguments[0]
    if argument.type is Type.LOCATION:
        # A struct of nulls is no location either.
        return writer.apply([argument], lambda x: x.struct.field("lat").is_null())
    return writer.apply([argument], lambda x: x.is_null())


FUNCTION = Function(
    name="missing",
    parameters=(Parameter("x", EVERY),),
    result=Type.BOOL,
    doc=Words(en="true when x is not known, never null", hi="सत्य जब x ज्ञात नहीं है; स्वयं कभी अज्ञात नहीं"),
    nullable=lambda _: False,
    write_python=_python,
    write_polars=_polars,
)
