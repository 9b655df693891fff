"""How large a number can become, so that overflow is checked only where it can happen.

The bound of a float is computed in doubles: rounding to nearest never reverses an order, so when the bound
of the operands gives a finite result, so do all operands within the bound.
"""

from __future__ import annotations

from satark.language.tree import Arithmetic, Call, Literal, Negate, Node, Seconds, ToFloat
from satark.language.types import FLOAT_MAX, INT_MAX, INT_MIN, Type

_INT_BOUND = -INT_MIN
_SECONDS_BOUND = 2.0**64 / 1e6
_CALL_BOUNDS: dict[str, int | float] = {"hour": 23, "length": 2**40, "km": 20_100.0}


def bound(node: Node) -> float:
    """Return a number that the absolute value of a numeric node never exceeds (infinite: it may overflow).

    Examples
    --------
    >>> bound(Literal(Type.INT, False, -7))
    7
    """
    if node.type not in (Type.INT, Type.FLOAT):
        return 0
    largest: float = _INT_BOUND if node.type is Type.INT else FLOAT_MAX
    match node:
        case Literal(value=value):
            return abs(value) if isinstance(value, (int, float)) else largest
        case ToFloat(operand=operand):
            return float(bound(operand))
        case Negate(operand=operand):
            return min(bound(operand), largest)
        case Seconds():
            return _SECONDS_BOUND
        case Arithmetic():
            return min(raw_bound(node), largest)
        case Call(function=function):
            return _CALL_BOUNDS.get(function, largest)
    return largest


def raw_bound(node: Arithmetic) -> float:
    """Return the bound of an operation's result before overflow becomes null."""
    left, right = bound(node.left), bound(node.right)
    match node.op:
        case "+" | "-":
            return left + right
        case "*":
            return left * right
        case "%":
            return right
        case "/":
            least = _least(node.right)
            return left / least if least > 0 else float("inf")


def can_overflow(node: Arithmetic) -> bool:
    """Tell whether the result of two operands that are not null can be outside its type."""
    return raw_bound(node) > (INT_MAX if node.type is Type.INT else FLOAT_MAX)


def can_divide_by_zero(node: Arithmetic) -> bool:
    """Tell whether the operation divides by something that may be zero."""
    return node.op in ("/", "%") and not (isinstance(node.right, Literal) and node.right.value)


def _least(node: Node) -> float:
    """Return what the absolute value of a divisor that is not zero is never below."""
    match node:
        case Literal(value=value) if isinstance(value, (int, float)):
            return float(abs(value))
        case ToFloat():
            return 1.0
    return 0.0
