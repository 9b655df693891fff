"""Arithmetic on two plain values, as the language defines it: the reference for both back ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language.types import FLOAT_MAX, INT_MAX, INT_MIN

if TYPE_CHECKING:
    from satark.language.schema import Constant


def compute(op: str, left: Constant, right: Constant) -> int | float | None:
    """Compute one operation on two ints or two floats.

    Returns
    -------
    int | float | None
        None where the result is outside 64 bits or not finite, or the divisor is zero.

    Examples
    --------
    >>> compute("+", 2, 3), compute("%", -7, 3), compute("*", 2**62, 2), compute("/", 1.0, 0.0)
    (5, 2, None, None)
    """
    if isinstance(left, str) or isinstance(right, str):
        return None
    result: int | float
    match op:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _ if not right:
            return None
        case "/":
            result = left / right
        case _:
            result = left % right
    if isinstance(result, float):
        return result if -FLOAT_MAX <= result <= FLOAT_MAX else None
    return result if INT_MIN <= result <= INT_MAX else None
