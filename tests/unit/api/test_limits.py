from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satark.api.limits import TokenBucket


def test_nothing_is_refused_when_the_rate_is_zero():
    bucket = TokenBucket(0.0, 1, 0.0)
    assert all(bucket.take(0.0) == 0.0 for _ in range(1_000))


def test_debt_is_paid_first_when_a_batch_took_more_than_the_bucket_held():
    bucket = TokenBucket(10.0, 5, 0.0)
    assert bucket.take(0.0) == 0.0
    bucket.owe(14)
    assert bucket.take(0.5) > 0.0
    assert bucket.take(1.1) == 0.0


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=200))
def test_rate_is_never_exceeded_when_requests_come_at_any_pace(gaps):
    bucket = TokenBucket(10.0, 5, 0.0)
    now = 0.0
    taken = 0
    for gap in gaps:
        now += gap
        taken += bucket.take(now) == 0.0
    assert taken <= 5 + 10.0 * now + 1e-6
