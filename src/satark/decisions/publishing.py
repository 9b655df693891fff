"""Publish another lineup of policies while the engine answers.

The new policies are read, bound and compiled beside the running ones. When the windows in force hold all that they
need, they decide from the next event on. Otherwise new windows are filled from the log first, while the old ones go on
answering, and take over at the end. Either way the roster and what it names reach the log in one transaction: after a
crash the engine starts with the old lineup or with the new one.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING

from satark.core.errors import InputInvalid, NotReady, SatarkError, StorageUnavailable
from satark.decisions.answers import Outcome, receipt, stored_answer
from satark.decisions.arrival import Accepted
from satark.decisions.list_edits import SYSTEM_OWNER, edit_books
from satark.decisions.ports import LogEntry
from satark.decisions.recovery import BREATH_EVERY, Memory, enter_logged, recover
from satark.decisions.room import COMMIT_POLL_SECONDS, EngineRoom
from satark.decisions.roster import ROSTER, check_order
from satark.events import body_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.decisions.casting import Cast
    from satark.decisions.decide import Decider
    from satark.decisions.roster import PublishOrder
    from satark.decisions.seat import Seat

BREATH_SECONDS = 0.000_2
"""Pause after every few entries while windows are filled beside the running engine, which has the right of way."""
NEARLY = 64
"""So few entries behind, the rest is entered while the engine waits: about a millisecond."""
TURN_SECONDS = 0.000_2
"""How long a thread that answers waits for its turn meanwhile; Python's own 5 ms would be felt in each answer."""
GENTLE_ROUNDS = 10
"""So often what came meanwhile is entered with pauses; then without, so that the engine is caught up with for sure."""


@dataclass(slots=True)
class _Successor:
    """What takes over: other windows with their memory, or another seat over the same ones."""

    decider: Decider | None = None
    memory: Memory | None = None
    seat: Seat | None = None
    at_seq: int = 0


