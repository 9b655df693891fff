"""``startswith(text, "prefix")``: whether a text begins so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import Code
from satark.language.tree import Literal
from satark.language.types import Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.tree import Call

_TEXT = frozenset({Type.STR})


def _python(call: Call, writer: PythonWriter) -> Code:
    guards, (text, prefix) = writer.strict(call.arguments)
    return Code(guards, f"{text}.startswith({prefix})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    text, prefix = call.arguments
    value = prefix.value if isinstance(prefix, Literal) else ""
    return writer.apply([text], lambda x: x.str.starts_with(str(value)))


FUNCTION = Function(
    name="startswith",
    parameters=(Parameter("text", _TEXT), Parameter("prefix", _TEXT, constant=True)),
    result=Type.BOOL,
    doc=Words(en="true when the text begins with the prefix", hi="सत्य जब पाठ इस उपसर्ग से शुरू होता है"),
    write_python=_python,
    write_polars=_polars,
)
