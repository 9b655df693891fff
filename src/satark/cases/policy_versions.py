"""Versions of policies, what people did to them, and what takes part now: plain data for storage and pages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from satark.cases.policy_life import State
    from satark.decisions.roster import Roster

REPLACED = "replaced"
"""What is stored of a draft whose text went on under another hash."""


@dataclass(frozen=True, slots=True)
class Version:
    """One text of a policy.

    Attributes
    ----------
    hash
        Of its content; `digest` is of the very text, comments and layout included.
    thread
        The hash of the first draft: what was edited from one text to the next belongs together.
    parent
        The version that its text began as, None for one that began empty.
    state
        Where it stands now, the roster in force included.
    percent
        Of its canary; None unless it is one.
    revision
        Grows with each step; a form sends back the one that was seen.
    author
        Who wrote this text.
    contributors
        Who wrote, changed or submitted it or the drafts before it.
    approved_by
        Who approved exactly this text; None while nobody has.
    """

    hash: str
    thread: str
    parent: str | None
    name: str
    version: int
    text: str
    digest: str
    state: State
    percent: float | None
    revision: int
    author: str
    note: str
    created_us: int
    changed_us: int
    contributors: frozenset[str]
    approved_by: str | None

    @property
    def approved(self) -> bool:
        """Whether a second person has approved it."""
        return self.approved_by is not None


@dataclass(frozen=True, slots=True)
class VersionAct:
    """What somebody did to a version; `was` and `now` are where it stood before and after."""

    id: int
    at_us: int
    hash: str
    actor: str
    step: str
    was: str
    now: str
    note: str


@dataclass(frozen=True, slots=True)
class Order:
    """A roster that somebody asked for.

    Attributes
    ----------
    step
        shadow, canary, live, end, back, kill or revive.
    hash, rule
        The version or rule that it is about; empty where it is about none.
    roster, before
        What was asked for, and what held then.
    state, result
        What the engine made of it: waiting, done or refused, and why.
    effective
        The order whose placing of versions holds after this one; None: that of the engine's settings.
    prior
        The order whose placing held before it.
    """

    id: int
    at_us: int
    actor: str
    step: str
    hash: str
    rule: str
    note: str
    roster: Roster
    before: Roster
    command: int
    state: str
    result: str
    effective: int | None
    prior: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What takes part in deciding.

    Attributes
    ----------
    roster
        In force by the log; None while the engine has logged no policy.
    since_us
        Since when it is; None likewise.
    asked
        The newest order that the log does not show yet and that the engine has not refused.
    refused
        The newest order, when the engine refused it.
    back
        The roster that one click goes back to; None when there is none before.
    by_settings
        The policy in force is the one of the engine's settings.
    """

    roster: Roster | None
    since_us: int | None
    asked: Order | None
    refused: Order | None
    back: Roster | None
    by_settings: bool

    @property
    def coming(self) -> Roster | None:
        """What will be in force once the engine has done what was asked."""
        return self.roster if self.asked is None else self.asked.roster

    @property
    def waiting(self) -> bool:
        """Whether the engine still has something to do."""
        return self.asked is not None and self.asked.state == "waiting"

    @property
    def seen(self) -> str:
        """What a form sends back to say which roster its sender saw; it covers the switches of rules as well.

        It stays the same when the engine has logged what was asked, with more words about it.
        """
        coming = self.coming
        if coming is None:
            return ""
        killed = sorted((one, sorted(codes)) for one, codes in coming.killed.items() if codes)
        told = (coming.live, coming.canary, coming.shadows, killed)
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]
