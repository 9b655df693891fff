"""A span of time as a form gives it: two moments in India."""

from __future__ import annotations

from datetime import datetime, timedelta

from satark.core.clock import IST, to_us

FOR_EVER_US = 1 << 62


def span_of(begin: str, end: str) -> tuple[int, int] | None:
    """Return the span in microseconds, None when it cannot be one; an empty end is open, the last minute counts whole.

    Examples
    --------
    >>> span_of("1970-01-01T05:30", "1970-01-01T05:30")
    (0, 60000000)
    >>> span_of("", "") == (0, FOR_EVER_US), span_of("x", ""), span_of("2026-01-02T00:00", "2026-01-01T00:00")
    (True, None, None)
    """
    try:
        from_us = 0 if not begin else int(to_us(datetime.fromisoformat(begin).replace(tzinfo=IST)))
        to = FOR_EVER_US
        if end:
            to = int(to_us(datetime.fromisoformat(end).replace(tzinfo=IST) + timedelta(minutes=1)))
    except (ValueError, OverflowError):
        return None
    return (from_us, to) if from_us < to else None
