"""An engine in a test: a small policy with every kind of window, a log in memory, events, and an honest replay.

`from tests.support.engine import Bench, payment, result, label, replay`. Nothing here knows how the service works
inside; the replay decides the whole committed log again with a fresh `Decider` and tells what differs.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.clock import FixedClock, Micros, from_us
from satark.decisions.decide import Decider
from satark.decisions.list_edits import LIST_EDIT, apply_list_edit, decode_list_edit
from satark.decisions.model import Decision
from satark.decisions.ports import FLAG_LABELLED, FLAG_LATE, LogEntry
from satark.decisions.recovery import EVENT_KINDS, RATES, Memory, enter_parked, rates_of, take_in
from satark.decisions.service import DecisionService
from satark.events import CardKey, CardTokens, decode_stored
from satark.policies import load_policy
from satark.storage.faults import FaultyLog

if TYPE_CHECKING:
    from satark.decisions.answers import Outcome

NOW_US = 1_780_000_000_000_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
TOKENS = CardTokens((CardKey("k1", b"a key for tests alone, 32 bytes!!"),))
WINDOWS = {"memory_bytes": 1 << 26, "max_keys": 1 << 13, "max_entries": 1 << 14}
SEED = 7

POLICY = """
policy: small
version: 3
base_currency: INR
mode: enforce
attributes: {tier: str}
features:
  card_count_1m: count() by card over 1m
  card_count_1h: count() by card over 1h
  card_sum_1h: sum(amount) by card over 1h
  card_mean_10m: mean(amount) by card over 10m
  card_std_1h: std(amount) by card over 1h
  card_max_10m: max(amount) by card over 10m
  card_devices_1h: distinct(device) by card over 1h
  card_first_ip: first(ip_country) by card over 1h
  card_speed: speed(location) by card over 1h
  card_small: count(amount < rupees(200)) by card over 10m
  card_declines_1h: count(outcome == "declined") by card over 1h
  device_new: new(device) by customer over 1h
  customer_since: since_last() by customer over 1h
  customer_added_1h: count(change == "added") by customer over 1h
  merchant_count_1h: count() by merchant over 1h
  merchant_delayed: count() by merchant over 10m delayed 5m
  merchant_fraud_1h: count(label == "fraud") by merchant over 1h
  merchant_genuine_1h: count(label == "genuine") by merchant over 1h
  merchant_decline_share: share_of(outcome == "declined") by merchant over 1h
  pair_rate: rate() by card+merchant over 10m
lists:
  stolen: {of: card, entries: [tok_stolen]}
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
rules:
  velocity:
    params: {limit: 3}
    when: card_count_1m > limit
    action: hold
    score: 0.7
    reason: {en: "{card_count_1m} payments in a minute", hi: "एक मिनट में {card_count_1m} भुगतान"}
  large:
    params: {limit: 5_000_000}
    when: amount > limit
    action: challenge
    score: 0.4
    reason: {en: "{amount:inr} is much", hi: "{amount:inr} बहुत है"}
  stolen_card:
    when: listed(card, "stolen")
    action: block
    score: 0.95
    reason: {en: "the card was stolen", hi: "कार्ड चोरी का है"}
  risky_merchant:
    params: {limit: 2}
    when: merchant_fraud_1h >= limit
    action: challenge
    score: 0.35
    reason: {en: "{merchant_fraud_1h} frauds", hi: "{merchant_fraud_1h} धोखे"}
