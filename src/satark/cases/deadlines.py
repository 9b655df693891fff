"""The clock of a case: when it speaks, and what it says.

A case has so long as its queue allows. When a quarter of that time is left (an hour at most), it is near its deadline;
afterwards it is past it. The worker tells of both once: in the case's timeline and by webhook, so that whoever is on
duty hears of it without looking. The pages show the same two numbers to everybody for his own cases.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec

from satark.cases.cloud_events import event_message
from satark.cases.outbox import Topic
from satark.core.clock import MICROS_PER_SECOND, from_us

if TYPE_CHECKING:
    from satark.cases.ports import Message

NEAR_SHARE = 4
"""The part of the whole time that is left when a case is near its deadline, as one out of so many."""
NEAR_MOST_US = 3_600 * MICROS_PER_SECOND
"""A case with days of time is near its deadline in the last hour."""


class Stage(IntEnum):
    """How far a case's clock has gone; stored, so only ever added to."""

    EARLY = 0
    NEAR = 1
    PAST = 2


class Due(msgspec.Struct, frozen=True):
    """How many of somebody's open cases are near their deadline, and how many past it."""

    near: int = 0
    past: int = 0


def stage_of(opened_us: int, deadline_us: int, now_us: int) -> Stage:
    """Return where the clock of an open case stands.

    Examples
    --------
    >>> minute = 60_000_000
    >>> [stage_of(0, 20 * minute, now * minute).name for now in (0, 14, 15, 19, 20, 99)]
    ['EARLY', 'EARLY', 'NEAR', 'NEAR', 'PAST', 'PAST']
    >>> day = 1_440 * minute
    >>> stage_of(0, day, day - 61 * minute).name, stage_of(0, day, day - 60 * minute).name
    ('EARLY', 'NEAR')
    """
    left_us = deadline_us - now_us
    if left_us <= 0:
        return Stage.PAST
    is_near = left_us <= NEAR_MOST_US and left_us <= (deadline_us - opened_us) // NEAR_SHARE
    return Stage.NEAR if is_near else Stage.EARLY


def reminder(
    stage: Stage, *, case_id: int, queue: str, assignee: str | None, deadline_us: int, amount_minor: int
) -> Message:
    """Return the event for webhooks that a case is near its deadline or past it."""
    topic = Topic.CASE_OVERDUE if stage is Stage.PAST else Topic.CASE_DUE_SOON
    return event_message(
        topic,
        # A deadline that moved is another one to be told of.
        f"{topic}:{case_id}:{deadline_us}",
        {
            "case": case_id,
            "queue": queue,
            "assignee": assignee,
            "deadline": from_us(deadline_us).isoformat(),
            "amount_minor": amount_minor,
        },
        subject=f"case/{case_id}",
        case_id=case_id,
    )
