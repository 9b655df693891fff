"""``minutes(n)``: a time span in seconds."""

from __future__ import annotations

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.spans import span
from satark.language.types import NUMERIC, Type

_SECONDS = 60

FUNCTION = Function(
    name="minutes",
    parameters=(Parameter("n", NUMERIC, constant=True),),
    result=Type.INT,
    doc=Words(en="a constant number of minutes, in seconds", hi="मिनट की स्थिर संख्या, सेकंड में"),
    fold=lambda n: span(n, _SECONDS),
)
