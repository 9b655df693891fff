"""``km(a, b)``: the distance between two locations on the globe."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.python_code import Code
from satark.language.types import Type

if TYPE_CHECKING:
    import polars as pl

    from satark.language.polars_backend import Column, PolarsWriter
    from satark.language.python_backend import PythonWriter
    from satark.language.tree import Call

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the Earth (IUGG)."""

_PLACE = frozenset({Type.LOCATION})


def km(a: tuple[float, float, Any], b: tuple[float, float, Any]) -> float:
    """Return the great-circle distance by the haversine formula; accuracies play no part.

    Examples
    --------
    >>> round(km((28.6139, 77.2090, 0), (19.0760, 72.8777, 0)))  # Delhi to Mumbai
    1148
    """
    lat_a, lat_b = radians(a[0]), radians(b[0])
    across = sin((lat_b - lat_a) / 2.0)
    along = sin((radians(b[1]) - radians(a[1])) / 2.0)
    chord = across * across + cos(lat_a) * cos(lat_b) * (along * along)
    return 2.0 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))


def _python(call: Call, writer: PythonWriter) -> Code:
    guards, (a, b) = writer.strict(call.arguments)
    return Code(guards, f"{writer.helper('km', km)}({a}, {b})")


def _polars(call: Call, writer: PolarsWriter) -> Column:
    def build(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        lat_a, lat_b = a.struct.field("lat").radians(), b.struct.field("lat").radians()
        across = ((lat_b - lat_a) / 2.0).sin()
        along = ((b.struct.field("lon").radians() - a.struct.field("lon").radians()) / 2.0).sin()
        chord = across * across + lat_a.cos() * lat_b.cos() * (along * along)
        return chord.clip(upper_bound=1.0).sqrt().arcsin() * (2.0 * EARTH_RADIUS_KM)

    return writer.bind(call.arguments, 4, build, Type.FLOAT)


FUNCTION = Function(
    name="km",
    parameters=(Parameter("a", _PLACE), Parameter("b", _PLACE)),
    result=Type.FLOAT,
    doc=Words(en="the distance between two locations in kilometres", hi="दो स्थानों के बीच की दूरी, किलोमीटर में"),
    write_python=_python,
    write_polars=_polars,
)
