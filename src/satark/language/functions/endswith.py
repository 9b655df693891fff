"""``endswith(text, "suffix")``: whether a text ends so."""

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
    guards, (text, suffix) = writer.strict(call.arguments)
    return Code(guards, f"{text}.endswith({suffix})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    text, suffix = call.arguments
    value = suffix.value if isinstance(suffix, Literal) else ""
    return writer.apply([text], lambda x: x.str.ends_with(str(value)))


FUNCTION = Function(
    name="endswith",
    parameters=(Parameter("text", _TEXT), Parameter("suffix", _TEXT, constant=True)),
    result=Type.BOOL,
    doc=Words(en="true when the text ends with the suffix", hi="सत्य जब पाठ इस प्रत्यय पर समाप्त होता है"),
    write_python=_python,
    write_polars=_polars,
)
