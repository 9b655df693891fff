from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from satark.core.clock import IST
from satark.payments.simulation.seasons import DAY_US, day_start_us, draw_times_us, mood_of, paydays


def test_a_day_starts_at_midnight_in_india():
    start = datetime.fromtimestamp(day_start_us(date(2025, 10, 20)) / 1e6, UTC)
    assert start.astimezone(IST).isoformat() == "2025-10-20T00:00:00+05:30"


@pytest.mark.parametrize(
    ("day", "paid"),
    [
        (date(2025, 10, 1), (True, False, False)),
        (date(2025, 10, 7), (False, True, False)),
        (date(2025, 10, 31), (False, False, True)),
        (date(2025, 11, 28), (False, False, True)),
        (date(2025, 12, 31), (False, False, True)),
        (date(2025, 10, 15), (False, False, False)),
    ],
)
def test_salaries_come_on_their_days(day, paid):
    assert paydays(day) == paid


@pytest.mark.parametrize(
    ("day", "festival"),
    [
        (date(2025, 10, 20), "diwali"),
        (date(2025, 3, 14), "holi"),
        (date(2026, 3, 21), "eid_al_fitr"),
        (date(2025, 8, 9), "raksha_bandhan"),
        (date(2025, 12, 25), "christmas"),
        (date(2025, 7, 2), ""),
    ],
)
def test_festivals_are_known_by_their_day(day, festival):
    assert mood_of(day).festival == festival


def test_people_spend_more_when_they_were_just_paid():
    assert mood_of(date(2025, 10, 3)).flush == (True, False, False)
    assert mood_of(date(2025, 10, 4)).flush == (False, False, False)


def test_times_stay_within_their_day_when_drawn():
    start_us = day_start_us(date(2025, 10, 20))
    times = draw_times_us(np.random.default_rng(1), 50_000, start_us)
    assert start_us <= times.min()
    assert times.max() < start_us + DAY_US
    assert not (times % 1_000).any()
