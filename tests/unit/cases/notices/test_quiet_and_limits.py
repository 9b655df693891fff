from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.cases.notices.limits import HARD_FACTOR, may_tell
from satark.cases.notices.model import NoticeKind, Told
from satark.cases.notices.quiet import not_before
from satark.core.clock import IST_OFFSET_US, MICROS_PER_DAY
from satark.policies.notice_rules import NoticeLimit, QuietHours

NIGHT = QuietHours(22 * 60, 7 * 60)
MIDDAY = QuietHours(12 * 60, 14 * 60)
MIDNIGHT_US = 20_000 * MICROS_PER_DAY - IST_OFFSET_US
MINUTE_US = 60_000_000


@pytest.mark.parametrize(
    ("quiet", "minute", "until"),
    [
        (NIGHT, 21 * 60 + 59, 21 * 60 + 59),
        (NIGHT, 22 * 60, 31 * 60),
        (NIGHT, 23 * 60 + 59, 31 * 60),
        (NIGHT, 0, 7 * 60),
        (NIGHT, 6 * 60 + 59, 7 * 60),
        (NIGHT, 7 * 60, 7 * 60),
        (MIDDAY, 11 * 60 + 59, 11 * 60 + 59),
        (MIDDAY, 12 * 60, 14 * 60),
        (MIDDAY, 14 * 60, 14 * 60),
        (None, 0, 0),
    ],
)
def test_mild_notice_waits_until_quiet_hours_end_when_inside_them(quiet, minute, until):
    assert not_before(MIDNIGHT_US + minute * MINUTE_US, "challenge", quiet) == MIDNIGHT_US + until * MINUTE_US


@given(at_us=st.integers(0, 2**52), start=st.integers(0, 1_439), end=st.integers(0, 1_439))
def test_notice_never_goes_back_nor_waits_a_day_when_hours_are_any(at_us, start, end):
    quiet = QuietHours(start, end)
    due = not_before(at_us, "challenge", quiet)
    assert 0 <= due - at_us < MICROS_PER_DAY
    assert not_before(due, "challenge", quiet) == due
    assert not_before(at_us, "hold", quiet) == at_us


@given(st.lists(st.integers(0, 10**12), max_size=60), st.integers(1, 5))
def test_number_of_notices_is_bounded_when_amounts_are_any(amounts, most):
    limit, told = NoticeLimit(most, 60), []
    for amount in amounts:
        if may_tell(limit, told, NoticeKind.HOLD, amount):
            told.append(Told(NoticeKind.HOLD, amount))
    assert len(told) <= HARD_FACTOR * most
    assert len(told) >= min(most, len(amounts))


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_largest_by_far_is_told_when_limit_is_reached(amounts):
    limit = NoticeLimit(len(amounts), 60)
    told = [Told(NoticeKind.HOLD, amount) for amount in amounts]
    assert may_tell(limit, told, NoticeKind.HOLD, 2 * max(amounts))
    assert not may_tell(limit, told, NoticeKind.HOLD, 2 * max(amounts) - 1)
