"""Bring the windows to where the log is: at start, after a failed commit, and for a policy with new windows.

Rows that were kept beside the log are taken in bulk; what the log has beyond them is read and entered one by one.
Either way the windows end up as a replay of the committed log (DESIGN promise 3).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.core.rates import RateTable
from satark.decisions.list_edits import apply_logged_edits
from satark.decisions.ports import FLAG_LABELLED, FLAG_LATE, FLAG_PARKED, LogEntry
from satark.decisions.seat import DECIDED
from satark.events import body_digest, decode_stored
from satark.events.kinds import Label, Payment, PaymentResult
from satark.events.tokens import current_card
from satark.features.kernel.layout import FLAG_RETRACT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.decisions.decide import Decider
    from satark.decisions.ports import EventLog
    from satark.events import Event
    from satark.events.tokens import CardTokens
    from satark.features.kept_texts import Texts

SYSTEM_OWNER = 0
RATES = "rates"
NO_RATES = b"currency,date,rate\n"  # An empty body would read as one that was removed.
EVENT_KINDS = frozenset({"payment", "payment_result", "label", "payee_change"})
MAX_PARKED = 100_000
RECENT_PAYMENTS = 20_000
BREATH_EVERY = 32
"""About a millisecond of work."""
_REPORT_EVERY = 50_000
_RETRACT = np.full(1, FLAG_RETRACT, dtype=np.uint8)


class EngineState(msgspec.Struct):
    """What a snapshot keeps besides rows: the greatest time, the texts behind words, and what is parked.

    The texts are copied while the engine goes on: what comes to them meanwhile does no harm.
    """

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
        self.parked: OrderedDict[tuple[int, str], list[LogEntry]] = OrderedDict()
        self.n_parked = 0

    def current(self, event: Event) -> Event:
        """Return an event with its card under today's name."""
        return event if self._tokens is None else current_card(event, self._tokens)

    def note_payment(self, owner: int, payment: Payment) -> None:
        """Keep a payment at hand for the results that usually follow soon."""
        self._payments[owner, payment.id] = payment
        if len(self._payments) > RECENT_PAYMENTS:
            # A plain dict would walk over all that was deleted before to find its first entry.
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

    def park(self, entry: LogEntry, newest_on_time_us: int) -> bool:
        """Keep a result or label until its payment comes; False when too many wait already.

        What waited until it is late could not enter any more, so it is let go here, oldest first.
        """
        while self.parked:
            key = next(iter(self.parked))
            if any(waiting.occurred_us >= newest_on_time_us for waiting in self.parked[key]):
                break
            self.unpark(*key)
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

    def earlier_label(
        self, owner: int, payment_id: str, before_seq: int, uncommitted: Sequence[LogEntry] = ()
    ) -> LogEntry | None:
        """Return the label that a new one of the same payment replaces: the latest before it that is in the windows.

        Parameters
        ----------
        owner, payment_id
            Whose payment.
        before_seq
            The new label's place.
        uncommitted
            Entries of this payment, itself included, that the log does not have yet.
        """
        found = None
        for entry in [*self._log.find_by_ref(owner, payment_id), *uncommitted]:
            # A late one was kept out of the windows and has replaced nothing.
            if entry.kind == "label" and entry.seq < before_seq and not entry.flags & FLAG_LATE:
                found = entry
        if found is None or not found.flags & FLAG_PARKED:
            return found
        # It waited for its payment, whose entry tells whether it could still enter by then.
        mine = [entry for entry in uncommitted if entry.kind == DECIDED]
        payment = mine[0] if mine else self._log.find(owner, payment_id)
        return found if payment is not None and payment.flags & FLAG_LABELLED else None


def log_inputs(log: EventLog, inputs: Sequence[tuple[str, str, bytes]], now_us: int, currency: str) -> None:
    """Append inputs in force, as (kind, reference, content), unless they are what the log has last.

    That the base currency has no rates any more is told as well: amounts of old events stay as they were converted.
    """
    inputs = list(inputs)
    if all(kind != RATES for kind, _, _ in inputs) and _last_input(log, RATES, currency) is not None:
        inputs.append((RATES, currency, NO_RATES))
    for kind, ref, body in inputs:
        digest = body_digest(body)
        earlier = _last_input(log, kind, ref)
        if earlier is None or earlier.digest != digest:
            seq = log.last_seq() + 1
            event_id = f"{kind}:{seq}"
            log.append([LogEntry(seq, SYSTEM_OWNER, event_id, kind, now_us, now_us, 0, ref, digest, body)])


def _last_input(log: EventLog, kind: str, ref: str, until_seq: int | None = None) -> LogEntry | None:
    found = None
    for entry in log.find_by_ref(SYSTEM_OWNER, ref):
        if entry.kind == kind and (until_seq is None or entry.seq <= until_seq):
            found = entry
    return found


