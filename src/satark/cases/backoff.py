"""When a message is tried again, and what becomes of it: pure functions of its attempts and its last outcome.

A first repeat comes after seconds, a last one after a day, so that a receiver may be down for a week-end and miss
nothing. A notice to a customer is given up sooner: a day-old "we have held your payment" helps nobody. The times are
spread by a hash of the key, so that a thousand messages that failed together do not come back together, and a test
knows them.
"""

from __future__ import annotations

import hashlib

import msgspec

from satark.cases.outbox import Channel, MessageState, Outcome, Verdict
from satark.core.clock import MICROS_PER_SECOND

WEBHOOK_DELAYS_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400)
"""Eleven attempts over two days; the waits before the second, third, ... attempt."""

NOTICE_DELAYS_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600)
"""Nine attempts over half a day."""

SPREAD = 0.2
"""A wait is up to a fifth longer than the table says."""

MAX_RETRY_AFTER_SECONDS = 3_600
"""The longest that a receiver may ask to be left alone."""


class Fate(msgspec.Struct, frozen=True):
    """What becomes of a message after an attempt; `due_us` is of use while it waits."""

    state: MessageState
    due_us: int = 0


def delays_of(channel: str) -> tuple[int, ...]:
    """Return the waits of a channel in seconds."""
    return WEBHOOK_DELAYS_SECONDS if channel == Channel.WEBHOOK else NOTICE_DELAYS_SECONDS


def wait_seconds(
    channel: str, key: str, attempts: int, retry_after_seconds: int | None = None
) -> float | None:
    """Return how long to wait after so many attempts, None when there have been enough.

    Examples
    --------
    >>> round(wait_seconds("webhook", "a", 1), 2), round(wait_seconds("webhook", "b", 1), 2)
    (5.17, 5.2)
    >>> wait_seconds("webhook", "a", 11) is None
    True
    >>> wait_seconds("webhook", "a", 1, retry_after_seconds=90)
    90.0
    """
    delays = delays_of(channel)
    if attempts > len(delays):
        return None
    drawn = int.from_bytes(hashlib.sha256(f"{key}:{attempts}".encode()).digest()[:4], "big") / 2**32
    wait = delays[max(attempts, 1) - 1] * (1 + SPREAD * drawn)
    if retry_after_seconds is not None:
        wait = max(wait, float(min(max(retry_after_seconds, 0), MAX_RETRY_AFTER_SECONDS)))
    return wait


def fate_of(
    outcome: Outcome, *, channel: str, key: str, attempts: int, now_us: int, resend_in_doubt: bool
) -> Fate:
    """Return what becomes of a message.

    Parameters
    ----------
    resend_in_doubt
        The receiver drops repeats by the event's id, so that what may have arrived can be sent again.

    Examples
    --------
    >>> lost = Outcome(verdict=Verdict.DOUBT)
    >>> how = {"channel": "webhook", "key": "a", "attempts": 1, "now_us": 0}
    >>> fate_of(lost, **how, resend_in_doubt=False).state.value, fate_of(lost, **how, resend_in_doubt=True).state.value
    ('unknown', 'waiting')
    """
    if outcome.verdict is Verdict.SENT:
        return Fate(MessageState.SENT)
    if outcome.verdict is Verdict.REFUSED:
        return Fate(MessageState.FAILED)
    if outcome.verdict is Verdict.DOUBT and not resend_in_doubt:
        return Fate(MessageState.UNKNOWN)
    wait = wait_seconds(channel, key, attempts, outcome.retry_after_seconds)
    if wait is None:
        # What may have arrived stays in doubt also when it is given up.
        doubtful = outcome.verdict is Verdict.DOUBT
        return Fate(MessageState.UNKNOWN if doubtful else MessageState.DEAD)
    return Fate(MessageState.WAITING, now_us + round(wait * MICROS_PER_SECOND))
