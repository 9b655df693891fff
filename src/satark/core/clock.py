"""Time as the engine sees it: integer microseconds since 1970 in UTC, and a clock that is always an argument.

Nothing below `app` reads the wall clock by itself, so a replay sees the same times as the live run did.
People read times in Indian Standard Time, which has had no daylight saving since 1945; a fixed offset is
therefore exact and needs no time-zone database.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, NewType, Protocol

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z; an ordinary int at run time."""

Lang = Literal["en", "hi"]
"""The languages that every text for people exists in."""

MICROS_PER_SECOND = 1_000_000
MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND
IST = timezone(timedelta(hours=5, minutes=30), "IST")
IST_OFFSET_US = 19_800 * MICROS_PER_SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "hi": (
        "जनवरी",
        "फ़रवरी",
        "मार्च",
        "अप्रैल",
        "मई",
        "जून",
        "जुलाई",
        "अगस्त",
        "सितंबर",
        "अक्टूबर",
        "नवंबर",
        "दिसंबर",
    ),
}


class Clock(Protocol):
    """Where "now" comes from."""

    def now_us(self) -> Micros:
        """Return the present moment."""


class SystemClock:
    """The machine's clock; built in `app` only."""

    __slots__ = ()

    def now_us(self) -> Micros:
        """Return the machine's present moment."""
        return Micros(time.time_ns() // 1000)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved; for tests, drills and replays.

    Examples
    --------
    >>> clock = FixedClock(Micros(0))
    >>> clock.advance(1.5)
    >>> clock.now_us()
    1500000
    """

    at_us: Micros

    def now_us(self) -> Micros:
        """Return the moment at which the clock stands."""
        return self.at_us

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or back, with a negative number)."""
        self.at_us = Micros(self.at_us + round(seconds * MICROS_PER_SECOND))


def to_us(moment: datetime) -> Micros:
    """Turn an aware datetime into microseconds, exactly.

    Raises
    ------
    ValueError
        The datetime carries no offset, so it names no moment.

    Examples
    --------
    >>> to_us(datetime(1970, 1, 1, 5, 30, 1, tzinfo=IST))
    1000000
    """
    if moment.tzinfo is None:
        message = "a time without an offset names no moment"
        raise ValueError(message)
    return Micros((moment - _EPOCH) // _ONE_US)


def from_us(at_us: int) -> datetime:
    """Turn microseconds into an aware datetime in UTC, exactly.

    Examples
    --------
    >>> from_us(1_000_001).isoformat()
    '1970-01-01T00:00:01.000001+00:00'
    """
    return _EPOCH + timedelta(microseconds=at_us)


def ist_day(at_us: int) -> int:
    """Return the day number (days since 1970-01-01) that it is in India.

    Examples
    --------
    >>> ist_day(0), ist_day(18 * 3600 * MICROS_PER_SECOND), ist_day(19 * 3600 * MICROS_PER_SECOND)
    (0, 0, 1)
    """
    return (at_us + IST_OFFSET_US) // MICROS_PER_DAY


def format_ist(at_us: int, lang: Lang = "en") -> str:
    """Write a moment for people: day, month in words, year and the time in India, to the second.

    Examples
    --------
    >>> format_ist(1_000_000_000_000_000)
    '09 Sep 2001, 07:16:40 IST'
    >>> format_ist(1_000_000_000_000_000, "hi")
    '09 सितंबर 2001, 07:16:40 IST'
    """
    moment = from_us(at_us).astimezone(IST)
    month = _MONTHS[lang][moment.month - 1]
    return f"{moment.day:02d} {month} {moment.year}, {moment:%H:%M:%S} IST"
