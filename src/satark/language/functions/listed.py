"""``listed(x, "name")``: whether a value is on a list of the policy, at the time of the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import joined, written
from satark.language.tree import Literal
from satark.language.types import SCALAR, Type

if TYPE_CHECKING:
    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.python_code import Code
    from satark.language.tree import Call


def _list_name(call: Call) -> str:
    name = call.arguments[1]
    return str(name.value) if isinstance(name, Literal) else ""


def _python(call: Call, writer: PythonWriter) -> Code:
    code = writer.code(call.arguments[0])
    asked = f"listed({written(_list_name(call))}, {code.body})"
    return writer.from_value(f"({asked} if {joined(code.guards)} else None)" if code.guards else asked)


def _polars(call: Call, writer: PolarsWriter) -> Column:
    return writer.apply(call.arguments[:1], lambda x: writer.env.listed(_list_name(call), x))


FUNCTION = Function(
    name="listed",
    parameters=(
        Parameter("x", SCALAR),
        Parameter("list", frozenset({Type.STR}), constant=True, names_list=True),
    ),
    result=Type.BOOL,
    doc=Words(
        en="true when x is on the list at the time of the event; null when the list is not available",
        hi="सत्य जब घटना के समय x सूची में हो; सूची उपलब्ध न हो तो अज्ञात",
    ),
    nullable=lambda _: True,
    write_python=_python,
    write_polars=_polars,
)
