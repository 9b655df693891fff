"""When a notice may go out: quiet hours, in the time of India.

A held or blocked payment is told at any hour, because its money can still be saved; the policy says what else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.clock import IST_OFFSET_US, MICROS_PER_DAY, MICROS_PER_SECOND

if TYPE_CHECKING:
    from satark.policies.notice_rules import QuietHours

MINUTE_US = 60 * MICROS_PER_SECOND
MINUTES_PER_DAY = 1_440


def not_before(now_us: int, kind: str, quiet: QuietHours | None) -> int:
    """Return the first moment from now on at which a notice of a kind may go out.

    Examples
    --------
    >>> from satark.core.clock import format_ist, to_us
    >>> from satark.policies.notice_rules import QuietHours
    >>> from datetime import datetime
    >>> night = to_us(datetime.fromisoformat("2026-11-22T23:10:00+05:30"))
    >>> quiet = QuietHours(22 * 60, 7 * 60)
    >>> format_ist(not_before(night, "challenge", quiet)), not_before(night, "hold", quiet) == night
    ('23 Nov 2026, 07:00:00 IST', True)
    """
    if quiet is None or kind in quiet.urgent or quiet.from_minute == quiet.to_minute:
        return now_us
    local_us = now_us + IST_OFFSET_US
    minute = local_us % MICROS_PER_DAY // MINUTE_US
    if quiet.from_minute < quiet.to_minute:
        is_quiet = quiet.from_minute <= minute < quiet.to_minute
    else:
        is_quiet = minute >= quiet.from_minute or minute < quiet.to_minute
    if not is_quiet:
        return now_us
    wait_minutes = (quiet.to_minute - minute) % MINUTES_PER_DAY
    return local_us - local_us % MINUTE_US + wait_minutes * MINUTE_US - IST_OFFSET_US