"""


# ---------------------------------------------------------------- events


def iso(at_us: int) -> str:
    """Write a time as a caller would."""
    return from_us(at_us).isoformat()


def payment(event_id: str, at_us: int = NOW_US, **changes: Any) -> dict[str, Any]:
    """Return a payment; `card`, `merchant`, `device` and `customer` are ids, the rest are its fields."""
    short = {name: changes.pop(name, f"{name}_1") for name in ("card", "merchant", "device", "customer")}
    body = {
        "type": "payment",
        "id": event_id,
        "occurred_at": iso(at_us),
        "amount_minor": 12_345,
        "method": "card",
        "card": short["card"] and {"token": short["card"]},
        "payee": short["merchant"] and {"merchant": short["merchant"]},
        "device": short["device"] and {"id": short["device"]},
        "customer": short["customer"] and {"id": short["customer"]},
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def result(event_id: str, of: str, at_us: int = NOW_US, outcome: str = "declined") -> dict[str, Any]:
    """Return what became of a payment."""
    return {
        "type": "payment_result", "id": event_id, "payment": of, "occurred_at": iso(at_us), "outcome": outcome,
    }  # fmt: skip


def label(event_id: str, of: str, at_us: int = NOW_US, verdict: str = "fraud") -> dict[str, Any]:
    """Return a report about a payment."""
    return {
        "type": "label", "id": event_id, "event": of, "label": verdict, "reporter": "desk",
        "reported_at": iso(at_us),
    }  # fmt: skip


def payee_change(event_id: str, at_us: int = NOW_US, customer: str = "customer_1") -> dict[str, Any]:
    """Return the adding of a payee."""
    return {
        "type": "payee_change", "id": event_id, "occurred_at": iso(at_us), "customer": {"id": customer},
        "change": "added",
    }  # fmt: skip


# ---------------------------------------------------------------- a log in memory


class MemoryLog:
    """An `EventLog` in lists that checks what the service promises: order, no gaps, no id twice."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.by_id: dict[tuple[int, str], LogEntry] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Event()

    def probe(self) -> None:
        pass

    def last_seq(self) -> int:
        return len(self.entries)

    def count(self) -> int:
        return len(self.entries)

    def append(self, entries) -> None:
        self.arrived.set()
        assert self.gate.wait(20)
        for entry in entries:
            assert entry.seq == len(self.entries) + 1
            assert (entry.owner, entry.event_id) not in self.by_id
            self.entries.append(entry)
            self.by_id[entry.owner, entry.event_id] = entry

    def find(self, owner, event_id):
        return self.by_id.get((owner, event_id))

    def get(self, seq):
        return self.entries[seq - 1] if 0 < seq <= len(self.entries) else None

    def read(self, after_seq, *, limit=None, until_seq=None):
        return iter(self.entries[after_seq:until_seq][:limit])

    def find_by_ref(self, owner, payment_id):
        return iter([entry for entry in self.entries if entry.owner == owner and entry.ref == payment_id])

    def ids(self, after_seq=0):
        return iter([(entry.owner, entry.event_id) for entry in self.entries[after_seq:]])


class BreakableLog(FaultyLog):
    """A log in memory that fails on command, after it has waited for its gate."""

    def __init__(self) -> None:
        super().__init__(MemoryLog())
        self.attempts = 0

    def append(self, entries) -> None:
        assert self.gate.wait(20)
        self.attempts += 1
        super().append(entries)


# ---------------------------------------------------------------- the engine on a bench


@dataclass
class Answer:
    """The outcome that a submitted event will get."""

    outcome: Outcome | None = None
    times: int = 0
    came: threading.Event = field(default_factory=threading.Event)

    def take(self, outcome: Outcome) -> None:
        self.outcome, self.times = outcome, self.times + 1
        self.came.set()

    def wait(self) -> Outcome:
        assert self.came.wait(20), "no answer came"
        assert self.outcome is not None
        return self.outcome


class Bench:
    """A service with all that it needs; `restart` makes a new one over the same log and rows."""

    def __init__(self, log=None, *, policy=None, rows=None, windows=None, rates=None, **options) -> None:
        self.log = MemoryLog() if log is None else log
        self.policy = load_policy(POLICY) if policy is None else policy
        self.rows = rows
        self.rates = rates
        self.windows = WINDOWS | (windows or {})
        self.options = options
        self.clock = FixedClock(Micros(NOW_US))
        self.service = self.make()

    def make(self) -> DecisionService:
        return DecisionService(self.decider, self.log, tokens=TOKENS, clock=self.clock, **self.options)

    def decider(self) -> Decider:
        return self.fresh(rows=None if self.rows is None else self.rows())

    def fresh(self, rows=None) -> Decider:
        return Decider(self.policy, rates=self.rates, windows_options=self.windows, rows=rows, seed=SEED)

    def start(self) -> Bench:
        self.service.start()
        return self

    def stop(self) -> None:
        assert self.service.stop(20)

    def restart(self) -> Bench:
        self.stop()
        self.service = self.make()
        return self.start()

    def crash(self) -> Bench:
        """Go on as a new process would after this one was killed: nothing was finished, no last snapshot taken."""
        self.service._trusted.clear()
        self.stop()
        self.service = self.make()
        return self.start()

    def settle(self) -> None:
        """Wait until the engine is ready."""
        end = time.monotonic() + 20
        while not self.service.ready().ready:
            assert time.monotonic() < end, self.service.ready()
            time.sleep(0.002)

    def send(self, event: dict[str, Any] | bytes, owner: int = 1) -> Answer:
        """Submit without waiting."""
        answer = Answer()
        raw = event if isinstance(event, bytes) else msgspec.json.encode(event)
        self.service.submit(raw, owner, answer.take, only=None)
        return answer

    def tell(self, event: dict[str, Any] | bytes, owner: int = 1) -> Outcome:
        """Submit and wait for the answer."""
        return self.send(event, owner).wait()

    def decide(self, event: dict[str, Any], owner: int = 1) -> Decision:
        """Submit a payment and return its decision."""
        outcome = self.tell(event, owner)
        assert outcome.error is None, outcome.error
        return msgspec.json.decode(outcome.body, type=Decision)

    def features(self, event_id: str, owner: int = 1) -> dict[str, Any]:
        """Return the stored feature vector of a decided payment."""
        entry = self.log.find(owner, event_id)
        names = [output.name for output in self.service.decider.plan.outputs]
        return dict(zip(names, msgspec.msgpack.decode(entry.features)[1], strict=True))

    def assert_true_to_log(self) -> None:
        """The log decides to the same answers again, and the windows in memory are those of its replay."""
        replayed, differences = replay(self.log, self.fresh)
        assert not differences, differences[:5]
        live = self.service.decider
        assert live.windows.max_time_us == replayed.windows.max_time_us
        assert probes(live, self.log) == probes(replayed, self.log)


