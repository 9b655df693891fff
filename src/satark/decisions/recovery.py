"""Bring the windows to where the log is: at start, after a failed commit, and for a policy with new windows.

Rows that were kept beside the log are taken in bulk; what the log has beyond them is read and entered one by one.
Either way the windows end up as a replay of the committed log (DESIGN promise 3).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.decisions.decide import DECIDED
from satark.decisions.ports import FLAG_LATE, FLAG_PARKED
from satark.events import decode_stored
from satark.events.kinds import Label, Payment, PaymentResult
from satark.events.tokens import current_card
from satark.features.kernel.layout import FLAG_INSERT, FLAG_RETRACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.decisions.decide import Decider
    from satark.decisions.ports import EventLog, LogEntry
    from satark.events import Event
    from satark.events.tokens import CardTokens

EVENT_KINDS = frozenset({"payment", "payment_result", "label", "payee_change"})
MAX_PARKED = 100_000
RECENT_PAYMENTS = 20_000
_REPORT_EVERY = 50_000


class EngineState(msgspec.Struct):
    """What a snapshot keeps besides rows: the greatest time, the texts behind words, and what is parked."""

    max_time_us: int
    texts: dict[int, str]
    parked: list[tuple[int, str, int]]


class Memory:
    """What the engine knows of recent events besides the windows.

    Attributes
    ----------
    parked
        (owner, payment id) to the seqs of results and labels that came before their payment.
    """

    def __init__(self, log: EventLog, tokens: CardTokens | None) -> None:
        self._log = log
        self._tokens = tokens
        self._payments: OrderedDict[tuple[int, str], Payment] = OrderedDict()
        self.parked: dict[tuple[int, str], list[LogEntry]] = {}
        self.n_parked = 0

    def current(self, event: Event) -> Event:
        """Return an event with its card under today's name."""
        return event if self._tokens is None else current_card(event, self._tokens)

    def note_payment(self, owner: int, payment: Payment) -> None:
        """Keep a payment at hand for the results that usually follow soon."""
        self._payments[owner, payment.id] = payment
        if len(self._payments) > RECENT_PAYMENTS:
            self._payments.popitem(last=False)

    def payment(self, owner: int, payment_id: str) -> Payment | None:
        """Find a payment, however old it is; None when it is not known or its body is gone."""
        known = self._payments.get((owner, payment_id))
        if known is not None:
            return known
        entry = self._log.find(owner, payment_id)
        if entry is None or entry.kind != DECIDED or not entry.body:
            return None
        event = self.current(decode_stored(entry.body))
        return event if isinstance(event, Payment) else None

    def park(self, entry: LogEntry) -> bool:
        """Keep a result or label until its payment comes; False when too many wait already."""
        if self.n_parked >= MAX_PARKED:
            return False
        self.parked.setdefault((entry.owner, entry.ref), []).append(entry)
        self.n_parked += 1
        return True

    def unpark(self, owner: int, payment_id: str) -> list[LogEntry]:
        """Take what waited for a payment."""
        if not self.parked:
            return []
        waiting = self.parked.pop((owner, payment_id), [])
        self.n_parked -= len(waiting)
        return waiting

    def earlier_label(self, owner: int, payment_id: str, before_seq: int) -> LogEntry | None:
        """Return the label that a new one of the same payment replaces: the latest before it."""
        found = None
        for entry in self._log.find_by_ref(owner, payment_id):
            if entry.kind == "label" and entry.seq < before_seq:
                found = entry
        return found


