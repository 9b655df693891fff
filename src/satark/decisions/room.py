"""The engine's room: the windows in force, the thread that commits, rebuilds and snapshots.

What goes on around the events of `satark.decisions.service`: start and stop, what happens when a commit fails, how the
rows of the windows become durable.
"""

from __future__ import annotations

import threading
from time import sleep
from typing import TYPE_CHECKING, Any

from satark.core.errors import NotReady, SatarkError, StorageUnavailable
from satark.decisions.answers import Outcome, Readiness, tell
from satark.decisions.commit import Committer
from satark.decisions.pending import Pending
from satark.decisions.recovery import Memory, encode_state, log_inputs, recover, state_of
from satark.decisions.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.core.clock import Clock
    from satark.decisions.arrival import Accepted
    from satark.decisions.casting import Casting
    from satark.decisions.decide import Decider
    from satark.decisions.list_edits import ListEdit
    from satark.decisions.ports import EventLog
    from satark.events.tokens import CardTokens

DEFAULT_FUTURE_US = 60_000_000
_RETRY_SECONDS = 0.5
COMMIT_POLL_SECONDS = 0.002


class EngineRoom:
    """Owns the windows and the way to the log.

    Parameters
    ----------
    make_decider
        Makes a fresh decider with empty windows: of a given lineup, or without one of those who are in force by the
        log. Called at start, for every rebuild, and for a lineup that needs other windows.
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
        (kind, ref, body) of the inputs in force (policy, rates, model), logged at start unless the log has them.
    progress
        Called with (done, total) while windows are rebuilt.
    casting
        Finds who decides; None in an engine whose policy never changes while it runs.
    """

    def __init__(  # noqa: PLR0913 - what an engine is made of; each has a default but four
        self,
        make_decider: Callable[..., Decider],
        log: EventLog,
        *,
        tokens: CardTokens,
        clock: Clock,
        future_us: int = DEFAULT_FUTURE_US,
        batch_wait_us: int = 0,
        inputs: Sequence[tuple[str, str, bytes]] = (),
        progress: Callable[[int, int], None] | None = None,
        casting: Casting | None = None,
    ) -> None:
        self._make_decider = make_decider
        self._log = log
        self._tokens = tokens
        self._clock = clock
        self._future_us = future_us
        self._inputs = inputs
        self._progress = progress
        self._casting = casting
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
        self._publishing = threading.Lock()  # Held by an order to publish: one at a time.
        # Edits of lists since an order was begun, which its new lists do not have yet.
        self._edits: list[ListEdit] | None = None
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
        inputs = [*self._inputs, *([] if self._casting is None else self._casting.inputs())]
        log_inputs(self._log, inputs, self._clock.now_us(), currency)
        self._seq = self._committed_seq = recover(
            self._decider, self._memory, self._log, progress=self._progress
        )
        if self._decider.rows is not None:
            self._decider.rows.stand_alone()
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
        # An order under way sees that the engine stops, and ends.
        if self._publishing.acquire(timeout=timeout):
            self._publishing.release()
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

    def _ready_or_raise(self) -> None:
        if self._state != "ready":
            message = f"the engine is {self._state}"
            raise NotReady(message, retry_after_seconds=1)

    def _queue(self, waiting: Accepted) -> None:
        self._pending.add(waiting)
        self._committer.put(waiting)

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
        if self._decider is not None and self._decider.rows is not None:
            self._decider.rows.close()
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
            encoded = encode_state(state, decider.texts)
            while self._committed_seq < seq:
                if not self._trusted.is_set():
                    return
                sleep(COMMIT_POLL_SECONDS)
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
