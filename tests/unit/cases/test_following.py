"""What entries of the log mean to people."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from tests.support.engine import NOW_US, payment

from satark.cases.following import alert_of, follow
from satark.cases.linking import Verdict
from satark.cases.refs import refs_of
from satark.decisions.ports import LogEntry
from satark.events import CardKey, CardTokens, canonical_body, decode_event
from satark.events.examples import GOLD_COIN_BY_CARD, TRANSFER_BY_UPI
from satark.policies.case_rules import Route

OLD, NEW = CardKey("k1", b"1" * 32), CardKey("k2", b"2" * 32)
ROUTE = Route(None, "cards", 1_800, four_eyes=True)
DECISION = {
    "id": "p1", "score": 0.7, "action": "hold", "engine": "1", "features_version": "f", "late": False, "seq": 9,
    "reasons": [{"code": code, "en": "", "hi": ""} for code in ("velocity", "velocity", "new")],
    "policy": {"name": "small", "version": 1, "hash": "h"}, "degraded": [], "mode": "enforce",
    "occurred_at": "2026-01-01T00:00:00Z", "decided_at": "2026-01-01T00:00:00Z", "latency_us": {},
}  # fmt: skip


def entry(body, *, decision=DECISION, kind="payment", features=None, **changes):
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    encoded = None if decision is None else msgspec.json.encode({**DECISION, **decision})
    values = {"seq": 9, "owner": 1, "event_id": "p1", "flags": 0, "ref": "", **changes}
    return LogEntry(
        kind=kind, occurred_us=NOW_US, arrived_us=NOW_US, digest=hashlib.sha256(raw).digest(), body=raw,
        decision=encoded, features=features, **values,
    )  # fmt: skip


def test_everything_that_a_payment_names_is_found_once():
    sealed = {**GOLD_COIN_BY_CARD, "card": {"token": "tok_1", "last4": "1111"}}
    event = decode_event(msgspec.json.encode(sealed), "payment")
    assert [(ref.kind.value, ref.value) for ref in refs_of(event)] == [
        ("card", "tok_1"),
        ("customer", "cust-88121"),
        ("phone", "+919876543210"),
        ("email", "asha.k@example.in"),
        ("merchant", "tanvi-jewels"),
        ("device", "dev-51c0"),
        ("ip", "203.0.113.7"),
        ("address", "flat 4 b 14 brigade road|560001"),
        ("pin", "560001"),
        ("address", "7 park street|700016"),
        ("pin", "700016"),
    ]
    both = decode_event(msgspec.json.encode(TRANSFER_BY_UPI), "payment")
    assert [ref.value for ref in refs_of(both) if ref.kind.value == "vpa"] == [
        "ramesh.g@exbank",
        "quick-loan.77@exbank",
    ]


@pytest.mark.parametrize(
    ("address", "pins"),
    [
        ({"pin": "560001"}, ["560001"]),
        ({"pin": "560001", "country": "IN"}, ["560001"]),
        ({"pin": "560001", "country": "SG"}, []),
        ({"pin": "SW1A1AA"}, []),
        ({"city": "Pune"}, []),
    ],
)
def test_a_pin_is_six_digits_of_india(address, pins):
    event = decode_event(msgspec.json.encode(payment("p1", shipping=address)), "payment")
    assert [ref.value for ref in refs_of(event) if ref.kind.value == "pin"] == pins


def test_a_decision_with_a_route_makes_an_alert():
    followed = follow(entry(payment("p1", card="tok_1")), base_currency="INR")
    alert = alert_of(followed, ROUTE, {"velocity": "card_testing", "new": "card_testing"})
    assert (alert.action, alert.score, alert.amount_minor) == ("hold", 0.7, 12_345)
    assert (alert.queue, alert.deadline_seconds, alert.four_eyes) == ("cards", 1_800, True)
    assert (alert.rules, alert.kinds) == (("velocity", "new"), ("card_testing",))
    assert alert.entities == followed.linked.refs
    assert alert_of(followed, Route(None, None, 0, four_eyes=False), {}) is None


def test_what_would_have_been_done_counts_in_observe_mode():
    followed = follow(
        entry(payment("p1"), decision={"action": "allow", "would": "block", "mode": "observe"}),
        base_currency="INR",
    )
    assert (followed.action, followed.linked.action) == ("block", "block")


def test_what_was_released_by_lot_is_followed_as_allowed():
    """A case or a word to the customer would change the outcome that is to be learnt."""
    decision = {"action": "allow", "would": "hold", "released": True}
    followed = follow(entry(payment("p1"), decision=decision), base_currency="INR")
    assert (followed.action, followed.linked.action) == ("allow", "allow")


@pytest.mark.parametrize(
    ("features", "amount"),
    [
        (None, 0),
        (b"nonsense", 0),
        (msgspec.msgpack.encode(("v", [], 950_000)), 950_000),
        (msgspec.msgpack.encode(("v", [], None)), 0),
        (msgspec.msgpack.encode(("v", [], 950_000, {"model": 0.5})), 950_000),
    ],
)
def test_foreign_money_counts_as_it_was_decided_with(features, amount):
    followed = follow(entry(payment("p1", currency="USD"), features=features), base_currency="INR")
    assert followed.amount_minor == followed.linked.amount_minor == amount


def test_a_card_is_one_across_a_rotation_of_keys():
    event = decode_event(msgspec.json.encode(payment("p1")), "payment")
    old, new = f"tok_k1_{'0' * 32}", f"tok_k2_{'1' * 32}"
    card = msgspec.structs.replace(event.card, token=old, next_token=new)
    body = canonical_body(msgspec.structs.replace(event, card=card))
    during = follow(entry(body), base_currency="INR", tokens=CardTokens((OLD, NEW)))
    after = follow(entry(body), base_currency="INR", tokens=CardTokens((NEW,)))
    assert (during.linked.refs[0].value, after.linked.refs[0].value) == (old, new)


def test_labels_say_what_an_event_was():
    body = {
        "type": "label",
        "id": "l1",
        "event": "p1",
        "label": "fraud",
        "reporter": "x",
        "reported_at": "2026-01-01T00:00:00Z",
    }
    followed = follow(entry(body, kind="label", decision=None, ref="p1"), base_currency="INR")
    assert (followed.verdict, followed.linked, followed.decision) == (Verdict.FRAUD, None, None)
    assert (
        follow(entry({**body, "label": "genuine"}, kind="label", decision=None), base_currency="INR").verdict
        is Verdict.GENUINE
    )


@pytest.mark.parametrize(
    ("changes", "unreadable"),
    [
        ({"body": b""}, False),
        ({"body": b"{"}, True),
        ({"body": b'{"type":"payment"}'}, True),
        ({"body": b'{"name":"small"}', "kind": "policy", "decision": None}, False),
    ],
)
def test_what_holds_no_event_names_nothing(changes, unreadable):
    followed = follow(entry(**{"body": b"", **changes}), base_currency="INR")
    assert (followed.event, followed.linked, followed.unreadable) == (None, None, unreadable)


def test_a_decision_that_cannot_be_read_is_told_and_makes_no_alert():
    broken = msgspec.structs.replace(entry(payment("p1")), decision=b"\xff")
    followed = follow(broken, base_currency="INR")
    assert (followed.unreadable, followed.decision, followed.linked.action) == (True, None, None)
    assert alert_of(followed, ROUTE, {}) is None
