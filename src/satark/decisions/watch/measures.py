"""What is counted, per day of the act in India: the names of the measures, their keys, and days as weeks.

A count is (day, measure, key) with a number and a sum. Everything that the watch says is made of such counts,
so that it needs no second look at the log and no memory that grows with it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.core.clock import Lang

DECIDED = "decided"
"""Key: what the rules decided. Sum: minor units of the base currency."""
ANSWERED = "answered"
"""Key: `through`, `stopped`, `observed` (would have been stopped) or `released` (by lot). Sum: minor units."""
LABELLED = "labelled"
"""Key: label and where it ended, "fraud.stopped". Sum: minor units. By the payment's day, as the labels stand now."""
CONTRADICTED = "contradicted"
"""Key: empty. Payments on which reporters do not agree."""
RULE, RULE_FRAUD, RULE_GENUINE = "rule", "rule_fraud", "rule_genuine"
"""Key: a rule's code. Sum: minor units."""
SCORE = "score"
"""Key: one of twenty equal parts of 0 to 1, "07". Sum: millionths."""
MODEL = "model"
"""Key: "model:reference:bin", of all decisions. Sum: millionths of probability."""
EXPECTED, OBSERVED = "expected", "observed"
"""Key: a model; payments that went through, and the frauds among them. Sum: millionths of probability."""
UNSURE = "unsure"
"""Key: a model; sum over payments that went through of p (1 - p) in millionths, what chance alone makes of them."""
VALUE, MISSING = "value", "missing"
"""Key: "name:reference:bin", and "name:reference"."""
DEGRADED = "degraded"
"""Key: what was missing, and `ANY` for decisions with anything missing."""
DELAY = "delay"
"""Key: how long after a payment its first report of fraud came, by the day of the report; see `DELAY_DAYS`."""
MEASURES = (
    DECIDED, ANSWERED, LABELLED, CONTRADICTED, RULE, RULE_FRAUD, RULE_GENUINE, SCORE, MODEL, EXPECTED, OBSERVED, UNSURE,
    VALUE, MISSING, DEGRADED, DELAY,
)  # fmt: skip
OF_WEEKS = (
    SCORE, MODEL, EXPECTED, OBSERVED, UNSURE, VALUE, MISSING, DEGRADED, DELAY, RULE, RULE_FRAUD, RULE_GENUINE, DECIDED,
)  # fmt: skip
"""What is judged per week."""

ANY = "*"
THROUGH, STOPPED, OBSERVED_ONLY, RELEASED = "through", "stopped", "observed", "released"
SCORE_BINS = 20
DELAY_DAYS = (1 / 24, 6 / 24, 1.0, 2.0, 3.0, 7.0, 14.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0)
"""Upper bounds (inclusive) of the delays; one more bin holds what came later."""
MILLION = 1_000_000
DAYS_PER_WEEK = 7
_MONDAY = 3
"""1970-01-01 was a Thursday: days since then and 3 begin a week on Monday."""
_EPOCH = date(1970, 1, 1)
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "hi": ("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
}

Sums = dict[str, dict[str, tuple[int, int]]]
"""Measure to key to (count, sum)."""


def week_of(day: int) -> int:
    """Return the week (Monday to Sunday, numbered since 1970) of a day in India.

    Examples
    --------
    >>> week_of(0), week_of(3), week_of(4), week_of(11)
    (0, 0, 1, 2)
    """
    return (day + _MONDAY) // DAYS_PER_WEEK


def first_day(week: int) -> int:
    """Return a week's Monday as a day since 1970.

    Examples
    --------
    >>> week_of(first_day(2957)), week_of(first_day(2957) - 1)
    (2957, 2956)
    """
    return week * DAYS_PER_WEEK - _MONDAY


def week_name(week: int) -> str:
    """Return a week's name of ISO 8601.

    Examples
    --------
    >>> week_name(week_of(20_785)), week_name(0)
    ('2026-W48', '1970-W01')
    """
    year, number, _ = _day(first_day(week)).isocalendar()
    return f"{year}-W{number:02d}"


def week_named(name: str) -> int:
    """Return the week of a name of ISO 8601.

    Raises
    ------
    InputInvalid
        There is no such week.

    Examples
    --------
    >>> week_named("2026-W48") == week_of(20_785)
    True
    """
    found = _WEEK.fullmatch(name)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None:
        message = "there is no such week; a week is written 2026-W48"
        raise InputInvalid(message, field="week", found=name[:20])
    return week_of((monday - _EPOCH).days)


def week_words(week: int, lang: Lang = "en") -> str:
    """Return a week's days for people.

    Examples
    --------
    >>> week_words(week_of(20_785)), week_words(week_of(20_785), "hi")
    ('23 Nov to 29 Nov 2026', '23 नवंबर से 29 नवंबर 2026')
    """
    start, end = _day(first_day(week)), _day(first_day(week) + DAYS_PER_WEEK - 1)
    names = _MONTHS[lang]
    joint = "से" if lang == "hi" else "to"
    year = "" if start.year == end.year else f" {start.year}"
    return f"{start.day} {names[start.month - 1]}{year} {joint} {end.day} {names[end.month - 1]} {end.year}"


def day_words(day: int, lang: Lang = "en") -> str:
    """Return a day for people.

    Examples
    --------
    >>> day_words(20_785), day_words(20_785, "hi")
    ('28 Nov 2026', '28 नवंबर 2026')
    """
    at = _day(day)
    return f"{at.day} {_MONTHS[lang][at.month - 1]} {at.year}"


def by_bin(counts: Mapping[str, tuple[int, int]], head: str, bins: int) -> list[int]:
    """Return the counts of the bins under one head of keys.

    Examples
    --------
    >>> by_bin({"a:r:00": (3, 0), "a:r:02": (1, 0), "b:r:00": (9, 0)}, "a:r", 3)
    [3, 0, 1]
    """
    return [counts.get(f"{head}:{place:02d}", (0, 0))[0] for place in range(bins)]


def _day(day: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date()
