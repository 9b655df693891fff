"""Whether it is the dead of night in India, when victims sleep and alerts go unread."""

from __future__ import annotations

from satark.core.clock import IST_OFFSET_US, MICROS_PER_DAY
from satark.events.facts import FactType
from satark.events.signals import Signal

NIGHT_END_US = 5 * 3_600_000_000


def is_night(occurred_us: int | None) -> bool | None:
    """Return whether the time lies from 00:00 to before 05:00 Indian Standard Time.

    Examples
    --------
    >>> is_night(0), is_night(20 * 3_600_000_000)
    (False, True)
    """
    return None if occurred_us is None else (occurred_us + IST_OFFSET_US) % MICROS_PER_DAY < NIGHT_END_US


SIGNAL = Signal(
    name="is_night",
    type=FactType.BOOL,
    inputs=("occurred_at",),
    compute=is_night,
    about="whether it is the dead of night in India, when victims sleep and alerts go unread",
)
