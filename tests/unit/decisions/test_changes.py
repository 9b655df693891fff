from __future__ import annotations

import msgspec
import pytest

from satark.core.errors import NotFound
from satark.decisions.changes import OTHER, find_changes, judged, without
from satark.decisions.comparisons import Comparisons
from satark.decisions.judge import Judge, StoredDecision, stored_decision
from satark.decisions.ports import LogEntry
from satark.events import decode_event
from satark.policies import ListBook, load_policy

NOW_US = 1_780_000_000_000_000
POLICY = """
policy: small
version: 1
features:
  card_10m: count() by card over 10m
  card_mean: mean(amount) by card over 30d
  card_share: share_of(outcome == "declined") by card over 1h
lists:
  stolen: {of: card, entries: [tok_bad]}
  shut: {of: device, file: /nowhere/there.txt, if_missing: closed}
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
rules:
  velocity:
    params: {limit: 6}
    when: card_10m > limit
    action: hold
    score: 0.65
    reason: {en: "{card_10m}", hi: "{card_10m}"}
  far_above:
    params: {times: 3}
    when: amount > times * card_mean and method == "card"
    action: challenge
    score: 0.4
    reason: {en: "{amount:inr}", hi: "{amount:inr}"}
  declined:
    when: card_share >= 0.5
    action: challenge
    score: 0.35
    reason: {en: "{card_share:pct}", hi: "{card_share:pct}"}
  stolen:
    when: listed(card, "stolen")
    action: block
    score: 1.0
    reason: {en: "stolen", hi: "चोरी"}
  trusted:
    when: is_night
    exempt: [declined]
    reason: {en: "night", hi: "रात"}
"""


@pytest.fixture
def policy():
    return load_policy(
        POLICY.replace("  shut: {of: device, file: /nowhere/there.txt, if_missing: closed}\n", "")
    )


@pytest.fixture
def ask(policy):
    judge = Judge(policy)
    comparisons = Comparisons(policy, judge.order)

    def make(card_10m=1, card_mean=None, share=None, amount=50_000, card="tok_1", method="card"):
        body = {
            "id": "p1",
            "occurred_at": "2026-05-28T12:00:00+05:30",
            "amount_minor": amount,
            "method": method,
            "card": {"token": card},
        }
        event = decode_event(msgspec.json.encode(body), "payment")
        stored = StoredDecision(event, NOW_US, (card_10m, card_mean, share), None)
        inputs = judge.inputs(stored, ListBook.of(policy))
        return judge, comparisons, inputs

    return make


def _told(changes):
    return [(one.name, one.old, one.new, one.action) for one in changes]


def test_nearest_value_is_found_when_one_rule_decides(ask):
    found = find_changes(*ask(card_10m=9))
    assert _told(found.milder) == [("card_10m", 9, 6, "allow")]
    assert _told(found.quiet["velocity"]) == [("card_10m", 9, 6, "allow")]


def test_other_side_is_computed_when_a_rule_compares_two_values(ask):
    found = find_changes(*ask(amount=100_000, card_mean=20_000.0))
    assert ("amount", 100_000, 60_000, "allow") in _told(found.milder)
    means = [one.new for one in found.milder if one.name == "card_mean"]
    assert means == [pytest.approx(33_333.33, rel=1e-3)]


def test_graver_answers_are_found_when_nothing_fired(ask):
    found = find_changes(*ask(card_10m=1, card_mean=20_000.0, share=0.1))
    assert found.milder == ()
    assert ("card_10m", 1, 7, "hold") in _told(found.graver)
    assert ("amount", 50_000, 60_001, "challenge") in _told(found.graver)
    assert [one.new for one in found.graver if one.name == "card_share"] == [0.5]


def test_nothing_single_helps_when_two_rules_came_to_the_same(ask):
    found = find_changes(*ask(amount=100_000, card_mean=20_000.0, share=0.7))
    assert [one for one in found.milder if one.action == "allow"] == []
    assert ("amount", 100_000, 60_000) in [(one.name, one.old, one.new) for one in found.quiet["far_above"]]
    assert [one.new for one in found.quiet["declined"] if one.name == "card_share"] == [0.499]


def test_another_card_is_named_when_a_list_decides(ask):
    found = find_changes(*ask(card="tok_bad"))
    assert _told(found.milder) == [("card", "tok_bad", OTHER, "allow")]


