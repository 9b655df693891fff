"""``lower(text)``: a text in small letters, by the rules of Unicode.

Python and Polars agree on every character of Unicode 14; the few dozen letters that were added later may keep
their size in one of them.
"""

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
    return Code(guards, f"{body}.lower()")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    return writer.apply(call.arguments, lambda x: x.str.to_lowercase())


FUNCTION = Function(
    name="lower",
    parameters=(Parameter("text", frozenset({Type.STR})),),
    result=Type.STR,
    doc=Words(en="the text in small letters", hi="पाठ छोटे अक्षरों में"),
    write_python=_python,
    write_polars=_polars,
)
