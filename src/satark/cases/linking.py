"""What an event says about who and what took part: the form in which the follower hands events to the entity index."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from satark.cases.model import EntityRef


class Verdict(IntEnum):
    """What a label said of an event; a later label replaces an earlier one."""

    NONE = 0
    FRAUD = 1
    GENUINE = 2


class LinkedEvent(msgspec.Struct, frozen=True):
    """An event with the things that it names.

    Attributes
    ----------
    action
        What was decided; None for an event that is not decided (a payee change).
    amount_minor
        In the policy's base currency; 0 where there is none.
    refs
        Each thing once.
    last4
        The card's last four digits, by which people ask for it; the token does not show them.
    """

    seq: int
    owner: int
    occurred_us: int
    action: str | None
    amount_minor: int
    refs: tuple[EntityRef, ...]
    last4: str | None = None


class Labelled(msgspec.Struct, frozen=True):
    """A label's verdict about the event at a place of the log."""

    seq: int
    verdict: Verdict