def test_choices_are_tried_when_a_text_is_of_a_closed_set(ask):
    found = find_changes(*ask(amount=100_000, card_mean=20_000.0))
    assert {one.new for one in found.milder if one.name == "method"} <= {
        "upi", "netbanking", "wallet", "cash_on_delivery"
    }  # fmt: skip
    assert any(one.name == "method" for one in found.milder)


def test_exempted_rule_does_not_count_when_the_exempting_one_fires(ask):
    judge, _, inputs = ask(share=0.7)
    change = judged(judge, inputs, "is_night", new=True)
    assert (change.action, change.codes) == ("allow", ("trusted",))


def test_answer_is_that_of_the_verdict_when_asked_quickly(ask):
    for arguments in (
        {"card_10m": 9},
        {"share": 0.9},
        {"card": "tok_bad"},
        {},
        {"amount": 9_999_999, "card_mean": 1.0},
    ):
        judge, _, inputs = ask(**arguments)
        verdict = judge.verdict(inputs)
        codes = tuple(one.code for one in verdict.fired)
        assert judge.answer(inputs) == (verdict.action, verdict.score, codes)


def test_rest_is_told_when_one_rule_is_left_out(ask):
    judge, _, inputs = ask(card_10m=9, share=0.7)
    assert without(judge, inputs, "velocity") == "challenge"
    assert without(judge, inputs, "declined") == "hold"


def test_missing_list_still_holds_when_values_change():
    policy = load_policy(POLICY)
    judge = Judge(policy)
    body = b'{"id":"p1","occurred_at":"2026-05-28T12:00:00+05:30","amount_minor":5,"method":"upi"}'
    stored = StoredDecision(decode_event(body, "payment"), NOW_US, (1, None, None), None)
    inputs = judge.inputs(stored, ListBook.of(policy))
    assert judge.verdict(inputs).action == "hold"
    assert judge.answer(inputs).action == "hold"
    assert find_changes(judge, Comparisons(policy, judge.order), inputs).milder == ()


def test_limits_are_told_when_a_value_stands_alone(ask):
    _, comparisons, inputs = ask(card_10m=9, card_mean=20_000.0)
    limits = comparisons.limits(inputs)
    assert [(one.code, one.op, one.at) for one in limits["card_10m"]] == [("velocity", ">", 6)]
    assert [(one.code, one.op, one.at) for one in limits["amount"]] == [("far_above", ">", 60_000.0)]


def test_stored_features_are_refused_when_they_are_not_of_the_policy(ask, policy):
    judge = Judge(policy)
    body = b'{"id":"p1","occurred_at":"2026-05-28T12:00:00+05:30","amount_minor":5,"method":"upi"}'
    with pytest.raises(NotFound):
        judge.inputs(StoredDecision(decode_event(body, "payment"), NOW_US, (1, 2), None), ListBook.of(policy))


@pytest.mark.parametrize("missing", ["body", "features", "kind"])
def test_decision_is_not_found_when_retention_has_removed_it(missing):
    body = b'{"type":"payment","id":"p1","occurred_at":"2026-05-28T12:00:00+05:30","amount_minor":5,"method":"upi"}'
    entry = LogEntry(
        seq=1,
        owner=1,
        event_id="p1",
        kind="label" if missing == "kind" else "payment",
        occurred_us=NOW_US,
        arrived_us=NOW_US,
        flags=0,
        ref="",
        digest=b"",
        body=b"" if missing == "body" else body,
        decision=b"{}",
        features=None if missing == "features" else msgspec.msgpack.encode(["v", [1], None]),
    )
    with pytest.raises(NotFound):
        stored_decision(entry)


@pytest.mark.parametrize("card_10m", [0, 1, 6, 7, 12])
@pytest.mark.parametrize("amount", [10, 600, 601, 900])
@pytest.mark.parametrize("share", [None, 0.2, 0.7])
def test_nearest_change_is_that_of_trying_every_value_when_compared(ask, card_10m, amount, share):
    judge, comparisons, inputs = ask(card_10m=card_10m, card_mean=200.0, share=share, amount=amount)
    found = find_changes(judge, comparisons, inputs)
    now = judge.answer(inputs).action
    told = {(one.name, one.action): one.new for one in (*found.milder, *found.graver)}
    tried = {"card_10m": range(40), "amount": range(1_501)}
    for name, values in tried.items():
        old = judge.value(inputs, name)
        nearest = {}
        for value in values:
            action = judge.answer(judge.changed(inputs, name, value)).action
            known = nearest.get(action)
            if action != now and (known is None or abs(value - old) < abs(known - old)):
                nearest[action] = value
        assert {action: new for (one, action), new in told.items() if one == name} == nearest
