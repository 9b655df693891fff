"""When Indians pay: the hours of a day, the days of a week, paydays and festivals.

Festival days follow the Government of India's published holiday lists and the Hindu calendar; those that
hang on the moon can differ by one day between regions. Years outside the table simply have only the fixed
festivals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
SECOND_US = 1_000_000
IST_OFFSET_US = 19_800_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

HOUR_WEIGHTS: npt.NDArray[np.float64] = np.array(
    [9, 5, 3, 2, 2, 5, 12, 24, 38, 50, 60, 64, 66, 62, 56, 54, 58, 68, 82, 92, 90, 72, 44, 20],
    dtype=np.float64,
)
"""Relative payments per hour of the Indian day: a noon hill, an evening peak, a quiet night."""

WEEKDAY_FACTORS = (0.95, 0.95, 1.0, 1.0, 1.08, 1.18, 1.12)
"""Monday to Sunday."""

FIXED_FESTIVALS: dict[tuple[int, int], tuple[str, float, float]] = {
    (1, 1): ("new_year", 1.25, 0.08),
    (1, 14): ("makar_sankranti", 1.12, 0.04),
    (2, 14): ("valentine", 1.10, 0.14),
    (12, 25): ("christmas", 1.20, 0.15),
    (12, 31): ("new_year_eve", 1.35, 0.06),
}
"""(month, day) to (name, factor on the volume, extra share of baskets sent as gifts)."""

MOVING_FESTIVALS: dict[str, tuple[float, float, tuple[str, ...]]] = {
    "akshaya_tritiya": (1.20, 0.05, ("2024-05-10", "2025-04-30", "2026-04-19", "2027-05-09", "2028-04-27")),
    "dhanteras": (1.60, 0.16, ("2024-10-29", "2025-10-18", "2026-11-06", "2027-10-27", "2028-10-15")),
    "diwali": (1.45, 0.28, ("2024-11-01", "2025-10-20", "2026-11-08", "2027-10-29", "2028-10-17")),
    "bhai_dooj": (1.15, 0.22, ("2024-11-03", "2025-10-23", "2026-11-11", "2027-10-31", "2028-10-19")),
    "dussehra": (1.25, 0.08, ("2024-10-12", "2025-10-02", "2026-10-20", "2027-10-09", "2028-09-27")),
    "eid_al_adha": (1.15, 0.08, ("2024-06-17", "2025-06-07", "2026-05-27", "2027-05-17", "2028-05-05")),
    "eid_al_fitr": (1.30, 0.15, ("2024-04-11", "2025-03-31", "2026-03-21", "2027-03-10", "2028-02-27")),
    "ganesh_chaturthi": (1.15, 0.04, ("2024-09-07", "2025-08-27", "2026-09-14", "2027-09-04", "2028-08-23")),
    "holi": (1.25, 0.06, ("2024-03-25", "2025-03-14", "2026-03-04", "2027-03-22", "2028-03-11")),
    "onam": (1.12, 0.05, ("2024-09-15", "2025-09-05", "2026-08-26", "2027-09-14", "2028-09-01")),
    "raksha_bandhan": (1.25, 0.25, ("2024-08-19", "2025-08-09", "2026-08-28", "2027-08-17", "2028-08-05")),
}
"""Name to (factor on the volume, extra share of gifts, days)."""

RUN_UP_DAYS = 7
"""Shopping grows over this many days before a moving festival."""

GOLD_DAYS = frozenset({"akshaya_tritiya", "dhanteras", "diwali"})
"""Days on which buying gold and silver is custom, so that gold alone must not look like fraud."""

_MOVING = {
    date.fromisoformat(day): (name, factor, gifts)
    for name, (factor, gifts, days) in MOVING_FESTIVALS.items()
    for day in days
}


@dataclass(frozen=True, slots=True)
class DayMood:
    """What a calendar day does to the market.

    Attributes
    ----------
    festival
        Its name, or an empty string.
    volume
        Factor on the number of payments.
    gift_share
        Share of shipped baskets that go to somebody else's address.
    gold
        Factor on the popularity of gold and silver.
    paid
        Which of the three payday groups (1st, 7th, last working day) got a salary today.
    flush
        Which of them got it within the last three days, and so spend more.
    """

    festival: str
    volume: float
    gift_share: float
    gold: float
    paid: tuple[bool, bool, bool]
    flush: tuple[bool, bool, bool]


def day_start_us(day: date) -> int:
    """Return Indian midnight of a day in microseconds since 1970 UTC.

    Examples
    --------
    >>> day_start_us(date(1970, 1, 1))
    -19800000000
    """
    return (day - _EPOCH.date()).days * DAY_US - IST_OFFSET_US


def last_working_day(year: int, month: int) -> date:
    """Return the month's last Monday-to-Friday day.

    Examples
    --------
    >>> last_working_day(2025, 8)
    datetime.date(2025, 8, 29)
    """
    following = date(year + month // 12, month % 12 + 1, 1)
    day = following - timedelta(days=1)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day


def paydays(day: date) -> tuple[bool, bool, bool]:
    """Tell which payday groups are paid on a day: those of the 1st, the 7th, the last working day.

    Examples
    --------
    >>> paydays(date(2025, 8, 29))
    (False, False, True)
    """
    return (day.day == 1, day.day == 7, day == last_working_day(day.year, day.month))


def mood_of(day: date) -> DayMood:
    """Return what a day does to the market.

    Examples
    --------
    >>> mood_of(date(2025, 10, 20)).festival
    'diwali'
    >>> mood_of(date(2025, 10, 16)).volume > mood_of(date(2025, 9, 4)).volume
    True
    """
    festival, factor, gifts = "", 1.0, 0.0
    fixed, moving = FIXED_FESTIVALS.get((day.month, day.day)), _MOVING.get(day)
    for known in (fixed, moving):
        if known is not None:
            festival, factor, gifts = known
    if not festival:
        for ahead in range(1, RUN_UP_DAYS + 1):
            coming = _MOVING.get(day + timedelta(days=ahead))
            if coming is not None:
                nearness = 1 - ahead / (RUN_UP_DAYS + 1)
                factor = max(factor, 1 + (coming[1] - 1) * 0.6 * nearness)
                gifts = max(gifts, coming[2] * 0.5 * nearness)
    days = [paydays(day - timedelta(days=back)) for back in range(3)]
    return DayMood(
        festival=festival,
        volume=factor * WEEKDAY_FACTORS[day.weekday()] * (1.08 if any(any(paid) for paid in days) else 1.0),
        gift_share=0.06 + gifts,
        gold=4.0 if festival in GOLD_DAYS else 1.0,
        paid=days[0],
        flush=(
            any(paid[0] for paid in days),
            any(paid[1] for paid in days),
            any(paid[2] for paid in days),
        ),
    )


def draw_times_us(rng: np.random.Generator, size: int, start_us: int) -> npt.NDArray[np.int64]:
    """Draw times of one Indian day by the hour curve.

    Returns
    -------
    numpy.ndarray
        Shape (size,), microseconds since 1970 UTC at whole milliseconds, unsorted.
    """
    edges = np.concatenate(([0.0], np.cumsum(HOUR_WEIGHTS / HOUR_WEIGHTS.sum())))
    hours = np.interp(rng.random(size), edges, np.arange(25.0))
    milliseconds = np.minimum((hours * 3_600_000).astype(np.int64), 86_399_999)
    return np.asarray(start_us + milliseconds * 1000, dtype=np.int64)
