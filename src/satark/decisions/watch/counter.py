"""Entries of the log become counts: what was decided, how its numbers lay, and what labels say of it since.

A label changes counts of the day of its payment, however old that is: what the payment counted as before the label is
taken off, what it counts as with it is added. So the counts always say what is known now, and nothing has to be
remembered but the counts.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from satark.core.clock import MICROS_PER_DAY, ist_day
from satark.core.errors import InvalidEvent, NotFound
from satark.decisions.labels import FRAUD, GENUINE, LabelHistory, LabelReport, history_of, report_of
from satark.decisions.ports import FLAG_LABELLED, FLAG_LATE
from satark.decisions.stored import decode_stored_features
from satark.decisions.watch import measures as m
from satark.events import decode_stored
from satark.events.kinds import Payment
from satark.models.drift import bin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from satark.decisions.labels import Standing
    from satark.decisions.ports import EventLog, LogEntry
    from satark.decisions.watch.gauges import Gauge, Gauges, Kept
    from satark.policies.label_rules import TrustOrder

CountRow = tuple[int, str, str, int, int]
"""Day, measure, key, count, sum."""
MAX_KEY_LENGTH = 160
_STOPPING = frozenset({"hold", "block"})
_PAYMENT, _LABEL = "payment", "label"
_WHO_BYTES = 12


class _Reason(msgspec.Struct):
    code: str


class _Policy(msgspec.Struct):
    hash: str


class _Model(msgspec.Struct):
    hash: str
    score: float | None = None


class _Decision(msgspec.Struct):
    action: str
    score: float
    policy: _Policy
    reasons: list[_Reason] = []
    degraded: list[str] = []
    would: str | None = None
    model: _Model | None = None
    released: bool = False


_DECISION = msgspec.json.Decoder(_Decision)


@dataclass(frozen=True, slots=True)
class Act:
    """What a decided payment counts by."""

    seq: int
    day: int
    occurred_us: int
    decision: _Decision
    ended: str
    minor: int
    who: bytes

    @property
    def went_through(self) -> bool:
        """Whether the money could move."""
        return self.ended != m.STOPPED


@dataclass(frozen=True, slots=True)
class Troubled:
    """A payment of a genuine customer that was stopped, or is no longer known as one (`is_so`)."""

    seq: int
    day: int
    who: bytes
    minor: int
    is_so: bool


@dataclass(slots=True)
class WatchCounter:
    """Counts what a batch of entries adds.

    Parameters
    ----------
    log
        For the payments that labels are about, and their other labels.
    gauges
        What is watched of a decision.
    trust
        Whom to believe.
    key
        A secret of the installation: customers are counted by a digest under it.

    Attributes
    ----------
    made
        References that this batch has completed.
    troubled
        Payments of genuine customers that were stopped, by their place in the log.
    """

    log: EventLog
    gauges: Gauges
    trust: TrustOrder
    key: bytes
    made: list[Kept] = field(default_factory=list)
    troubled: dict[int, Troubled] = field(default_factory=dict)
    _counts: dict[tuple[int, str, str], list[int]] = field(default_factory=dict)
    _values: dict[str, list[tuple[int, int, list[float]]]] = field(default_factory=dict)

    def take(self, entries: Iterable[LogEntry]) -> None:
        """Count entries, in log order."""
        for entry in entries:
            if entry.kind == _PAYMENT and entry.decision:
                self._payment(entry)
            elif entry.kind == _LABEL and entry.ref:
                self._label(entry)
        for policy_hash, rows in self._values.items():
            gauge = self.gauges.of(policy_hash)
            if gauge is not None:
                self._spread(gauge, rows)
        self._values = {}

    def rows(self) -> list[CountRow]:
        """Return what is to be added to the counts; what came to nothing is left out."""
        return [(*key, n, total) for key, (n, total) in sorted(self._counts.items()) if n or total]

    # ---- decisions -------------------------------------------------------------------------------------------------

    def _payment(self, entry: LogEntry) -> None:
        event, act = self._act(entry)
        if act is None:
            return
        decision, day = act.decision, act.day
        self._add(day, m.DECIDED, decision.would or decision.action, 1, act.minor)
        self._add(day, m.ANSWERED, act.ended, 1, act.minor)
        place = max(0, min(m.SCORE_BINS - 1, int(decision.score * m.SCORE_BINS + 1e-9)))
        self._add(day, m.SCORE, f"{place:02d}", 1, round(decision.score * m.MILLION))
        for code in _codes(decision):
            self._add(day, m.RULE, code, 1, act.minor)
        for name in dict.fromkeys(decision.degraded):
            self._add(day, m.DEGRADED, name, 1, 0)
        if decision.degraded:
            self._add(day, m.DEGRADED, m.ANY, 1, 0)
        self._model(act)
        self._features(entry, event, act)
        # What waited for a late payment did not enter the windows, but it was said all the same.
        if entry.flags & (FLAG_LABELLED | FLAG_LATE):
            self._now(
                act, LabelHistory(), history_of(self.log, entry.owner, entry.event_id, before_seq=entry.seq)
            )

    def _model(self, act: Act) -> None:
        model = act.decision.model
        if model is None or model.score is None:
            return
        gauge = self.gauges.of(act.decision.policy.hash)
        millionths = round(model.score * m.MILLION)
        if gauge is not None and gauge.score is not None and gauge.score.signature == model.hash:
            place = int(bin_of(np.array([model.score]), gauge.score.edges)[0])
            self._add(act.day, m.MODEL, f"{gauge.score.head}:{place:02d}", 1, millionths)
        if act.went_through:
            key = model.hash[:16]
            self._add(act.day, m.EXPECTED, key, 1, millionths)
            self._add(act.day, m.UNSURE, key, 1, round(model.score * (1 - model.score) * m.MILLION))

    def _features(self, entry: LogEntry, event: Payment | None, act: Act) -> None:
        gauge = self.gauges.of(act.decision.policy.hash)
        if gauge is None or not entry.features:
            return
        try:
            stored = decode_stored_features(entry.features)
            values = gauge.read(event, stored.features, stored.base_amount, act.occurred_us)
        except Exception:  # noqa: BLE001 - what cannot be measured of one decision must not end the watch
            return
        if values is not None:
            rows = self._values.setdefault(act.decision.policy.hash, [])
            rows.append((act.day, act.occurred_us, values))

    def _spread(self, gauge: Gauge, rows: Sequence[tuple[int, int, list[float]]]) -> None:
        """Put the values of a policy's decisions into their bins, a column at a time."""
        days = np.array([day for day, _, _ in rows])
        moments = np.array([occurred_us for _, occurred_us, _ in rows])
        values = np.array([row for _, _, row in rows], dtype=np.float64)
        for place, column in enumerate(gauge.columns):
            used = 0
            if column.kept is None:
                full = np.flatnonzero(moments >= column.full_us)
                if not full.size:
                    continue
                used = int(full[0])
                taken, made = self.gauges.warm(column, values[used:, place].tolist())
                used += taken
                self.made += [] if made is None else [made]
            kept, numbers = column.kept, values[used:, place]
            if kept is None or not len(numbers):
                continue
            there = np.isfinite(numbers)
            bins = np.full(len(numbers), -1, dtype=np.int64)
            bins[there] = bin_of(numbers[there], kept.edges)
            for (day, one), n in _pairs(days[used:], bins).items():
                if one < 0:
                    self._add(day, m.MISSING, kept.head, n, 0)
                else:
                    self._add(day, m.VALUE, f"{kept.head}:{one:02d}", n, 0)

    # ---- labels ----------------------------------------------------------------------------------------------------

    def _label(self, entry: LogEntry) -> None:
        report = report_of(entry)
        payment = self.log.find(entry.owner, entry.ref)
        # A label that came before its payment is taken in with the payment.
        if report is None or payment is None or payment.kind != _PAYMENT or payment.seq > entry.seq:
            return
        _, act = self._act(payment)
        if act is None:
            return
        before = history_of(self.log, entry.owner, entry.ref, before_seq=entry.seq)
        self._now(act, before, before.add(report))

    def _now(self, act: Act, before: LabelHistory, after: LabelHistory) -> None:
        """Count a payment as its labels say after the newest one, and no longer as they said before."""
        was, now = before.standing(self.trust), after.standing(self.trust)
        for sign, standing in ((-1, was), (1, now)):
            for measure, key, total in _counted_as(act, standing):
                self._add(act.day, measure, key, sign, sign * total)
        if act.ended == m.STOPPED and was.label != now.label and GENUINE in {was.label, now.label}:
            is_so = now.label == GENUINE
            self.troubled[act.seq] = Troubled(act.seq, act.day, act.who, act.minor, is_so)
        reports = [one for one in after if one.label == FRAUD]
        if reports and not any(one.label == FRAUD for one in before):
            self._delay(act, min(reports, key=lambda one: (one.seq, one.reported_us)))

    def _delay(self, act: Act, report: LabelReport) -> None:
        days = max(0, report.reported_us - act.occurred_us) / MICROS_PER_DAY
        key = f"{bisect_left(m.DELAY_DAYS, days):02d}"
        self._add(ist_day(max(report.reported_us, act.occurred_us)), m.DELAY, key, 1, 0)

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _act(self, entry: LogEntry) -> tuple[Payment | None, Act | None]:
        try:
            decision = _DECISION.decode(entry.decision or b"")
        except msgspec.MsgspecError:
            return None, None
        event = _event(entry)
        return event, Act(
            entry.seq,
            ist_day(entry.occurred_us),
            entry.occurred_us,
            decision,
            _ended(decision),
            _minor(event, entry.features, self._currency(decision)),
            self._who(entry, event),
        )

    def _currency(self, decision: _Decision) -> str:
        gauge = self.gauges.of(decision.policy.hash)
        return "INR" if gauge is None else gauge.policy.base_currency

    def _who(self, entry: LogEntry, event: Payment | None) -> bytes:
        told = f"{entry.owner}:{_payer(event) or f'event:{entry.event_id}'}"
        return hashlib.blake2b(told.encode(), key=self.key[:64], digest_size=_WHO_BYTES).digest()

    def _add(self, day: int, measure: str, key: str, n: int, total: int) -> None:
        row = self._counts.setdefault((day, measure, key[:MAX_KEY_LENGTH]), [0, 0])
        row[0] += n
        row[1] += total


