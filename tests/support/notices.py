"""A policy with notices, and the payments, entries and decisions that it is tried on."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import yaml

from satark.core.clock import from_us
from satark.decisions.model import Decision
from satark.decisions.ports import LogEntry
from satark.events import decode_event

NOON_US = 1_790_058_600_000_000
"""22 September 2026, noon in India."""
ADDRESS = "https://alerts.bank.example"
CHANNELS = ("sms", "email", "whatsapp", "push", "webhook")

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


def policy_text(**changes: Any) -> str:
    """Return the policy; `changes` replace keys of `notices` (None removes one) or, as `answers`, that section."""
    document = yaml.safe_load(POLICY)
    kinds = ("challenge", "hold", "block", "threshold")
    document["notices"]["templates"] = {kind: json.loads(json.dumps(TEXTS)) for kind in kinds}
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


def make_event(**changes):
    """Return a payment; None removes a field."""
    body = {name: value for name, value in {**PAYMENT, **changes}.items() if value is not None}
    return decode_event(json.dumps(body).encode(), "payment")


def make_entry(event, seq=1, owner=1, occurred_us=NOON_US):
    """Return the log's entry of a payment."""
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


def make_decision(action="hold", *rules, mode="enforce", would=None):
    """Return a decision."""
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
