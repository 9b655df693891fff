"""The types of the expression language.

Facts and features carry these types; the checker (`satark.language.checker`) proves before anything runs that
every expression of a policy fits them.
"""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """What a value is.

    ``int`` is a signed number of 64 bits, ``float`` a finite double, ``time`` microseconds since the epoch
    (UTC), ``location`` a triple of latitude, longitude (degrees) and accuracy (metres). Any of them may be
    missing (null). ``null`` is internal: the type of nothing at all.
    """

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    TIME = "time"
    LOCATION = "location"
    NULL = "null"


INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
FLOAT_MAX = 1.7976931348623157e308

NUMERIC = frozenset({Type.INT, Type.FLOAT})
ORDERED = frozenset({Type.INT, Type.FLOAT, Type.STR, Type.TIME})
SCALAR = frozenset({Type.INT, Type.FLOAT, Type.BOOL, Type.STR, Type.TIME})
EVERY = SCALAR | {Type.LOCATION}


def one_of(types: frozenset[Type]) -> str:
    """Write a set of types for a message, in a stable order.

    Examples
    --------
    >>> one_of(NUMERIC), one_of(frozenset({Type.STR}))
    ('int or float', 'str')
    """
    names = [str(t) for t in Type if t in types]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
