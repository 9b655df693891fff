"""The engine's front: takes raw events, decides, commits, answers.

`submit` runs in one thread (the server's event loop); the committer's thread gives the answers once they are durable.
On the way: door (decode, seal, check), same id, time, windows and rules (`Decider`), log, answer.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

from satark.core.errors import SatarkError, StorageUnavailable, WindowsFull
from satark.decisions.answers import Outcome, receipt, same_or_raise, stored_answer
from satark.decisions.arrival import Accepted, Arrival, entry_of, not_future_or_raise
from satark.decisions.list_edits import (
    SYSTEM_OWNER,
    check_edit_for,
    edit_books,
    encode_list_edit,
    list_entry,
)
from satark.decisions.ports import FLAG_PARKED
from satark.decisions.publishing import PublishingRoom
from satark.decisions.recovery import enter_parked, take_in
from satark.decisions.room import DEFAULT_FUTURE_US
from satark.events import admit, body_digest, check_custom, occurred_us
from satark.events.kinds import Label, Payment, PaymentResult, event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from satark.decisions.answers import Order
    from satark.decisions.list_edits import ListEdit
    from satark.events import Event

__all__ = ["DEFAULT_FUTURE_US", "DecisionService"]


class _AtDoor(NamedTuple):
    """An event that has passed the door, and who waits for its answer."""

    event: Event
    body: bytes
    digest: bytes
    owner: int
    done: Callable[[Outcome], None]
    started_ns: int
    decoded_ns: int


class DecisionService(PublishingRoom):
    """Decides and logs events; see `EngineRoom` for what it is made of."""

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
        try:
            one = self._at_door(raw, owner, done, only)
            with self._gate:
                self._ready_or_raise()
                self._accept(one)
        except SatarkError as error:
            self._refuse(done, error)

    def submit_many(self, orders: Iterable[Order]) -> None:
        """Accept events in this order, each as `submit` would; whatever goes wrong with one is told to its caller.

        All pass the door before the first is decided. Each of the two steps runs through much code; taken in turns for
        every event they would push each other out of the processor's caches, which costs a tenth of the time.
        """
        at_door: list[_AtDoor] = []
        for raw, owner, done, only in orders:
            try:
                at_door.append(self._at_door(raw, owner, done, only))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this caller's answer and no other's
                self._refuse(done, error)
        for one in at_door:
            try:
                with self._gate:
                    self._ready_or_raise()
                    self._accept(one)
            except Exception as error:  # noqa: BLE001 - as above
                self._refuse(one.done, error)

    def _at_door(self, raw: bytes, owner: int, done: Callable[[Outcome], None], only: str | None) -> _AtDoor:
        started = perf_counter_ns()
        event, body = admit(raw, self._tokens, only)
        return _AtDoor(event, body, body_digest(body), owner, done, started, perf_counter_ns())

    def _refuse(self, done: Callable[[Outcome], None], error: Exception) -> None:
        self.counts["refused"] += 1
        done(Outcome(0, b"", error=error))

    def _accept(self, one: _AtDoor) -> None:
        decider, event, owner = self.decider, one.event, one.owner
        if type(event) is Payment and event.custom:
            check_custom(event, decider.attributes)
        if self._is_repeated(owner, event.id, one.digest, one.done):
            return
        now, occurred = self._clock.now_us(), occurred_us(event)
        not_future_or_raise(event, occurred, now, self._future_us)
        late, seq = decider.is_late(occurred), self._seq + 1
        arrival = Arrival(event, owner, one.body, one.digest, occurred, now, late, seq, one.started_ns)
        try:
            waiting = (
                self._decide(arrival, event, one) if type(event) is Payment else self._take(arrival, one.done)
            )
        except (WindowsFull, StorageUnavailable):
            if self._half_done:
                self._distrust_windows()
            raise
        except Exception:
            self._distrust_windows()
            raise
        self._seq = seq
        self.counts["accepted"] += 1
        self.counts["late"] += late
        self._queue(waiting)

    def _distrust_windows(self) -> None:
        """After an error half-way the windows may hold what the log will not: rebuild them behind what is queued."""
        self._half_done = False
        self._trusted.clear()
        self._state = "rebuilding after an error"
        self._committer.fail_after(StorageUnavailable("the windows are rebuilt", retry_after_seconds=1))

    def _decide(self, arrival: Arrival, payment: Payment, one: _AtDoor) -> Accepted:
        decider = self.decider
        decision, encoded, features = decider.decide(
            payment,
            seq=arrival.seq,
            occurred_us=arrival.occurred_us,
            arrived_us=arrival.arrived_us,
            late=arrival.late,
            started_ns=arrival.started_ns,
            decoded_ns=one.decoded_ns,
        )
        self._half_done = True
        self._memory.note_payment(arrival.owner, payment)
        flags = enter_parked(decider, self._memory, arrival.owner, payment, arrival.seq)
        self._half_done = False
        self._tally.decided(decision.action, decision.degraded)
        entry = entry_of(arrival, "payment", flags=flags, decision=encoded, features=features)
        return Accepted(entry, encoded, decision, [one.done])

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
                books = self.decider.books
                check_edit_for([policy for policy, _ in books], edit)
                if self._is_repeated(SYSTEM_OWNER, event_id, digest, done):
                    return
                entry = list_entry(edit, event_id, self._seq + 1, self._clock.now_us(), digest, body)
                edit_books(books, edit)
                if self._edits is not None:
                    self._edits.append(edit)
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
