"""A policy with notices, payments, and a book of notices in memory."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import yaml

from satark.cases.notices import Links, NoticePlan, NoticePlanner
from satark.cases.notices.model import NoticeState, Told
from satark.core.clock import FixedClock, Micros, from_us
from satark.decisions.model import Decision
from satark.decisions.ports import LogEntry
from satark.events import decode_event
from satark.policies.loader import load_policy

NOON_US = 1_790_058_600_000_000
"""22 September 2026, noon in India."""
ADDRESS = "https://alerts.bank.example"

POLICY = """
policy: tiny
version: 1
lists:
  blocked_cards: {of: card, entries: []}
  frozen_vpas: {of: vpa, entries: []}
rules:
  takeover:
    kind: account_takeover
    when: amount > 1_00_00_000
    action: hold
    reason: {en: large, hi: बड़ी राशि}
  velocity:
    kind: velocity
    when: amount > 50_000
    action: hold
    reason: {en: fast, hi: तेज़}
notices:
  "on": [challenge, hold, block, threshold]
  institution: {en: Example Bank, hi: उदाहरण बैंक}
  helpline: 1800 123 4567
  channels: [sms, email, whatsapp, push, webhook]
  quiet_hours: {from: "22:00", to: "07:00", urgent: [hold, block]}
  limit: {messages: 2, within: 1d}
  link_expires: 72h
  max_age: 24h
  dlt: {entity: "1101000000000000001", header: EXMPLB}
"""

TEXTS = {
    "subject": {"en": "{amount} to {payee}", "hi": "{payee} को {amount}"},
    "text": {
        "en": "{institution}: {amount} from {instrument} to {payee} ({when}, ref {reference}). {link} or {helpline}",
        "hi": "{institution}: {instrument} से {payee} को {amount} ({when}, संदर्भ {reference})। {link} या {helpline}",
    },
    "dlt": {"en": "1107000000000000001", "hi": "1107000000000000002"},
}


def policy_text(**changes: Any) -> str:
    """Return the policy; `changes` replace keys of `notices` (None removes one) or, as `answers`, that section."""
    document = yaml.safe_load(POLICY)
    document["notices"]["templates"] = {
        kind: json.loads(json.dumps(TEXTS)) for kind in ("challenge", "hold", "block", "threshold")
    }
    document["answers"] = {
        "fraud": {
            "lists": [
                {"list": "blocked_cards", "of": "card", "expires": "30d"},
                {"list": "frozen_vpas", "of": "vpa"},
            ],
            "hold": True,
        },
        "genuine": {"release": True, "at_most_minor": 10_000_000, "unless": ["account_takeover"]},
    }
    for name, value in changes.items():
        place = document if name == "answers" else document["notices"]
        if value is None:
            del place[name]
        else:
            place[name] = value
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


class Book:
    """Notices in memory; the same calls as the desk's."""

    def __init__(self) -> None:
        self.links = Links(bytes(32))
        self.notices: list[Any] = []
        self.kept: list[Any] = []
        self.customers: dict[tuple[int, str], Any] = {}
        self.asked_floor = 0

    def has(self, connection, owner, event_id):
        return any((one.owner, one.event_id) == (owner, event_id) for one in self.notices)

    def customer(self, connection, owner, customer):
        return self.customers.get((owner, customer))

    def least_threshold(self, connection):
        self.asked_floor += 1
        return min(
            (one.threshold_minor for one in self.customers.values() if one.threshold_minor), default=None
        )

    def told(self, connection, owner, customer, targets, since_us):
        at_targets = {
            one.notice_id for link_set in self.kept for one in link_set if one.target_hash in targets
        }
        return [
            Told(one.kind, one.shown.amount_minor)
            for one in self.notices
            if one.state is NoticeState.SENT
            and one.created_us > since_us
            and (one.id in at_targets or (customer and (one.owner, one.customer) == (owner, customer)))
        ]

    def add(self, connection, notice, links):
        number = len(self.notices) + 1
        self.notices.append(msgspec.structs.replace(notice, id=number))
        self.kept.append([_Kept(number, link) for link in links])
        return number


class _Kept:
    def __init__(self, notice_id, link):
        self.notice_id = notice_id
        self.link = link
        self.target_hash = link.target_hash


class Cases:
    def __init__(self) -> None:
        self.lines: list[tuple[int, str, str, dict[str, Any]]] = []

    def record(self, connection, case_id, actor, kind, detail):
        self.lines.append((case_id, actor, kind, dict(detail)))
        return len(self.lines)


PAYMENT = {
    "id": "upi-629418830177",
    "occurred_at": "2026-09-22T12:00:00+05:30",
    "amount_minor": 4_900_000,
    "method": "upi",
    "customer": {"id": "cust-1", "phone": "+919812345678", "email": "ramesh@example.in"},
    "payer": {"vpa": "ramesh.g@exbank"},
    "payee": {"vpa": "quick-loan.77@exbank"},
    "device": {"id": "dev-1"},
}


@pytest.fixture
def make_event():
    def make(**changes):
        body = {**PAYMENT, **changes}
        return decode_event(
            json.dumps({name: value for name, value in body.items() if value is not None}).encode(), "payment"
        )

    return make


@pytest.fixture
def make_entry():
    def make(event, seq=1, owner=1, occurred_us=NOON_US):
        return LogEntry(
            seq=seq,
            owner=owner,
            event_id=event.id,
            kind="payment",
            occurred_us=occurred_us,
            arrived_us=occurred_us,
            flags=0,
            ref="",
            digest=b"",
            body=b"{}",
            decision=b"{}",
        )

    return make


@pytest.fixture
def make_decision():
    def make(action="hold", *rules, mode="enforce", would=None):
        raw = {
            "id": "x",
            "action": action,
            "score": 0.7,
            "reasons": [{"code": code, "en": "e", "hi": "h"} for code in rules],
            "policy": {"name": "tiny", "version": 1, "hash": "0"},
            "engine": "0",
            "features_version": "0",
            "degraded": [],
            "late": False,
            "mode": mode,
            "occurred_at": from_us(NOON_US).isoformat(),
            "decided_at": from_us(NOON_US).isoformat(),
            "latency_us": {},
            "seq": 1,
            "would": would,
        }
        return msgspec.convert(raw, Decision)

    return make


@pytest.fixture
def clock():
    return FixedClock(Micros(NOON_US))


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def cases():
    return Cases()


@pytest.fixture
def make_planner(book, cases, clock):
    def make(channels=("sms", "email", "whatsapp", "push", "webhook"), address=ADDRESS, **changes):
        plan = NoticePlan.of(load_policy(policy_text(**changes)))
        return NoticePlanner(
            plan, book=book, cases=cases, channels=lambda: frozenset(channels), address=address, clock=clock
        )

    return make


@pytest.fixture
def tell(make_planner, make_event, make_entry, make_decision):
    """Plan the notice of one payment."""
    made = {}

    def tell(
        action="hold",
        *,
        planner=None,
        rules=("velocity",),
        case_id=7,
        seq=1,
        owner=1,
        at_us=NOON_US,
        **changes,
    ):
        planner = planner or made.setdefault("planner", make_planner())
        event = make_event(**changes)
        entry = make_entry(event, seq=seq, owner=owner, occurred_us=at_us)
        return planner.plan(entry, make_decision(action, *rules), event, connection=None, case_id=case_id)

    return tell


@pytest.fixture
def notice_policy():
    return policy_text
