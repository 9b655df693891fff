"""The log of an installation as the source of a backtest: entries in log order, late as they were, with their inputs.

A log is read from as far back as the windows reach, not from its beginning. Results and labels about older payments
find those in the log. Edits of lists and new rates count from their own place on, as they did then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from satark.core.errors import NotFound, SatarkError
from satark.decisions.again import policy_of
from satark.decisions.backtest.result import Note
from satark.decisions.backtest.sources import Loaded
from satark.decisions.binding import view_of
from satark.decisions.list_edits import LIST_EDIT, apply_list_edit, apply_logged_edits, decode_list_edit
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.decisions.logged_roster import logged_model, roster_at
from satark.decisions.ports import FLAG_LATE
from satark.decisions.recovery import EVENT_KINDS, RATES, SYSTEM_OWNER, rates_of
from satark.decisions.replay_stage import AT, LATE, SHARE, THEN
from satark.events import decode_stored
from satark.events.facts import PAYMENT
from satark.events.frame_columns import ROW, stored_columns
from satark.events.frame_events import EventRows
from satark.events.tokens import current_card
from satark.policies import ListBook, load_policy
from satark.policies.model import GRAVITY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from satark.core.rates import RateTable
    from satark.decisions.list_edits import ListEdit
    from satark.decisions.ports import EventLog, LogEntry
    from satark.decisions.replay_run import BulkDecider
    from satark.decisions.replay_stage import Stage
    from satark.decisions.views import View
    from satark.events import Event
    from satark.events.facts import FactType
    from satark.events.tokens import CardTokens
    from satark.policies.model_rules import ModelRef

BATCH_ENTRIES = 32_768
CLOCK_MARGIN_US = 3_600_000_000
"""How far the clock of the engine may have gone back between two entries of the log."""
_OWNED = "\x1f"
"""Stands between an id and the number of its owner, for all owners but the first; no id has it."""


class _Policy(msgspec.Struct):
    hash: str = ""


class _Then(msgspec.Struct):
    """What a decision of the log says that matters here."""

    action: str
    policy: _Policy
    released: bool = False


_THEN = msgspec.json.Decoder(_Then)


@dataclass(frozen=True, slots=True)
class LogSource:
    """The log of an installation.

    Attributes
    ----------
    log
        For reading.
    tokens
        The card keys, so that cards are read under today's names.
    rates
        For what came before the log knew of rates.
    """

    log: EventLog
    tokens: CardTokens | None = None
    rates: RateTable | None = None

    def load(
        self,
        stage: Stage,
        *,
        attributes: Mapping[str, FactType],
        horizon_us: int,
        bounds: tuple[int | None, int | None],
        tell: Callable[[int, int], None],
    ) -> Loaded:
        """Fill a stage (`satark.decisions.backtest.sources.BacktestSource.load`).

        Raises
        ------
        NotFound
            The log has no payments in that time.
        StorageUnavailable
            It cannot be read.
        """
        first = 1 if bounds[0] is None else self._first_needed(bounds[0] - horizon_us)
        reading = _Reading(self, stage, attributes, bounds)
        # Lists and rates begin as they were before the first entry.
        reading.inputs.append((0, lambda decider: _as_before(decider, self.log, first)))
        reading.read(first, tell)
        if reading.until_at is None:
            message = "the log has no payments in that time"
            raise NotFound(message)
        reading.find_older(first)
        stage.close()
        notes = [Note("windows_cold") if first == 1 else Note("windows_warm", {"first_seq": first})]
        if reading.edits:
            notes.append(Note("inputs_in_order", {"edits": reading.edits}))
        if reading.removed:
            notes.append(Note("bodies_removed", {"entries": reading.removed}))
        return Loaded(
            kind="log",
            name=f"{first} to {reading.last}",
            rows=reading.rows,
            refused=0,
            labels=stage.label_rows(),
            inputs=reading.inputs,
            until_at=reading.until_at,
            as_of_us=reading.newest_us,
            rates=self.rates,
            shown=reading.shown,
            notes=notes,
        )

    def _first_needed(self, from_us: int) -> int:
        """Return a place before which no entry came at or after a time; arrival times rise along the log."""
        low, high = 1, self.log.last_seq() + 1
        wanted = from_us - CLOCK_MARGIN_US
        while low < high:
            middle = (low + high) // 2
            entry = self.log.get(middle)
            if entry is not None and entry.arrived_us >= wanted:
                high = middle
            else:
                low = middle + 1
        return max(1, min(low, self.log.last_seq()))


class _Reading:
    """One pass over the log."""

    def __init__(
        self,
        source: LogSource,
        stage: Stage,
        attributes: Mapping[str, FactType],
        bounds: tuple[int | None, int | None],
    ) -> None:
        self._log, self._tokens, self._stage = source.log, source.tokens, stage
        self._rows = EventRows(stored_columns(attributes), attributes, source.tokens)
        self._from_us, self._to_us = bounds
        self._first_owner: int | None = None
        self._shares: dict[str, float | None] = {}
        self.inputs: list[tuple[int, Callable[[BulkDecider], None]]] = []
        self.edits = self.removed = self.rows = self.last = 0
        self.until_at: int | None = None
        self.newest_us = 0

    def read(self, first: int, tell: Callable[[int, int], None]) -> None:
        last = self._log.last_seq()
        batch: list[LogEntry] = []
        for entry in self._log.read(first - 1, until_seq=last):
            self.last = entry.seq
            if entry.kind in EVENT_KINDS:
                if entry.body:
                    batch.append(entry)
                else:
                    self.removed += 1
            elif entry.body:
                self._input(entry)
            if len(batch) == BATCH_ENTRIES:
                self._stage.add_logged(self._frame(batch))
                tell(entry.seq - first, 2 * (last - first + 1))
                batch = []
        if batch:
            self._stage.add_logged(self._frame(batch))

    def find_older(self, first: int) -> None:
        """Find the payments from before the first entry that results and labels are about."""
        if first == 1:
            return
        found: list[LogEntry] = []
        for key in self._stage.payments_wanted().to_list():
            owner, event_id = self._owner_and_id(key)
            entry = self._log.find(owner, event_id)
            if entry is not None and entry.kind == PAYMENT and entry.seq < first and entry.body:
                found.append(entry)
            if len(found) == BATCH_ENTRIES:
                self._stage.add_known(self._frame(found, counts=False))
                found = []
        if found:
            self._stage.add_known(self._frame(sorted(found, key=lambda one: one.seq), counts=False))

    def shown(self, keys: pl.Series) -> pl.Series:
        """Return ids without their owners."""
        return keys.str.split_exact(_OWNED, 1).struct.field("field_0").alias(keys.name)

    def _input(self, entry: LogEntry) -> None:
        if entry.kind == LIST_EDIT:
            edit = decode_list_edit(entry.body)
            self.edits += 1
            self.inputs.append((entry.seq, lambda decider: _edit_lists(decider, edit)))
        elif entry.kind == RATES:
            self.inputs.append((entry.seq, lambda decider: _use_rates(decider, entry)))

    def _frame(self, entries: list[LogEntry], *, counts: bool = True) -> pl.DataFrame:
        events: list[tuple[int, Event]] = []
        then: list[int | None] = []
        shares: list[float | None] = []
        for entry in entries:
            event = decode_stored(entry.body)
            events.append((entry.seq, event if self._tokens is None else current_card(event, self._tokens)))
            answered = self._then(entry)
            then.append(None if answered is None else GRAVITY.get(answered.action))
            shares.append(self._share(answered))
            if counts:
                self._note(entry)
        told = pl.DataFrame(
            {
                ROW: [entry.seq for entry in entries],
                LATE: [bool(entry.flags & FLAG_LATE) for entry in entries],
                THEN: pl.Series(then, dtype=pl.Int8),
                SHARE: pl.Series(shares, dtype=pl.Float64),
                "__owner": [self._mark(entry.owner) for entry in entries],
            }
        )
        self.rows += len(entries) if counts else 0
        frame = self._rows.of_events(events).join(told, on=ROW, how="left", maintain_order="left")
        owned = [(pl.col(name) + pl.col("__owner")).alias(name) for name in ("id", "payment")]
        return frame.with_columns(*owned, pl.col(ROW).alias(AT)).drop("__owner")

    def _note(self, entry: LogEntry) -> None:
        self.newest_us = max(self.newest_us, entry.occurred_us)
        if (
            entry.kind == PAYMENT
            and (self._from_us is None or entry.occurred_us >= self._from_us)
            and (self._to_us is None or entry.occurred_us < self._to_us)
        ):
            self.until_at = entry.seq

    def _then(self, entry: LogEntry) -> _Then | None:
        if entry.decision is None:
            return None
        try:
            return _THEN.decode(entry.decision)
        except msgspec.MsgspecError:
            return None

    def _share(self, then: _Then | None) -> float | None:
        """Return the share of the control group that let a payment through; None when it went its usual way."""
        if then is None or not then.released:
            return None
        key = then.policy.hash
        if key not in self._shares:
            try:
                policy, _ = policy_of(self._log, key, self._log.last_seq() + 1)
            except SatarkError:
                self._shares[key] = None
            else:
                self._shares[key] = None if policy.control is None else policy.control.share
        return self._shares[key]

    def _mark(self, owner: int) -> str:
        if self._first_owner is None:
            self._first_owner = owner
        return "" if owner == self._first_owner else f"{_OWNED}{owner}"

    def _owner_and_id(self, key: str) -> tuple[int, str]:
        event_id, _, owner = key.partition(_OWNED)
        return (int(owner) if owner else self._first_owner or 0), event_id


def live_view(log: EventLog, models: Callable[[ModelRef], Iterable[bytes]] | None = None) -> View:
    """Return the policy that the log has in force, with its lists as it began and its model.

    Parameters
    ----------
    log
        Its newest roster says which; without one, the newest policy or the policy of the newest decision.
    models
        Gives what may be its model, besides the log itself.

    Raises
    ------
    NotFound
        The log has no policy.
    ModelInvalid
        Its model cannot be found or used.
    """
    roster = roster_at(log)
    key = roster.live if roster is not None else _newest_policy(log)
    found = None
    for entry in log.find_by_ref(SYSTEM_OWNER, policy_ref(key)):
        if entry.kind == "policy" and entry.body:
            found = entry
    if found is None:
        message = "the policy in force is not in the log"
        raise NotFound(message, policy=key)
    logged = msgspec.json.decode(found.body, type=PolicyInput)
    policy = load_policy(logged.text, file=f"{logged.name}.yaml")
    killed = () if roster is None else roster.killed.get(key, ())
    return view_of(
        policy,
        lambda ref: logged_models(log, ref, models),
        killed=killed,
        lists=ListBook.restored(policy, logged.lists),
    )


def logged_models(
    log: EventLog, ref: ModelRef, models: Callable[[ModelRef], Iterable[bytes]] | None = None
) -> Iterator[bytes]:
    """Yield what may be a model: from files, then from the log."""
    if models is not None:
        yield from models(ref)
    try:
        yield logged_model(log, ref.hash)
    except NotFound:
        return


def _newest_policy(log: EventLog) -> str:
    seq = log.last_seq()
    while seq > 0:
        entry = log.get(seq)
        if entry is not None and entry.kind == "policy":
            return entry.ref.partition(":")[2]
        if entry is not None and entry.decision is not None:
            return _THEN.decode(entry.decision).policy.hash
        seq -= 1
    message = "the log has no policy yet"
    raise NotFound(message)


def _edit_lists(decider: BulkDecider, edit: ListEdit) -> None:
    for view, book in zip(decider.views, decider.books, strict=True):
        if edit.list in view.policy.lists:
            apply_list_edit(book, edit)


def _as_before(decider: BulkDecider, log: EventLog, seq: int) -> None:
    for view, book in zip(decider.views, decider.books, strict=True):
        apply_logged_edits(log, view.policy, book, seq)
    found = None
    for entry in log.find_by_ref(SYSTEM_OWNER, decider.policy.base_currency):
        if entry.kind == RATES and entry.seq < seq:
            found = entry
    if found is not None:
        decider.use_rates(rates_of(found))


def _use_rates(decider: BulkDecider, entry: LogEntry) -> None:
    if entry.ref == decider.policy.base_currency:
        decider.use_rates(rates_of(entry))
