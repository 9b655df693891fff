"""A small engine without a log, for trying a policy on a few events: `satark policy test`."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.decisions.decide import Decider
from satark.decisions.ports import FLAG_LATE, FLAG_PARKED, LogEntry
from satark.decisions.recovery import Memory, enter_parked, take_in
from satark.decisions.views import Lineup
from satark.events import CardTokens, canonical_body, occurred_us, seal_card
from satark.events.kinds import Label, Payment, PaymentResult, event_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from satark.decisions.model import Decision
    from satark.decisions.views import View
    from satark.events import Event

_OWNER = 1
_SMALL = {"memory_bytes": 1 << 26, "max_keys": 1 << 16, "max_entries": 1 << 16}
_KEY = "trial:" + base64.b64encode(bytes(range(32))).decode()
"""No secret: nothing of a trial is kept."""


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """What the policy says about one payment."""

    action: str
    score: float
    codes: tuple[str, ...]


def try_policy(view: View, events: Sequence[Event]) -> list[TrialAnswer | None]:
    """Decide events in order on a fresh engine; None for those that are not decided.

    The action is what an enforced policy would answer, also in `observe` mode, and nobody is released by lot.
    """
    log = _Events()
    decider = Decider(Lineup(view), windows_options=_SMALL)
    memory = Memory(log, None)  # type: ignore[arg-type]  # it only looks entries up
    tokens = CardTokens.parse(_KEY)
    return [_answer(decider, memory, log, seal_card(event, tokens)) for event in events]


class _Events:
    """The entries so far, in the part of `EventLog` that the engine looks things up by."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        found = [entry for entry in self.entries if (entry.owner, entry.event_id) == (owner, event_id)]
        return found[0] if found else None

    def find_by_ref(self, owner: int, ref: str) -> Iterator[LogEntry]:
        return (entry for entry in self.entries if (entry.owner, entry.ref) == (owner, ref))


def _answer(decider: Decider, memory: Memory, log: _Events, event: Event) -> TrialAnswer | None:
    at_us, seq = occurred_us(event), len(log.entries) + 1
    late = decider.is_late(at_us)
    flags = FLAG_LATE if late else 0
    ref = ""
    earlier = None
    if isinstance(event, PaymentResult | Label):
        ref = event.payment if isinstance(event, PaymentResult) else event.event
        if memory.payment(_OWNER, ref) is None:
            flags |= FLAG_PARKED
        elif isinstance(event, Label):
            earlier = memory.earlier_label(_OWNER, ref, seq)
    kind = event_type(event)
    entry = LogEntry(seq, _OWNER, event.id, kind, at_us, at_us, flags, ref, b"", canonical_body(event))
    log.entries.append(entry)
    if not isinstance(event, Payment):
        take_in(decider, memory, entry, event, earlier)
        return None
    decision: Decision = decider.decide(
        event, seq=seq, occurred_us=at_us, arrived_us=at_us, late=late, started_ns=0, decoded_ns=0
    )[0]
    memory.note_payment(_OWNER, event)
    enter_parked(decider, memory, _OWNER, event, seq)
    codes = tuple(reason.code for reason in decision.reasons)
    return TrialAnswer(decision.would or decision.action, decision.score, codes)
