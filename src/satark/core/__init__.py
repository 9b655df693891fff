"""Ids, money, clock, errors and words: what every other folder stands on; no input or output."""

from satark.core.clock import (
    IST,
    Clock,
    FixedClock,
    Lang,
    Micros,
    SystemClock,
    format_ist,
    from_us,
    ist_day,
    to_us,
)
from satark.core.ids import EventId, OwnerId, PolicyHash, is_id
from satark.core.money import RateTable, format_minor, is_currency
from satark.core.words import Words, duration_words

__all__ = [
    "IST",
    "Clock",
    "EventId",
    "FixedClock",
    "Lang",
    "Micros",
    "OwnerId",
    "PolicyHash",
    "RateTable",
    "SystemClock",
    "Words",
    "duration_words",
    "format_ist",
    "format_minor",
    "from_us",
    "is_currency",
    "is_id",
    "ist_day",
    "to_us",
]
