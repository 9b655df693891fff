"""The hour of the day in India."""

from __future__ import annotations

from satark.core.clock import IST_OFFSET_US
from satark.events.facts import FactType
from satark.events.signals import Signal

HOUR_US = 3_600_000_000


def hour_ist(occurred_us: int | None) -> int | None:
    """Return 0 to 23 in Indian Standard Time.

    Examples
    --------
    >>> hour_ist(0)  # 1970-01-01T00:00Z is 05:30 in India
    5
    """
    return None if occurred_us is None else (occurred_us + IST_OFFSET_US) // HOUR_US % 24


SIGNAL = Signal(
    name="hour_ist",
    type=FactType.INT,
    inputs=("occurred_at",),
    compute=hour_ist,
    about="the hour of the day in India",
)
