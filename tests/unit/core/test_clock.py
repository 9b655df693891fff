"""Time is exact integers; people read it in India's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from satark.core import IST, FixedClock, Micros, SystemClock, format_ist, from_us, ist_day, to_us


def test_to_us_is_exact_when_a_time_has_microseconds_far_from_1970():
    assert to_us(datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == 4_102_444_799_999_999


def test_to_us_is_the_same_when_one_moment_is_written_in_two_offsets():
    moment = datetime(2026, 1, 31, 4, 30, tzinfo=UTC)
    assert to_us(moment) == to_us(moment.astimezone(timezone(timedelta(hours=-9, minutes=-30))))


def test_to_us_is_refused_when_a_time_has_no_offset():
    with pytest.raises(ValueError, match="offset"):
        to_us(datetime(2026, 1, 31))  # noqa: DTZ001 - that is the point


def test_from_us_gives_the_moment_back_when_it_lies_before_1970():
    assert to_us(from_us(-1)) == -1


def test_ist_day_turns_at_half_past_six_in_the_evening_of_utc():
    before = to_us(datetime(2026, 1, 31, 18, 29, 59, 999_999, tzinfo=UTC))
    assert ist_day(before + 1) == ist_day(before) + 1


def test_fixed_clock_moves_only_when_told():
    clock = FixedClock(Micros(10))
    assert (clock.now_us(), clock.now_us()) == (10, 10)
    clock.advance(-0.000_005)
    assert clock.now_us() == 5


def test_system_clock_tells_a_present_time():
    assert SystemClock().now_us() > to_us(datetime(2025, 1, 1, tzinfo=IST))


@pytest.mark.parametrize(("lang", "month"), [("en", "Feb"), ("hi", "फ़रवरी")])
def test_format_ist_writes_the_day_in_india_when_utc_is_still_the_day_before(lang, month):
    late = to_us(datetime(2026, 1, 31, 20, 0, 5, tzinfo=UTC))
    assert format_ist(late, lang) == f"01 {month} 2026, 01:30:05 IST"
