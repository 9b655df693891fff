"""A small console in a test: real decisions of a small policy in a log in memory, and a real desk in a folder.

`World(folder)`, `world.pay(card=..., device=...)`, `world.visitor(role)`. Decisions come from the policy's own rules
over the features that a test gives, so that pages judge again what was really judged.
"""

from __future__ import annotations

import msgspec

from satark.cases.refs import refs_of
from satark.core.clock import FixedClock, Micros, from_us
from satark.decisions.again import policy_input, policy_ref
from satark.decisions.judge import Judge, StoredDecision
from satark.decisions.list_edits import LIST_EDIT, ListEdit, encode_list_edit, list_ref
from satark.decisions.ports import LogEntry
from satark.events import decode_event
from satark.policies import ListBook, load_policy
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web

NOW_US = 1_780_000_000_000_000
HOUR_US = 3_600_000_000
LINK_KEY = b"a key of tests alone, 32 bytes!!"
POLICY = """
policy: small
version: 1
features:
  card_10m: count() by card over 10m
  card_sum_1d: sum(amount) by card over 1d
  card_speed: speed(location) by card over 1d
  device_cards: distinct(card) by device over 1h
  payee_new: new(payee_key) by customer over 90d
lists:
  stolen: {of: card, entries: []}
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
rules:
  velocity:
    kind: velocity
    params: {limit: 6}
    when: card_10m > limit
    action: hold
    score: 0.65
    reason: {en: "{card_10m} payments; limit {limit}", hi: "{card_10m} भुगतान; सीमा {limit}"}
  far:
    kind: drop_address
    params: {far_km: 300}
    when: shipping_billing_km > far_km and amount >= rupees(1_000)
    action: challenge
    score: 0.5
    reason: {en: "{shipping_billing_km:km} apart", hi: "{shipping_billing_km:km} दूर"}
  travel:
    kind: cloned_card
    params: {limit_kmh: 1000}
    when: card_speed > limit_kmh
    action: hold
    score: 0.7
    reason: {en: "{card_speed} km/h; limit {limit_kmh}", hi: "{card_speed} किमी/घंटा; सीमा {limit_kmh}"}
  stolen:
    kind: known_bad
    when: listed(card, "stolen")
    action: block
    score: 1.0
    reason: {en: "The card was stolen", hi: "कार्ड चोरी का है"}
"""


class MemoryLog:
    """A log that holds what a test puts into it."""

    def __init__(self):
        self.entries = []

    def last_seq(self):
        return len(self.entries)

    def get(self, seq):
        return self.entries[seq - 1] if 0 < seq <= len(self.entries) else None

    def find_by_ref(self, owner, payment_id):
        return iter([entry for entry in self.entries if (entry.owner, entry.ref) == (owner, payment_id)])

    def find_anywhere(self, event_id):
        return [entry for entry in self.entries if entry.event_id == event_id]

    def recent(self, limit, before_seq=None, after_seq=None, action=None):
        found = [entry for entry in self.entries if entry.decision is not None]
        found = [entry for entry in found if before_seq is None or entry.seq < before_seq]
        found = [entry for entry in found if after_seq is None or entry.seq > after_seq]
        return found[:limit][::-1] if after_seq is not None else found[::-1][:limit]


class Member:
    """One member of staff, of any role."""

    must_change = False
    changed_us = 0
    disabled_us = None

    def __init__(self, username, role):
        self.username = username
        self.role = role


class Staff:
    """Whoever comes has the password `open`; the name is the role."""

    def verify(self, username, password):
        return Member(username, username) if password == "open" else None

    def find(self, username):
        return Member(username, username)

    def list(self):
        return []


class World:
    """A log, a desk and the pages over both."""

    def __init__(self, folder, policy=POLICY, models=None):
        self.clock = FixedClock(Micros(NOW_US))
        self.log = MemoryLog()
        self.desk = open_desk(folder, clock=self.clock, audit_key=b"k" * 32)
        self.policy = load_policy(policy)
        self.judge = Judge(self.policy)
        self.notes = []
        self.put(
            "policy", policy_input(self.policy, policy), ref=policy_ref(self.policy.content_hash), owner=0
        )
        self.web = create_web(
            self.log,
            Staff(),
            WebOptions(link_key=LINK_KEY),
            audit=lambda *note: self.notes.append(note),
            clock=self.clock,
            ticks=lambda: 1_000.0,
            desk_store=self.desk,
            models=models,
        )

    def put(self, kind, body, *, ref="", owner=1, event_id=None, at_us=NOW_US, decision=None, features=None):
        seq = len(self.log.entries) + 1
        self.log.entries.append(
            LogEntry(
                seq=seq,
                owner=owner,
                event_id=event_id or f"{kind}-{seq}",
                kind=kind,
                occurred_us=at_us,
                arrived_us=at_us,
                flags=0,
                ref=ref,
                digest=b"",
                body=body,
                decision=decision,
                features=features,
            )
        )
        return seq

    def edit_list(self, name, value, *, remove=False):
        edit = ListEdit(name, value, remove=remove)
        return self.put(LIST_EDIT, encode_list_edit(edit), ref=list_ref(name), owner=0)

    def pay(
        self,
        event_id=None,
        *,
        card="tok_5f3a9c01ab77",
        features=(1, 50_000, None, 1, True),
        at_us=NOW_US,
        amount=50_000,
        **parts,
    ):
        """Decide a payment by the rules and put it into the log and the desk's index; returns its place."""
        event_id = event_id or f"pay-{len(self.log.entries) + 1}"
        body = {
            "type": "payment",
            "id": event_id,
            "occurred_at": from_us(at_us).isoformat(),
            "amount_minor": amount,
            "method": "card",
            "channel": "app",
            "card": {"token": card},
            **parts,
        }
        encoded = msgspec.json.encode(body)
        event = decode_event(encoded, "payment")
        seq = len(self.log.entries) + 1
        book = ListBook.of(self.policy)
        for entry in self.log.find_by_ref(0, list_ref("stolen")):
            edit = msgspec.json.decode(entry.body, type=ListEdit)
            book.edit(edit.list, edit.value, remove=edit.remove)
        inputs = self.judge.inputs(StoredDecision(event, at_us, tuple(features), None), book)
        verdict = self.judge.verdict(inputs)
        decision = {
            "id": event_id,
            "action": verdict.action,
            "score": verdict.score,
            "reasons": [
                {"code": one.code, "en": one.en, "hi": one.hi, "numbers": one.numbers}
                for one in verdict.fired
            ],
            "policy": {"name": "small", "version": 1, "hash": self.policy.content_hash},
            "engine": "0.1.0",
            "features_version": "51bd77a0",
            "degraded": [],
            "late": False,
            "mode": "enforce",
            "occurred_at": body["occurred_at"],
            "decided_at": body["occurred_at"],
            "latency_us": {"decode": 9, "waiting": 4, "rules": 17, "total": 30},
            "seq": seq,
        }
        self.put(
            "payment",
            encoded,
            event_id=event_id,
            at_us=at_us,
            decision=msgspec.json.encode(decision),
            features=msgspec.msgpack.encode(["v", list(features), None]),
        )
        with self.desk.writing() as connection:
            self.desk.entities.index(connection, seq, 1, at_us, verdict.action, amount, refs_of(event))
        return seq


class Counted:
    """The log as the counts read it."""

    def __init__(self, log):
        self._log = log

    def last_seq(self):
        return self._log.last_seq()

    def read(self, after_seq, *, limit=None):
        yield from self._log.entries[after_seq:][:limit]
