from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satark.client.retry import Attempts, retry_after_of


def _attempts(budget=10.0, draw=lambda low, high: high, **kwargs):
    return Attempts(budget, clock=lambda: 0.0, draw=draw, **kwargs)


def test_waits_double_up_to_the_cap_when_attempts_fail():
    attempts = _attempts(most=9, base_seconds=0.1, cap_seconds=0.5)
    waits = []
    for _ in range(5):
        attempts.begin()
        waits.append(attempts.wait_seconds())
    assert waits == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_client_gives_up_when_the_attempts_are_used():
    attempts = _attempts(most=2)
    attempts.begin()
    assert attempts.wait_seconds() is not None
    attempts.begin()
    assert attempts.wait_seconds() is None


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_wait_fits_the_budget_when_one_is_given(budget, retry_after):
    attempts = _attempts(budget=budget)
    attempts.begin()
    wait = attempts.wait_seconds(retry_after)
    assert wait is None or retry_after <= wait < budget


def test_header_is_ignored_when_it_is_no_number():
    assert retry_after_of("-1") is None
    assert retry_after_of("१") is None
    assert retry_after_of("1.5") is None
