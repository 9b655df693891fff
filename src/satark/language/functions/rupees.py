"""``rupees(50_000)``: an amount in paise, as amounts are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language.function import Function, Parameter
from satark.language.types import NUMERIC, Type

if TYPE_CHECKING:
    from satark.language.schema import Constant

_PAISE = 100


def _paise(rupees: Constant) -> int | None:
    """Return the paise, or None when there are parts of a paisa.

    Examples
    --------
    >>> _paise(50_000), _paise(99.5), _paise(0.001)
    (5000000, 9950, None)
    """
    paise = Decimal(str(rupees)) * _PAISE
    return int(paise) if paise == paise.to_integral_value() else None


FUNCTION = Function(
    name="rupees",
    parameters=(Parameter("amount", NUMERIC, constant=True),),
    result=Type.INT,
    doc=Words(en="a constant in rupees with at most two decimals", hi="रुपयों में स्थिर राशि, अधिकतम दो दशमलव"),
    fold=_paise,
)
