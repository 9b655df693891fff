"""``hour(time)``: the hour of the day in India."""

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

_IST_US = 19_800_000_000
_HOUR_US = 3_600_000_000


def _python(call: Call, writer: PythonWriter) -> Code:
    guards, (body,) = writer.strict(call.arguments)
    return Code(guards, f"(({body} + {_IST_US}) // {_HOUR_US} % 24)")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    return writer.apply(call.arguments, lambda x: (x + _IST_US) // _HOUR_US % 24)


FUNCTION = Function(
    name="hour",
    parameters=(Parameter("time", frozenset({Type.TIME})),),
    result=Type.INT,
    doc=Words(
        en="the hour of the day in Indian Standard Time, 0 to 23",
        hi="भारतीय मानक समय में दिन का घंटा, 0 से 23",
    ),
    write_python=_python,
    write_polars=_polars,
)