def _counted_as(act: Act, standing: Standing) -> Iterator[tuple[str, str, int]]:
    """Yield (measure, key, sum) of what a labelled payment counts as; nothing without a label."""
    if standing.label is None:
        return
    yield m.LABELLED, f"{standing.label}.{act.ended}", act.minor
    if standing.contradicted:
        yield m.CONTRADICTED, "", act.minor
    measure = m.RULE_FRAUD if standing.label == FRAUD else m.RULE_GENUINE
    for code in _codes(act.decision):
        yield measure, code, act.minor
    model = act.decision.model
    if model is not None and model.score is not None and act.went_through and standing.label == FRAUD:
        yield m.OBSERVED, model.hash[:16], round(model.score * m.MILLION)


def _ended(decision: _Decision) -> str:
    """Return what became of a payment: stopped or not, and if not, why not."""
    if decision.action in _STOPPING:
        return m.STOPPED
    if decision.released:
        return m.RELEASED
    return m.OBSERVED_ONLY if decision.would in _STOPPING else m.THROUGH


def _codes(decision: _Decision) -> list[str]:
    return list(dict.fromkeys(reason.code for reason in decision.reasons))


def _event(entry: LogEntry) -> Payment | None:
    if not entry.body:
        return None
    try:
        event = decode_stored(entry.body)
    except InvalidEvent:
        return None
    return event if isinstance(event, Payment) else None


def _minor(event: Payment | None, features: bytes | None, base_currency: str) -> int:
    """Return the amount in the base currency: of another currency the one that it was decided with, 0 if unknown."""
    if event is None:
        return 0
    if event.currency == base_currency:
        return event.amount_minor
    try:
        return decode_stored_features(features).base_amount or 0 if features else 0
    except NotFound:
        return 0


def _payer(event: Payment | None) -> str | None:
    """Return one name for the payer, as the signal `payer_key` does."""
    if event is None:
        return None
    if event.customer is not None and event.customer.id:
        return f"customer:{event.customer.id}"
    if event.card is not None:
        return f"card:{event.card.token}"
    if event.payer is not None and event.payer.account:
        return f"account:{event.payer.account}"
    return None if event.payer is None or not event.payer.vpa else f"vpa:{event.payer.vpa}"


def _pairs(days: Any, bins: Any) -> dict[tuple[int, int], int]:  # noqa: ANN401 - integer arrays of one length
    found, counts = np.unique(np.stack([days, bins]), axis=1, return_counts=True)
    return {(int(day), int(one)): int(n) for day, one, n in zip(found[0], found[1], counts, strict=True)}
