"""The engine's front: takes raw events, decides, commits, answers.

`submit` runs in one thread (the server's event loop); the committer's thread gives the answers once they are durable.
On the way: door (decode, seal, check), same id, time, windows and rules (`Decider`), log, answer.
"""

from __future__ import annotations

import threading
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING, Any

from satark.core.errors import NotReady, SatarkError, StorageUnavailable, WindowsFull
from satark.decisions.answers import Outcome, Readiness, receipt, same_or_raise, stored_answer, tell
from satark.decisions.arrival import Accepted, Arrival, entry_of, not_future_or_raise
from satark.decisions.commit import Committer
from satark.decisions.list_edits import (
    SYSTEM_OWNER,
    apply_list_edit,
    check_list_edit,
    encode_list_edit,
    list_entry,
)
from satark.decisions.pending import Pending
from satark.decisions.ports import FLAG_PARKED
from satark.decisions.recovery import (
    Memory,
    encode_state,
    enter_parked,
    log_inputs,
    recover,
    state_of,
    take_in,
)
from satark.decisions.tally import Tally
from satark.events import body_digest, canonical_body, check_custom, decode_event, occurred_us, seal_card
from satark.events.kinds import Label, Payment, PaymentResult, event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.core.clock import Clock
    from satark.decisions.decide import Decider
    from satark.decisions.list_edits import ListEdit
    from satark.decisions.ports import EventLog
    from satark.events import Event
    from satark.events.tokens import CardTokens

DEFAULT_FUTURE_US = 60_000_000
_RETRY_SECONDS = 0.5
_COMMIT_POLL_SECONDS = 0.002


