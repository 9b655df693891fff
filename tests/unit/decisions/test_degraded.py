"""Observe mode, and answers when something that a policy needs is missing or broken."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.support.engine import NOW_US, POLICY, Bench, payment

from satark.core.errors import InvalidEvent, NotReady
from satark.core.rates import RateTable
from satark.policies import load_policy

OBSERVE = POLICY.replace("mode: enforce", "mode: observe")
RATES = "date,currency,rate\n2026-05-27,USD,85\n"


def test_everything_is_allowed_and_what_would_be_is_told_when_the_policy_observes(benches):
    bench = benches(policy=load_policy(OBSERVE))
    decision = bench.decide(payment("p1", card="tok_stolen"))
    assert (decision.action, decision.would, decision.mode) == ("allow", "block", "observe")
    assert [reason.code for reason in decision.reasons] == ["stolen_card"]
    assert bench.service.counts["allow"] == 1
    bench.assert_true_to_log()


def test_a_decision_has_no_would_be_when_the_policy_enforces(bench):
    decision = bench.decide(payment("p1", card="tok_stolen"))
    assert (decision.action, decision.would, decision.score) == ("block", None, 0.95)


def test_a_foreign_amount_is_missing_and_said_so_when_there_is_no_rate(bench):
    decision = bench.decide(payment("p1", currency="USD", amount_minor=9_000_000))
    assert (decision.degraded, decision.action) == (["rate:USD"], "allow")
    assert bench.features("p1")["card_sum_1h"] == 0
    assert bench.features("p1")["card_count_1h"] == 1
    assert bench.service.metrics()["degraded_total"] == {"rate:USD": 1}
    bench.assert_true_to_log()


def test_a_foreign_amount_is_converted_when_there_is_a_rate(benches):
    bench = benches(rates=RateTable.from_csv("INR", RATES))
    decision = bench.decide(payment("p1", currency="USD", amount_minor=100_000))
    assert (decision.degraded, decision.action) == ([], "challenge")
    assert bench.features("p1")["card_sum_1h"] == Decimal(100_000) * 85
    bench.assert_true_to_log()


@pytest.mark.parametrize(("if_missing", "action"), [("open", "allow"), ("closed", "hold")])
def test_a_decision_is_degraded_when_a_list_cannot_be_read(benches, tmp_path, if_missing, action):
    path = tmp_path / "policy.yaml"
    missing = f"{{of: card, file: gone.txt, if_missing: {if_missing}}}"
    path.write_text(POLICY.replace("{of: card, entries: [tok_stolen]}", missing), encoding="utf-8")
    decision = benches(policy=load_policy(path)).decide(payment("p1", card="tok_stolen"))
    assert "list:stolen" in decision.degraded
    assert decision.action == action


def test_the_other_rules_count_when_one_raises(bench, monkeypatch):
    rules = bench.service.decider.rules

    def broken(values, env):
        raise ZeroDivisionError

    monkeypatch.setattr(rules, "_mask", broken)
    rules.evaluate(
        [None] * len(rules.order), bench.service.decider.lists.at(NOW_US)
    )  # The rules apart are made now.
    each = list(rules._each)
    velocity = next(place for place, rule in enumerate(bench.policy.rules) if rule.code == "velocity")
    each[velocity] = broken
    monkeypatch.setattr(rules, "_each", each)
    for number in range(5):
        decision = bench.decide(payment(f"p{number}", card="tok_stolen", amount_minor=6_000_000))
    assert decision.degraded == ["rule:velocity"]
    assert (decision.action, [reason.code for reason in decision.reasons]) == (
        "block",
        ["large", "stolen_card"],
    )


def test_nothing_changes_when_an_event_is_wrong(bench):
    bench.tell(payment("p1"))
    before = bench.service.metrics()
    for wrong in (
        b"",
        b"{",
        b"[]",
        b'{"type":"payment"}',
        payment("p2", amount_minor=-1),
        payment("p2", custom={"x": 1}),
    ):
        assert isinstance(bench.tell(wrong).error, InvalidEvent)
    after = bench.service.metrics()
    assert after["events_total"].pop("refused") == 6
    before["events_total"].pop("refused")
    assert after == before
    bench.assert_true_to_log()


def test_an_event_of_another_type_is_refused_when_one_type_is_welcome(bench):
    outcomes = []
    bench.service.submit(msgspec.json.encode({"type": "label"}), 1, outcomes.append)
    assert isinstance(outcomes[0].error, InvalidEvent)


def test_events_are_refused_when_the_engine_has_not_started_or_has_stopped(bench):
    new = Bench()
    assert not new.service.ready().ready
    assert isinstance(new.tell(payment("p1")).error, NotReady)
    bench.tell(payment("p1"))
    bench.stop()
    assert bench.service.ready().reasons == ("stopped",)
    assert isinstance(bench.tell(payment("p2")).error, NotReady)
    assert bench.log.count() == 1
