"""128-bit arithmetic against Python's own integers."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from satark.features.kernel import wide

ALL = 1 << 128
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
AMOUNTS = st.integers(-(10**15), 10**15)


def pair(number):
    return np.uint64(number % ALL & (2**64 - 1)), np.uint64(number % ALL >> 64)


def number(low, high):
    return (int(high) << 64) | int(low)


@settings(max_examples=300, deadline=None)
@given(INT64)
def test_square_and_extend_when_any_int64(value):
    assert number(*wide.square(np.int64(value))) == value * value % ALL
    assert number(*wide.extend(np.int64(value))) == value % ALL


@settings(max_examples=300, deadline=None)
@given(st.integers(0, ALL - 1), st.integers(0, ALL - 1))
def test_product_and_difference_when_any_pairs(a, b):
    assert number(*wide.product(*pair(a), *pair(b))) == a * b % ALL
    assert number(*wide.difference(*pair(a), *pair(b))) == (a - b) % ALL


@settings(max_examples=200, deadline=None)
@given(st.lists(INT64, min_size=1, max_size=30))
def test_adding_and_taking_away_leaves_nothing_when_in_any_order(values):
    words = np.zeros(2, dtype=np.int64)
    at = words.ctypes.data
    for value in values:
        wide.add_at(at, 0, *pair(value))
    assert number(words[0:1].view(np.uint64)[0], words[1:2].view(np.uint64)[0]) == sum(values) % ALL
    for value in reversed(values):
        wide.subtract_at(at, 0, *pair(value))
    assert words.tolist() == [0, 0]


@settings(max_examples=300, deadline=None)
@given(st.integers(-(2**120), 2**120))
def test_to_float_when_any_size(value):
    assert math.isclose(wide.to_float(*pair(value)), float(value), rel_tol=1e-15)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.lists(AMOUNTS, min_size=1, max_size=40),
        # A tiny spread beside a great mean is where a naive formula loses everything.
        st.builds(
            lambda base, steps: [base + step for step in steps],
            AMOUNTS,
            st.lists(st.integers(0, 2), min_size=1, max_size=40),
        ),
    )
)
def test_variance_when_spread_is_great_or_tiny(values):
    n = len(values)
    mean = Fraction(sum(values), n)
    exact = float(sum((value - mean) ** 2 for value in values) / n)
    found = wide.variance(n, *pair(sum(values)), *pair(sum(value * value for value in values)))
    assert math.isclose(found, exact, rel_tol=1e-12, abs_tol=0.0)
