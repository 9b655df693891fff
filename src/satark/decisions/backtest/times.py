"""The bounds of a backtest as people write them: a day in India, or a moment with its offset."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import msgspec

from satark.core.clock import IST, to_us
from satark.core.errors import InputInvalid
from satark.events.fields import Moment

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def bound_us(text: str, *, end: bool = False) -> int:
    """Return a bound in microseconds.

    Parameters
    ----------
    text
        A date, which means the whole day in India, or an RFC 3339 time with an offset, which means that moment.
    end
        As the end of a span, which does not belong to it; a date then gives the beginning of the day after.

    Raises
    ------
    InputInvalid
        It is neither.

    Examples
    --------
    >>> bound_us("1970-01-01", end=True) - bound_us("1970-01-01") == 86_400_000_000
    True
    >>> bound_us("1970-01-01T05:30:00+05:30")
    0
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return int(to_us(datetime(day.year, day.month, day.day, tzinfo=IST)))
        return int(to_us(msgspec.convert(text, Moment)))
    except (ValueError, OverflowError, msgspec.ValidationError):
        expected = "a date such as 2026-01-31, or a time such as 2026-01-31T18:00:00+05:30"
        message = f"{text[:40]!r} is not {expected}"
        raise InputInvalid(
            message, field="to" if end else "from", expected=expected, found="another text"
        ) from None