class PublishingRoom(EngineRoom):
    """An engine that takes orders to publish."""

    def publish(
        self, order: PublishOrder, event_id: str, done: Callable[[Outcome], None], *, actor: str = ""
    ) -> None:
        """Let another lineup decide; from any thread but the one that decides. Returns when all is done.

        Parameters
        ----------
        order
            What is asked.
        event_id
            Its id in the log: an order that was carried out before is answered from the log.
        done
            Called once: with a receipt when the roster is durable, or with the refusal. In between the engine may
            already decide by it.
        actor
            Who gave the order.
        """
        with self._publishing:
            try:
                check_order(order)
                earlier = self._log.find(SYSTEM_OWNER, event_id)
                if earlier is not None:
                    done(Outcome(200, stored_answer(earlier), repeated=True))
                    return
                self._publish(order, event_id, done, actor)
            except SatarkError as error:
                self.counts["refused"] += 1
                done(Outcome(0, b"", error=error))
            finally:
                with self._gate:
                    self._edits = None

    def _publish(
        self, order: PublishOrder, event_id: str, done: Callable[[Outcome], None], actor: str
    ) -> None:
        if self._casting is None:
            message = "this engine has one policy for as long as it runs"
            raise InputInvalid(message, field="live")
        with self._gate:
            self._ready_or_raise()
            before, seq = self.decider, self._seq
            self._edits = []
        self._wait_for(seq)
        books = {policy.content_hash: book for policy, book in before.books}
        cast = self._casting.cast(order, before.lineup, books, actor)
        successor = self._successor(cast, before)
        settled = threading.Event()
        outcomes: list[Outcome] = []

        def heard(outcome: Outcome) -> None:
            outcomes.append(outcome)
            settled.set()

        try:
            with self._gate:
                self._ready_or_raise()
                self._same_or_raise(before)
                fresh = [(view.policy, view.lists) for view in cast.fresh if view.lists is not None]
                for edit in self._edits or ():
                    edit_books(fresh, edit)
                together = self._together(cast, event_id, heard)
                self._take_over(successor)
                self._queue_together(together)
            while not settled.wait(COMMIT_POLL_SECONDS * 10):
                if self._stopped.is_set() and self._committer.depth == 0:
                    break
        except BaseException:
            _give_up(successor.decider, before)
            raise
        self._settle(before, successor, durable=bool(outcomes) and outcomes[0].error is None)
        done(outcomes[0] if outcomes else Outcome(0, b"", error=_stopping()))

    # ------------------------------------------------------------ steps

    def _successor(self, cast: Cast, before: Decider) -> _Successor:
        """Make what will take over, as far as that goes while the engine answers."""
        if cast.covered:
            return _Successor(seat=before.prepare(cast.lineup))
        decider = self._make_decider(cast.lineup)
        usual = sys.getswitchinterval()
        sys.setswitchinterval(min(usual, TURN_SECONDS))
        try:
            decider.compile()
            memory = Memory(self._log, self._tokens)
            if decider.rows is not None:
                # Rows that an earlier attempt left may end anywhere.
                decider.rows.restart(decider.plan.version, decider.plan.layout.n_inputs)
            at = recover(
                decider, memory, self._log, progress=self._progress, breath=self._breath, edits=False
            )
            rounds = 0
            while self._seq - at > NEARLY:
                at = self._follow(decider, memory, at, gently=rounds < GENTLE_ROUNDS)
                rounds += 1
        except BaseException:
            _give_up(decider, before)
            raise
        finally:
            sys.setswitchinterval(usual)
        return _Successor(decider, memory, None, at)

    def _follow(self, decider: Decider, memory: Memory, after: int, *, gently: bool) -> int:
        """Enter what was committed since; return how far that is."""
        self._going_on_or_raise()
        until = self._committed_seq
        for entry in self._log.read(after, until_seq=until):
            enter_logged(decider, memory, entry)
            if gently and entry.seq % BREATH_EVERY == 0:
                self._breath()
        if until == after:
            sleep(COMMIT_POLL_SECONDS)
        return until

    def _take_over(self, successor: _Successor) -> None:
        """Let it decide from here on; under the gate."""
        if successor.seat is not None:
            self.decider.take_seat(successor.seat)
            return
        decider, memory = successor.decider, successor.memory
        if decider is None or memory is None:
            raise TypeError
        waiting = self._pending.after(successor.at_seq)
        until = waiting[0].seq - 1 if waiting else self._seq
        for entry in self._log.read(successor.at_seq, until_seq=until):
            enter_logged(decider, memory, entry)
        for place, entry in enumerate(waiting, 1):
            about = [one for one in waiting[:place] if _is_about(one, entry)]
            enter_logged(decider, memory, entry, about)
        self._decider, self._memory = decider, memory

    def _together(self, cast: Cast, event_id: str, heard: Callable[[Outcome], None]) -> list[Accepted]:
        """Return the lines of the log for the roster and what it names; under the gate."""
        now = self._clock.now_us()
        together = []
        for seq, (kind, ref, body) in enumerate(cast.inputs, self._seq + 1):
            own = event_id if kind == ROSTER else f"{kind}:{seq}"
            entry = LogEntry(seq, SYSTEM_OWNER, own, kind, now, now, 0, ref, body_digest(body), body)
            together.append(Accepted(entry, receipt(entry), None, [heard] if kind == ROSTER else []))
        return together

    def _queue_together(self, together: Sequence[Accepted]) -> None:
        """Queue what is to be durable all at once; under the gate."""
        self._seq = together[-1].entry.seq
        for waiting in together:
            self._pending.add(waiting)
        self._committer.put_together(together)
        self.counts["accepted"] += len(together)

    def _settle(self, before: Decider, successor: _Successor, *, durable: bool) -> None:
        """After new windows took over: make their rows durable, and let go of those that decide no more."""
        if successor.decider is None:
            return
        if durable:
            self.snapshot()
        with self._snapshots:
            _close(before)
            # When the roster could not be written, the windows of before were rebuilt, or will be.
            stands = durable == (self._decider is successor.decider)
            if stands and self._decider is not None and self._decider.rows is not None:
                self._decider.rows.stand_alone()

    # ------------------------------------------------------------ while the engine goes on

    def _breath(self) -> None:
        self._going_on_or_raise()
        sleep(BREATH_SECONDS)

    def _going_on_or_raise(self) -> None:
        if self._stopped.is_set() or not self._trusted.is_set():
            raise _stopping()

    def _wait_for(self, seq: int) -> None:
        """Wait until a place in the log is durable."""
        while self._committed_seq < seq:
            self._going_on_or_raise()
            sleep(COMMIT_POLL_SECONDS)

    def _same_or_raise(self, before: Decider) -> None:
        if self._decider is not before:
            message = "the windows were rebuilt meanwhile"
            raise NotReady(message, retry_after_seconds=1)


def _is_about(one: LogEntry, entry: LogEntry) -> bool:
    return one.owner == entry.owner and (entry.ref or entry.event_id) in {one.ref, one.event_id}


def _close(decider: Decider | None) -> None:
    if decider is not None and decider.rows is not None:
        decider.rows.close()


def _give_up(decider: Decider | None, before: Decider) -> None:
    """Let go of windows that will not take over, and of their rows."""
    _close(decider)
    if decider is not None and before.rows is not None:
        before.rows.stand_alone()


def _stopping() -> StorageUnavailable:
    return StorageUnavailable("the engine stops or rebuilds its windows", retry_after_seconds=1)
