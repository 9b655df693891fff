"""``length(text)``: how many characters (code points) a text has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import Code
from satark.language.types import Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.tree import Call


def _python(call: Call, writer: PythonWriter) -> Code:
    guards, (body,) = writer.strict(call.arguments)
    return Code(guards, f"{writer.helper('len', len)}({body})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    import polars as pl

    return writer.apply(call.arguments, lambda x: x.str.len_chars().cast(pl.Int64))


FUNCTION = Function(
    name="length",
    parameters=(Parameter("text", frozenset({Type.STR})),),
    result=Type.INT,
    doc=Words(en="how many characters the text has", hi="पाठ में कितने अक्षर हैं"),
    write_python=_python,
    write_polars=_polars,
)