def rates_of(entry: LogEntry | None) -> RateTable | None:
    """Return the exchange rates of a line of the log; none before the first, or where they were taken away."""
    return RateTable.from_csv(entry.ref, entry.body.decode()) if entry is not None and entry.body else None


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
            if not late:
                decider.windows.note_time(entry.occurred_us)
            memory.park(entry, decider.windows.on_time_us)
            return
        payment = memory.payment(entry.owner, entry.ref)
    if earlier is not None and not late and earlier.body:
        decider.retract(
            decode_stored(earlier.body), payment, "label", seq=entry.seq, occurred_us=earlier.occurred_us
        )
    decider.remember(event, payment, entry.kind, seq=entry.seq, occurred_us=entry.occurred_us, late=late)
    if isinstance(event, Payment):
        memory.note_payment(entry.owner, event)
        enter_parked(decider, memory, entry.owner, event, entry.seq)


def enter_parked(decider: Decider, memory: Memory, owner: int, payment: Payment, seq: int) -> int:
    """Let what waited for a payment enter the windows, each at its own time unless that is too late by now.

    Of several labels the last one stands for all, as it would have replaced the others.

    Returns
    -------
    int
        `FLAG_LABELLED` when a label entered, else 0; for the payment's line of the log.
    """
    flags = 0
    waiting = memory.unpark(owner, payment.id)
    labels = [entry for entry in waiting if entry.kind == "label" and not entry.flags & FLAG_LATE]
    for entry in waiting:
        if decider.is_late(entry.occurred_us) or (entry.kind == "label" and entry not in labels[-1:]):
            continue
        event = decode_stored(entry.body)
        decider.remember(event, payment, entry.kind, seq=seq, occurred_us=entry.occurred_us, late=False)
        if entry.kind == "label":
            flags = FLAG_LABELLED
    return flags


def enter_logged(
    decider: Decider, memory: Memory, entry: LogEntry, uncommitted: Sequence[LogEntry] = ()
) -> None:
    """Let one line of the log enter the windows; `uncommitted` are lines of its payment that the log lacks yet."""
    if entry.kind not in EVENT_KINDS or not entry.body:
        return
    event = memory.current(decode_stored(entry.body))
    earlier = None
    if entry.kind == "label":
        earlier = memory.earlier_label(entry.owner, entry.ref, entry.seq, uncommitted)
    take_in(decider, memory, entry, event, earlier)


def recover(
    decider: Decider,
    memory: Memory,
    log: EventLog,
    *,
    progress: Callable[[int, int], None] | None = None,
    breath: Callable[[], None] | None = None,
    edits: bool = True,
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
    breath
        Called after every few entries, so that others on this machine get their turn; may raise to stop.
    edits
        Apply the logged edits to the lists, too; False where they are up to date.

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
    in_force, base = decider.rates, decider.policy.base_currency
    if _last_input(log, RATES, base) is not None:
        # Amounts of old events were converted by the rates of their time, which are in the log as well.
        decider.rates = rates_of(_last_input(log, RATES, base, done))
    forgotten = _surely_forgotten(decider, log, last)
    for entry in log.read(done):
        if entry.seq > last:
            break
        behind = entry.seq
        if breath is not None and entry.seq % BREATH_EVERY == 0:
            breath()
        if entry.kind in EVENT_KINDS and entry.occurred_us > forgotten:
            enter_logged(decider, memory, entry)
        elif entry.kind == RATES and entry.ref == base:
            decider.rates = rates_of(entry)
        if progress is not None and entry.seq % _REPORT_EVERY == 0:
            progress(entry.seq, last)
    decider.rates = in_force
    if edits:
        for policy, book in decider.books:
            apply_logged_edits(log, policy, book)
    decider.windows.warm()
    return max(behind, last)


def _surely_forgotten(decider: Decider, log: EventLog, last: int) -> int:
    """Return a time up to which no entry can be in any window; the newest time is at least that of the last event."""
    entry = log.get(last)
    # Inputs (policy, rates) are dated by the clock, which may be far from the time of events.
    while entry is not None and entry.kind not in EVENT_KINDS:
        entry = log.get(entry.seq - 1)
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
        begin = 0
        for place in np.flatnonzero(block[:, 0] < 0).tolist():
            decider.windows.refill(block[begin:place])
            decider.windows.run_silent(block[place : place + 1], _RETRACT, out, nul)
            begin = place + 1
        decider.windows.refill(block[begin:])


def state_of(decider: Decider, memory: Memory) -> EngineState:
    """Copy what a snapshot keeps besides rows, but for the texts."""
    parked = [(owner, ref, entry.seq) for (owner, ref), many in memory.parked.items() for entry in many]
    return EngineState(decider.windows.max_time_us, {}, parked)


def encode_state(state: EngineState, texts: Texts) -> bytes:
    """Encode the state with the texts; apart from `state_of`, because the engine waits for that alone."""
    return msgspec.msgpack.encode(msgspec.structs.replace(state, texts=texts.copy()))


def _restore_state(decider: Decider, memory: Memory, log: EventLog, encoded: bytes) -> None:
    state = msgspec.msgpack.decode(encoded, type=EngineState)
    decider.windows.note_time(state.max_time_us)
    decider.texts.restore(state.texts, state.max_time_us)
    for _, _, seq in state.parked:
        entry = log.get(seq)
        if entry is not None:
            memory.park(entry, decider.windows.on_time_us)
