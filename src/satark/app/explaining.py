"""The worker's part that explains what models went by, behind the log and at a bounded rate.

After the commit of a decision, in another process: entries are read in log order, and what is not an `allow` and has a
model's score is explained. The place in the log moves on in the transaction that keeps the explanations, so a kill at
any moment leaves none out and makes none twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from satark.core.errors import IntegrityBroken, StorageUnavailable
from satark.decisions.explaining import Explainer, Failure, to_explain
from satark.storage.desk.explanations import FOLLOWER, NewExplanation

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.decisions.model import Decision
    from satark.decisions.ports import EventLog, LogEntry
    from satark.storage.desk import Desk

READ = 1_000
"""Entries that are looked at in one step; most need no explanation."""
AT_ONCE = 4
"""Explanations per step. The worker pauses after each step that made some, so with `PAUSE_SECONDS` there are some
fifteen a second at most, and engine and pages keep the processor."""
PAUSE_SECONDS = 0.2

_log = structlog.get_logger("satark.worker")


class Explaining:
    """Explains one log for one desk.

    Parameters
    ----------
    log
        Read only.
    desk
        Written.
    find_model
        Gives the bytes of a model by its hash; raises `NotFound`.
    """

    def __init__(self, log: EventLog, desk: Desk, find_model: Callable[[str], bytes]) -> None:
        self._log = log
        self._desk = desk
        self._explainer = Explainer(log, find_model)
        self.place = desk.followers.begin(FOLLOWER)

    def step(self) -> int:
        """Explain the next decisions; return how many entries were passed, 0 when it is time to pause.

        Raises
        ------
        StorageUnavailable
            Nothing was done; the next call tries again.
        """
        made: list[NewExplanation] = []
        last = self.place.seq
        for entry in self._log.read(self.place.seq, limit=READ):
            decision = to_explain(entry)
            if decision is not None:
                if len(made) == AT_ONCE:
                    break
                made.append(self._explained(entry, decision))
            last = entry.seq
        passed = last - self.place.seq
        if not passed:
            return 0
        try:
            with self._desk.writing("the explanations") as connection:
                self._desk.followers.move(connection, FOLLOWER, self.place.seq, last)
                self._desk.explanations.add(connection, made)
        except IntegrityBroken:
            # Another worker was quicker; what it did stands, and this one goes on behind it.
            _log.warning("explained_elsewhere", seq=self.place.seq)
        self.place = self._desk.followers.begin(FOLLOWER)
        return 0 if made else passed

    def _explained(self, entry: LogEntry, decision: Decision) -> NewExplanation:
        assert decision.model is not None  # noqa: S101 - `to_explain` has looked
        found: Any
        try:
            found = self._explainer.explain(entry, decision)
        except StorageUnavailable:
            raise
        except Exception:  # noqa: BLE001 - one decision that cannot be explained must not stop the others
            _log.exception("not_explained", seq=entry.seq)
            found = Failure.FAILED
        if isinstance(found, Failure):
            _log.warning("no_explanation", seq=entry.seq, model=decision.model.hash[:12], reason=found.value)
        return NewExplanation(entry.seq, entry.occurred_us, decision.model.hash, found)