class DecisionService:
    """Decides and logs events.

    Parameters
    ----------
    make_decider
        Makes a fresh decider with empty windows; called at start and for every rebuild.
    log
        The durable log.
    tokens
        Keys for card numbers.
    clock
        Time of arrival.
    future_us
        How far in the future an event may claim to be.
    batch_wait_us
        See `Committer`.
    inputs
        (kind, ref, body) of the inputs in force (policy, rates), logged at start unless the log has them.
    progress
        Called with (done, total) while windows are rebuilt.
    """

    def __init__(
        self,
        make_decider: Callable[[], Decider],
        log: EventLog,
        *,
        tokens: CardTokens,
        clock: Clock,
        future_us: int = DEFAULT_FUTURE_US,
        batch_wait_us: int = 0,
        inputs: Sequence[tuple[str, str, bytes]] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._make_decider = make_decider
        self._log = log
        self._tokens = tokens
        self._clock = clock
        self._future_us = future_us
        self._inputs = inputs
        self._progress = progress
        self._committer = Committer(
            log, committed=self._on_commit, failed=self._on_failure, wait_us=batch_wait_us
        )
        self._pending = Pending()
        self._state = "starting"
        self._gate = threading.Lock()  # Held while an event enters: no rebuild or snapshot sees half of one.
        self._decider: Decider | None = None
        self._memory = Memory(log, tokens)
        self._seq = 0
        self._committed_seq = 0
        self._stopped = threading.Event()
        self._snapshots = threading.Lock()  # Held by a snapshot and by a rebuild: they never share the rows.
        self._trusted = threading.Event()  # The windows hold what was accepted, and nothing else.
        self._half_done = False  # An event has moved the windows and is not through yet.
        self._tally = Tally()
        self.counts, self.degraded = self._tally.counts, self._tally.degraded
        self.last_snapshot_us = 0

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Compile, recover, and begin to answer; returns when ready.

        Raises
        ------
        SatarkError
            The log cannot be read, or its inputs cannot be written.
        """
        self._decider = self._make_decider()
        self._state = "compiling"
        self._decider.compile()
        self._state = "recovering"
        currency = self._decider.policy.base_currency
        log_inputs(self._log, self._inputs, self._clock.now_us(), currency)
        self._seq = self._committed_seq = recover(
            self._decider, self._memory, self._log, progress=self._progress
        )
        self._committer.start()
        self._trusted.set()
        if not self._stopped.is_set():
            self._state = "ready"

    def stop(self, timeout: float = 10.0) -> bool:
        """Finish what was accepted, take a last snapshot, and stop; False when time ran out."""
        with self._gate:
            self._state = "stopping"
            self._stopped.set()
        finished = self._committer.stop(timeout)
        if finished:
            self.snapshot()
        self._state = "stopped"
        return finished

    def ready(self) -> Readiness:
        """Return whether events are decided now."""
        if self._state == "ready":
            return Readiness(ready=True)
        return Readiness(ready=False, reasons=(self._state,))

    @property
    def decider(self) -> Decider:
        """The decider in force."""
        if self._decider is None:
            message = "the engine has not started"
            raise NotReady(message)
        return self._decider

    @property
    def committed_seq(self) -> int:
        """The last place in the log that is durable."""
        return self._committed_seq

    # ------------------------------------------------------------ events

    def submit(
        self,
        raw: bytes,
        owner: int,
        done: Callable[[Outcome], None],
        *,
        only: str | None = "payment",
        deadline_ms: int = 100,  # noqa: ARG002 - the edge gives up waiting; what was accepted is still finished
    ) -> None:
        """Accept one event.

        Parameters
        ----------
        raw
            The JSON.
        owner
            Whose ids these are.
        done
            Called once, at once or from the committer's thread, with the outcome.
        only
            The one event type that is welcome; None for any.
        deadline_ms
            How long the caller will wait.
        """
        started = perf_counter_ns()
        try:
            event = seal_card(decode_event(raw, only), self._tokens)
            body = canonical_body(event)
            with self._gate:
                self._ready_or_raise()
                self._accept(event, body, owner, done, started)
        except SatarkError as error:
            self.counts["refused"] += 1
            done(Outcome(0, b"", error=error))

    def _ready_or_raise(self) -> None:
        if self._state != "ready":
            message = f"the engine is {self._state}"
            raise NotReady(message, retry_after_seconds=1)

    def _accept(
        self, event: Event, body: bytes, owner: int, done: Callable[[Outcome], None], started: int
    ) -> None:
        decider = self.decider
        if type(event) is Payment and event.custom:
            check_custom(event, decider.policy.attributes)
        digest = body_digest(body)
        if self._is_repeated(owner, event.id, digest, done):
            return
        now, occurred = self._clock.now_us(), occurred_us(event)
        not_future_or_raise(event, occurred, now, self._future_us)
        arrival = Arrival(
            event, owner, body, digest, occurred, now, decider.is_late(occurred), self._seq + 1, started
        )
        try:
            waiting = (
                self._decide(arrival, event, done) if type(event) is Payment else self._take(arrival, done)
            )
        except (WindowsFull, StorageUnavailable):
            if self._half_done:
                self._distrust_windows()
            raise
        except Exception:
            self._distrust_windows()
            raise
        self._seq = arrival.seq
        self.counts["accepted"] += 1
        self.counts["late"] += arrival.late
        self._queue(waiting)

    def _queue(self, waiting: Accepted) -> None:
        self._pending.add(waiting)
        self._committer.put(waiting)

    def _distrust_windows(self) -> None:
        """After an error half-way the windows may hold what the log will not: rebuild them behind what is queued."""
        self._half_done = False
        self._trusted.clear()
        self._state = "rebuilding after an error"
        self._committer.fail_after(StorageUnavailable("the windows are rebuilt", retry_after_seconds=1))

    def _decide(self, arrival: Arrival, payment: Payment, done: Callable[[Outcome], None]) -> Accepted:
        decider = self.decider
        decision, encoded, features = decider.decide(
            payment,
            seq=arrival.seq,
            occurred_us=arrival.occurred_us,
            arrived_us=arrival.arrived_us,
            late=arrival.late,
            started_ns=arrival.started_ns,
            decoded_ns=perf_counter_ns(),
        )
        self._half_done = True
        self._memory.note_payment(arrival.owner, payment)
        flags = enter_parked(decider, self._memory, arrival.owner, payment, arrival.seq)
        self._half_done = False
        self._tally.decided(decision.action, decision.degraded)
        entry = entry_of(arrival, "payment", flags=flags, decision=encoded, features=features)
        return Accepted(entry, encoded, decision, [done])

    def _take(self, arrival: Arrival, done: Callable[[Outcome], None]) -> Accepted:
        event = arrival.event
        flags = 0
        ref = ""
        earlier = None
        if isinstance(event, PaymentResult | Label):
            ref = event.payment if isinstance(event, PaymentResult) else event.event
            if self._memory.payment(arrival.owner, ref) is None:
                flags = FLAG_PARKED
                self.counts["parked"] += 1
            elif isinstance(event, Label):
                # What is not committed yet is not in the log's indexes; asked first, none is missed on its way there.
                waiting = self._pending.about(arrival.owner, ref)
                earlier = self._memory.earlier_label(arrival.owner, ref, arrival.seq, waiting)
        entry = entry_of(arrival, event_type(event), flags=flags, ref=ref)
        self._half_done = earlier is not None  # It is taken out first; alone, an event enters or does not.
        take_in(self.decider, self._memory, entry, event, earlier)
        self._half_done = False
        return Accepted(entry, receipt(entry), None, [done])

    def _is_repeated(self, owner: int, event_id: str, digest: bytes, done: Callable[[Outcome], None]) -> bool:
        """Answer an id that came before; raise when it came with another body."""
        if self._pending.join(owner, event_id, digest, done):
            self.counts["repeated"] += 1
            return True
        entry = self._log.find(owner, event_id)
        if entry is None:
            return False
        same_or_raise(entry, digest)
        self.counts["repeated"] += 1
        done(Outcome(200, stored_answer(entry), repeated=True))
        return True

    def edit_list(self, edit: ListEdit, event_id: str, done: Callable[[Outcome], None]) -> None:
        """Change a list of the policy from now on; from any thread.

        Parameters
        ----------
        edit
            The change.
        event_id
            Its id: the same id and edit again are answered from the log.
        done
            As of `submit`.
        """
        body = encode_list_edit(edit)
        digest = body_digest(body)
        try:
            with self._gate:
                self._ready_or_raise()
                decider = self.decider
                check_list_edit(decider.policy, edit)
                if self._is_repeated(SYSTEM_OWNER, event_id, digest, done):
                    return
                entry = list_entry(edit, event_id, self._seq + 1, self._clock.now_us(), digest, body)
                apply_list_edit(decider.lists, edit)
                self._seq = entry.seq
                self.counts["accepted"] += 1
                self._queue(Accepted(entry, receipt(entry), None, [done]))
        except SatarkError as error:
            self.counts["refused"] += 1
            done(Outcome(0, b"", error=error))

    def find(self, owner: int, event_id: str) -> bytes | None:
        """Return the encoded decision of an owner's event, None when there is none."""
        entry = self._log.find(owner, event_id)
        return None if entry is None else entry.decision

    # ------------------------------------------------------------ commits

    def _on_commit(self, batch: Sequence[Any]) -> None:
        self._committed_seq = batch[-1].entry.seq
        self._pending.remove(batch)
        for waiting in batch:
            self.counts["unheard"] += tell(waiting.done, Outcome(200, waiting.body, waiting.decision))

    def _on_failure(self, batch: Sequence[Any], error: SatarkError) -> None:
        """Turn away all that waited, and rebuild the windows from the log before answering again."""
        with self._gate:
            self._trusted.clear()
            self._state = "rebuilding after a failed commit"
            turned_away = [*batch, *self._committer.take_all()]
        self.counts["failed_commits"] += bool(batch)
        self._turn_away(turned_away, StorageUnavailable(error.message, retry_after_seconds=1))
        while not self._stopped.is_set():
            try:
                with self._snapshots:
                    self._rebuild()
            except Exception:  # noqa: BLE001 - whatever it is, without windows nothing can be answered
                self._stopped.wait(_RETRY_SECONDS)
            else:
                return

    def _turn_away(self, batch: Sequence[Any], refusal: SatarkError) -> None:
        self._pending.remove(batch)
        for waiting in batch:
            self.counts["unheard"] += tell(waiting.done, Outcome(0, b"", error=refusal))

    def _rebuild(self) -> None:
        self._log.probe()
        decider = self._make_decider()
        memory = Memory(self._log, self._tokens)
        decider.compile()
        seq = recover(decider, memory, self._log, progress=self._progress)
        self.counts["rebuilds"] += 1
        with self._gate:
            self._decider, self._memory = decider, memory
            self._seq = self._committed_seq = seq
            self._trusted.set()
            if not self._stopped.is_set():
                self._state = "ready"

    # ------------------------------------------------------------ snapshots and inputs

    def snapshot(self) -> None:
        """Make the rows of the windows durable up to the last commit; from a background thread.

        A failure is counted, not raised: the log alone is enough to start from.
        """
        with self._snapshots:
            with self._gate:
                decider = self._decider
                if decider is None or decider.rows is None or not self._trusted.is_set():
                    return
                seq, horizon_us = self._seq, decider.windows.horizon_us
                state = state_of(decider, self._memory)
            encoded = encode_state(state)
            while self._committed_seq < seq:
                if not self._trusted.is_set():
                    return
                sleep(_COMMIT_POLL_SECONDS)
            try:
                decider.rows.snapshot(seq, horizon_us, encoded)
            except SatarkError:
                self.counts["snapshot_failures"] += 1
                return
        self.counts["snapshots"] += 1
        self.last_snapshot_us = self._clock.now_us()

    def metrics(self) -> dict[str, Any]:
        """Return counters and gauges for the edge."""
        windows = {} if self._decider is None else self._decider.windows.stats()
        return self._tally.metrics(
            {
                "commits_total": self._committer.batches,
                "committed_events_total": self._committer.entries,
                "last_commit_us": self._committer.last_commit_us,
                "pending": len(self._pending),
                "parked": self._memory.n_parked,
                "log_seq": self._committed_seq,
                **{f"windows_{name}": value for name, value in windows.items()},
            }
        )
