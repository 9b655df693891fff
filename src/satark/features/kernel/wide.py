"""Exact 128-bit integers in pairs of 64-bit words, for sums and sums of squares.

All arithmetic is modulo 2**128 on (low, high) words kept as int64 bit patterns, so adding and later taking away the
same entry leaves nothing behind, whatever came between: the windows never drift (DESIGN 5a, numbers).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.raw import get, put64

_U32 = np.uint64(32)
_LOW32 = np.uint64(0xFFFFFFFF)
_TWO64 = 18446744073709551616.0
_SAFE_SQUARE = 4.0e18  # Below 2**62: its square, and n times a q below, fit 128 bits.
_SMALL_HIGH = np.uint64(1 << 28)


@njit(cache=True)
def multiply(a, b):
    """Return the full unsigned product of two uint64 as (low, high)."""
    a_low, a_high = a & _LOW32, a >> _U32
    b_low, b_high = b & _LOW32, b >> _U32
    low = a_low * b_low
    middle = a_high * b_low + (low >> _U32)
    other = a_low * b_high + (middle & _LOW32)
    high = a_high * b_high + (middle >> _U32) + (other >> _U32)
    return (other << _U32) | (low & _LOW32), high


@njit(cache=True)
def add_at(words, at, low, high):
    """Add the pair (low, high) of uint64 to the pair stored at word `at`."""
    old = np.uint64(get(words, at))
    new = old + low
    carry = np.uint64(1) if new < old else np.uint64(0)
    put64(words, at, np.int64(new))
    put64(words, at + 1, np.int64(np.uint64(get(words, at + 1)) + high + carry))


@njit(cache=True)
def subtract_at(words, at, low, high):
    """Subtract the pair (low, high) from the pair stored at `at`."""
    old = np.uint64(get(words, at))
    borrow = np.uint64(1) if old < low else np.uint64(0)
    put64(words, at, np.int64(old - low))
    put64(words, at + 1, np.int64(np.uint64(get(words, at + 1)) - high - borrow))


@njit(cache=True)
def extend(value):
    """Return an int64 as a sign-extended pair of uint64."""
    if value < 0:
        return np.uint64(value), np.uint64(0xFFFFFFFFFFFFFFFF)
    return np.uint64(value), np.uint64(0)


@njit(cache=True)
def square(value):
    """Return value * value of an int64 as a pair of uint64."""
    magnitude = np.uint64(-value) if value < 0 else np.uint64(value)
    return multiply(magnitude, magnitude)


@njit(cache=True)
def product(a_low, a_high, b_low, b_high):
    """Return the product of two pairs modulo 2**128."""
    low, high = multiply(a_low, b_low)
    return low, high + a_high * b_low + a_low * b_high


@njit(cache=True)
def difference(a_low, a_high, b_low, b_high):
    """Return a - b modulo 2**128."""
    borrow = np.uint64(1) if a_low < b_low else np.uint64(0)
    return a_low - b_low, a_high - b_high - borrow


@njit(cache=True)
def to_float(low, high):
    """Return a signed pair as the nearest float (two roundings at most)."""
    if np.int64(high) < 0:
        low, high = difference(np.uint64(0), np.uint64(0), low, high)
        return -(np.float64(high) * _TWO64 + np.float64(low))
    return np.float64(high) * _TWO64 + np.float64(low)


@njit(cache=True)
def variance(n, sum_low, sum_high, sq_low, sq_high):
    """Return the population variance of n integers from their exact sum and sum of squares.

    With any integer m near the mean, the sum of (x - m)**2 is ``squares - m * (sum + d)`` where ``d = sum - n * m``;
    all of it is exact modulo 2**128, so nothing cancels even when the spread is tiny beside the mean.
    """
    mean = to_float(sum_low, sum_high) / n
    m_low, m_high = extend(np.int64(np.rint(mean)))
    n_low, n_high = extend(np.int64(n))
    nm_low, nm_high = product(n_low, n_high, m_low, m_high)
    d_low, d_high = difference(sum_low, sum_high, nm_low, nm_high)
    both_low = sum_low + d_low
    carry = np.uint64(1) if both_low < sum_low else np.uint64(0)
    both_high = sum_high + d_high + carry
    shift_low, shift_high = product(m_low, m_high, both_low, both_high)
    q_low, q_high = difference(sq_low, sq_high, shift_low, shift_high)
    d = to_float(d_low, d_high)
    if q_high < _SMALL_HIGH and abs(d) < _SAFE_SQUARE:
        # n is below 2**32, so n * q - d * d is exact too.
        nq_low, nq_high = product(n_low, n_high, q_low, q_high)
        dd_low, dd_high = square(np.int64(d_low))
        v_low, v_high = difference(nq_low, nq_high, dd_low, dd_high)
        return max(0.0, to_float(v_low, v_high) / n / n)
    return max(0.0, (to_float(q_low, q_high) - d * d / n) / n)