def take_in(
    decider: Decider, memory: Memory, entry: LogEntry, event: Event, earlier: LogEntry | None
) -> None:
    """Let a logged event enter the windows; shared by recovery and the live path for events without a decision.

    Parameters
    ----------
    decider, memory
        Of the engine.
    entry
        Its line in the log.
    event
        Its decoded body, with the card under today's name.
    earlier
        The label that it replaces, or None.
    """
    late = bool(entry.flags & FLAG_LATE)
    payment = None
    if isinstance(event, PaymentResult | Label):
        if entry.flags & FLAG_PARKED:
            memory.park(entry)
            if not late:
                decider.windows.note_time(entry.occurred_us)
            return
        payment = memory.payment(entry.owner, entry.ref)
    if earlier is not None and not late and not earlier.flags & FLAG_LATE and earlier.body:
        decider.retract(
            decode_stored(earlier.body), payment, "label", seq=entry.seq, occurred_us=earlier.occurred_us
        )
    decider.remember(event, payment, entry.kind, seq=entry.seq, occurred_us=entry.occurred_us, late=late)
    if isinstance(event, Payment):
        memory.note_payment(entry.owner, event)
        enter_parked(decider, memory, entry.owner, event, entry.seq)


def enter_parked(decider: Decider, memory: Memory, owner: int, payment: Payment, seq: int) -> None:
    """Let what waited for a payment enter the windows, each at its own time unless that is too late by now."""
    for waiting in memory.unpark(owner, payment.id):
        event = decode_stored(waiting.body)
        late = decider.is_late(waiting.occurred_us)
        decider.remember(event, payment, waiting.kind, seq=seq, occurred_us=waiting.occurred_us, late=late)


def recover(
    decider: Decider,
    memory: Memory,
    log: EventLog,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Fill fresh windows from the kept rows and the log.

    Parameters
    ----------
    decider
        With empty windows.
    memory
        Empty.
    log
        The committed log.
    progress
        Called with (done, total) log entries.

    Returns
    -------
    int
        The last committed seq, where the windows now stand.
    """
    last = log.last_seq()
    rows = decider.rows
    done = 0
    if rows is not None:
        done = rows.open(decider.plan.version, decider.plan.layout.n_inputs)
        if done > last:
            # The rows are ahead of the log: it was restored from a backup. The log is the truth.
            rows.restart(decider.plan.version, decider.plan.layout.n_inputs)
            done = 0
    if rows is not None and done:
        _restore_state(decider, memory, log, rows.state())
        enter_blocks(decider)
    behind = done
    forgotten = _surely_forgotten(decider, log, last)
    for entry in log.read(done):
        if entry.seq > last:
            break
        behind = entry.seq
        if entry.kind in EVENT_KINDS and entry.body and entry.occurred_us > forgotten:
            event = memory.current(decode_stored(entry.body))
            earlier = (
                memory.earlier_label(entry.owner, entry.ref, entry.seq) if entry.kind == "label" else None
            )
            take_in(decider, memory, entry, event, earlier)
        if progress is not None and entry.seq % _REPORT_EVERY == 0:
            progress(entry.seq, last)
    decider.windows.warm()
    return max(behind, last)


def _surely_forgotten(decider: Decider, log: EventLog, last: int) -> int:
    """Return a time up to which no entry can be in any window; the newest time is at least that of the last entry."""
    entry = log.get(last)
    if entry is None:
        return -(1 << 62)
    return entry.occurred_us - decider.windows.lateness_us - decider.windows.layout.max_offset_us


def enter_blocks(decider: Decider) -> None:
    """Enter all kept rows in bulk."""
    rows = decider.rows
    if rows is None:
        return
    out, nul = decider.outputs()
    for block in rows.blocks():
        flags = np.where(block[:, 0] < 0, FLAG_RETRACT, FLAG_INSERT).astype(np.uint8)
        decider.windows.run_silent(block, flags, out, nul)


def state_of(decider: Decider, memory: Memory) -> bytes:
    """Encode what a snapshot keeps besides rows."""
    parked = [(owner, ref, entry.seq) for (owner, ref), many in memory.parked.items() for entry in many]
    return msgspec.msgpack.encode(EngineState(decider.windows.max_time_us, dict(decider.texts), parked))


def _restore_state(decider: Decider, memory: Memory, log: EventLog, encoded: bytes) -> None:
    state = msgspec.msgpack.decode(encoded, type=EngineState)
    decider.windows.note_time(state.max_time_us)
    decider.texts.update(state.texts)
    for _, _, seq in state.parked:
        entry = log.get(seq)
        if entry is not None:
            memory.park(entry)
