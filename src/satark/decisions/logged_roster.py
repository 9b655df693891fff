"""What the log says about who decides: rosters and models, as they were at any place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from satark.core.errors import NotFound
from satark.decisions.roster import MODEL, ROSTER, ROSTER_REF, decode_roster, model_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.decisions.ports import LogEntry
    from satark.decisions.roster import Roster

SYSTEM_OWNER = 0


class InputLog(Protocol):
    """The part of `satark.decisions.ports.EventLog` that inputs are found by."""

    def find_by_ref(self, owner: int, payment_id: str, /) -> Iterator[LogEntry]:
        """Stream the entries under a reference, in order."""


def roster_entry(log: InputLog, before_seq: int | None = None) -> LogEntry | None:
    """Return the line of the roster that is in force at a place (by default at the end); None before the first."""
    found = None
    for entry in log.find_by_ref(SYSTEM_OWNER, ROSTER_REF):
        if entry.kind == ROSTER and entry.body and (before_seq is None or entry.seq < before_seq):
            found = entry
    return found


def roster_at(log: InputLog, before_seq: int | None = None) -> Roster | None:
    """Return the roster in force at a place in the log.

    Raises
    ------
    InputInvalid
        It cannot be read.
    """
    entry = roster_entry(log, before_seq)
    return None if entry is None else decode_roster(entry.body)


def killed_at(log: InputLog, policy: str, before_seq: int | None = None) -> frozenset[str]:
    """Return the codes of a policy's rules that were switched off at a place in the log."""
    roster = roster_at(log, before_seq)
    return frozenset() if roster is None else frozenset(roster.killed.get(policy, ()))


def logged_model(log: InputLog, model_hash: str) -> bytes:
    """Return the bytes of a model of the log.

    Raises
    ------
    NotFound
        The log does not have it.
    """
    for entry in log.find_by_ref(SYSTEM_OWNER, model_ref(model_hash)):
        if entry.kind == MODEL and entry.body:
            return entry.body
    message = "the model is not in the log"
    raise NotFound(message, model=model_hash)