# ---------------------------------------------------------------- the replay


def replay(log, make_decider) -> tuple[Decider, list[str]]:
    """Decide the log from its beginning with windows of its own; return them and what came out differently."""
    decider = make_decider()
    memory = Memory(log, TOKENS)
    different: list[str] = []
    expected_seq = 0
    for entry in log.read(0):
        expected_seq += 1
        if entry.seq != expected_seq:
            different.append(f"seq {entry.seq} where {expected_seq} was due")
        if entry.kind == RATES:
            decider.rates = rates_of(entry)
        if entry.kind == LIST_EDIT:
            apply_list_edit(decider.lists, decode_list_edit(entry.body))
        if entry.kind not in EVENT_KINDS:
            continue
        event = memory.current(decode_stored(entry.body))
        if entry.kind != "payment":
            earlier = None
            if entry.kind == "label":
                earlier = memory.earlier_label(entry.owner, entry.ref, entry.seq)
            take_in(decider, memory, entry, event, earlier)
            continue
        late = decider.is_late(entry.occurred_us)
        _decision, encoded, features = decider.decide(
            event, seq=entry.seq, occurred_us=entry.occurred_us, arrived_us=entry.arrived_us, late=late,
            started_ns=0, decoded_ns=0,
        )  # fmt: skip
        memory.note_payment(entry.owner, event)
        flags = enter_parked(decider, memory, entry.owner, event, entry.seq) | (FLAG_LATE if late else 0)
        if flags != entry.flags & (FLAG_LATE | FLAG_LABELLED):
            different.append(f"{entry.seq}: flags {entry.flags}, again {flags}")
        if features != entry.features:
            different.append(
                f"{entry.seq}: features {_readable(entry.features)}, again {_readable(features)}"
            )
        if _timeless(encoded) != _timeless(entry.decision):
            different.append(f"{entry.seq}: decision {entry.decision!r}, again {encoded!r}")
    return decider, different


def probes(decider: Decider, log) -> list[bytes]:
    """Ask the windows about every entity of the log, at several times, without leaving a trace."""
    if decider.windows.max_time_us < 0:
        return []
    newest = decider.windows.max_time_us
    seen: dict[Any, Any] = {}
    for entry in log.read(0):
        if entry.kind == "payment":
            event = decode_stored(entry.body)
            seen[event.card, event.device, event.customer, event.payee] = event
    answers = []
    for number, event in enumerate(seen.values()):
        for at_us in (newest, newest + 30 * SECOND_US, newest - 2 * MINUTE_US):
            _, _, features = decider.decide(
                event, seq=1 << 40 | number, occurred_us=at_us, arrived_us=at_us, late=True, started_ns=0,
                decoded_ns=0,
            )  # fmt: skip
            answers.append(features)
    return answers


def _timeless(decision: bytes | None) -> dict[str, Any]:
    """A decision without what depends on the machine's speed."""
    assert decision is not None
    fields = msgspec.json.decode(decision)
    del fields["latency_us"]
    return fields


def _readable(features: bytes | None) -> Any:
    return None if features is None else msgspec.msgpack.decode(features)[1]
