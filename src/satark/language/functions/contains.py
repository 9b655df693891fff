"""``contains(text, "part")``: whether a text contains another."""

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
    guards, (text, part) = writer.strict(call.arguments)
    return Code(guards, f"({part} in {text})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    text, part = call.arguments
    value = part.value if isinstance(part, Literal) else ""
    return writer.apply([text], lambda x: x.str.contains(str(value), literal=True))


FUNCTION = Function(
    name="contains",
    parameters=(Parameter("text", _TEXT), Parameter("part", _TEXT, constant=True)),
    result=Type.BOOL,
    doc=Words(en="true when the part stands anywhere in the text", hi="सत्य जब यह अंश पाठ में कहीं भी हो"),
    write_python=_python,
    write_polars=_polars,
)
