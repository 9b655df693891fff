"""Models in decisions: their score, what happens without them, challengers, and the control group."""

from __future__ import annotations

import math

import msgspec
import pytest
from tests.support.engine import NOW_US, payment
from tests.support.models import near_bytes
from tests.support.publishing import BASE, SAME_WINDOWS, PublishingBench, logistic_of, scored

from satark.decisions.again import decide_again, rebuild_decision
from satark.decisions.model import Decision, ModelScore
from satark.decisions.stored import decode_stored_features
from satark.models import load_model
from satark.policies import load_policy

MODEL = logistic_of(BASE)
OTHER = logistic_of(BASE, "other", bias=-3.0)
TEXT = scored(BASE, MODEL)
HASH = load_model(MODEL).hash
LARGE, SMALL = 90_000, 100


def benched(text=TEXT, **files):
    files = files or {"small.model": [MODEL], "c.model": [OTHER]}
    return PublishingBench(text=text, files=files).start()


@pytest.fixture
def bench():
    made = benched()
    yield made
    made.stop()


def entry_of(bench, event_id="p1"):
    return bench.log.find(1, event_id)


def assert_replays(bench, event_id="p1"):
    for again in (
        decide_again(bench.log, entry_of(bench, event_id)),
        rebuild_decision(bench.log, entry_of(bench, event_id)),
    ):
        assert again.same, again.differences


def expected(amount, count=1):
    """The model written down: equal weights over (amount - 20,000) / 20,000 and count - 2, calibrated by a line."""
    return (-2.0 + (amount - 20_000) / 20_000 + (count - 2) + 2.0) / 4.0


def test_score_of_the_model_is_in_the_decision_and_before_the_rules(bench):
    decision = bench.decide(payment("p1", amount_minor=LARGE))
    assert decision.model == ModelScore("small", HASH, pytest.approx(expected(LARGE), rel=1e-12))
    assert [(reason.code, reason.numbers["model_score"]) for reason in decision.reasons] == [
        ("likely", decision.model.score)
    ]
    assert decision.action == "hold"
    # The greater of the rule's 0.6 and the model's.
    assert decision.score == max(0.6, decision.model.score)
    assert decode_stored_features(entry_of(bench).features).extras.model == decision.model.score
    assert_replays(bench)


def test_model_knows_how_near_the_names_of_a_payment_lie():
    near = near_bytes()
    bench = benched(scored(BASE, near), **{"small.model": [near]})
    try:
        score = {
            pair: bench.decide(
                payment(f"p{number}", customer=pair[0], merchant=pair[1], amount_minor=500)
            ).model.score
            for number, pair in enumerate([("cus_2", "mer_2"), ("cus_1", "mer_2"), ("cus_9", "mer_2")])
        }
        assert score["cus_2", "mer_2"] < score["cus_1", "mer_2"] < score["cus_9", "mer_2"]
        assert_replays(bench, "p1")
    finally:
        bench.stop()


def test_score_counts_where_no_rule_fires_and_stops_nobody_by_itself():
    bench = benched(scored(BASE, MODEL, rule=False))
    decision = bench.decide(payment("p1", amount_minor=LARGE))
    assert (decision.action, decision.reasons, decision.score) == ("allow", [], decision.model.score)
    assert decision.score > 0.6
    assert_replays(bench)
    bench.stop()


def raising(values, env):
    raise ZeroDivisionError


BROKEN = bytes([*MODEL[:-1], MODEL[-1] ^ 1])


@pytest.mark.parametrize(("if_missing", "action"), [("open", "allow"), ("closed", "hold")])
@pytest.mark.parametrize(
    "files", [{"none": []}, {"small.model": [BROKEN]}, {"small.model": [OTHER]}, {"small.model": [b""]}]
)
def test_engine_decides_without_a_model_that_cannot_be_had(files, if_missing, action):
    bench = benched(scored(BASE, MODEL, if_missing=if_missing), **files)
    assert bench.failed == [("model:small", "model_invalid")]
    decision = bench.decide(payment("p1", amount_minor=LARGE))
    assert (decision.action, decision.degraded, decision.reasons) == (action, ["model:small"], [])
    assert decision.model == ModelScore("small", HASH, None)
    assert_replays(bench)
    bench.stop()


@pytest.mark.parametrize(("if_missing", "action"), [("open", "allow"), ("closed", "hold")])
@pytest.mark.parametrize("predict", [raising, lambda values, env: math.nan, lambda values, env: 1.5])
def test_engine_decides_without_a_model_that_fails(predict, if_missing, action):
    bench = benched(scored(BASE, MODEL, if_missing=if_missing))
    view = bench.service.decider._panel._live
    view._ask = (view._ask[0], predict)
    decision = bench.decide(payment("p1", amount_minor=LARGE))
    assert (decision.action, decision.degraded) == (action, ["model:small"])
    assert decision.model.score is None
    assert_replays(bench)
    bench.stop()


def test_other_rules_count_without_the_model():
    bench = benched(none=[])
    assert bench.decide(payment("p1", card="tok_stolen")).action == "block"
    bench.stop()


def test_model_is_taken_from_the_log_when_its_file_is_gone(bench):
    score = bench.decide(payment("p1", amount_minor=LARGE)).model.score
    bench.files.clear()
    bench.restart()
    assert bench.failed == []
    assert bench.decide(payment("p2", amount_minor=LARGE, card="card_2")).model.score == score


def test_file_with_another_model_does_not_hide_the_one_of_the_store():
    bench = benched(**{"small.model": [OTHER, BROKEN, MODEL]})
    assert bench.decide(payment("p1")).model.score is not None
    bench.stop()


def test_rule_can_be_switched_off_while_the_model_is_missing():
    bench = benched(none=[])
    bench.published(killed={TEXT: ["stolen_card"]})
    decision = bench.decide(payment("p1", card="tok_stolen"))
    assert (decision.action, decision.degraded) == ("allow", ["model:small"])
    assert_replays(bench)
    bench.stop()


def test_challengers_are_scored_and_act_on_nothing():
    bench = benched(scored(BASE, MODEL, challengers=[OTHER]))
    decision = bench.decide(payment("p1", amount_minor=LARGE))
    extras = decode_stored_features(entry_of(bench).features).extras
    assert decision.score == extras.model
    assert extras.challengers.keys() == {load_model(OTHER).hash}
    assert 0 < extras.challengers[load_model(OTHER).hash] < extras.model
    view = bench.service.decider._panel._live
    view._challengers = {key: (pick, raising) for key, (pick, _) in view._challengers.items()}
    assert bench.decide(payment("p2", amount_minor=LARGE)).degraded == []
    assert decode_stored_features(entry_of(bench, "p2").features).extras.challengers == {
        load_model(OTHER).hash: None
    }
    bench.stop()


def test_replay_finds_a_score_that_was_not_the_models(bench):
    bench.decide(payment("p1", amount_minor=LARGE))
    entry = entry_of(bench)
    stored = msgspec.msgpack.decode(entry.features)
    stored[3]["model"] += 1e-9
    changed = msgspec.structs.replace(entry, features=msgspec.msgpack.encode(stored))
    differences = decide_again(bench.log, changed).differences
    assert len(differences) == 1
    assert differences[0].startswith("score of the model: stored")


def test_decisions_of_before_there_were_models_are_read(bench):
    body = {"id": "x", "action": "allow", "score": 0, "reasons": [], "policy": {"name": "p", "version": 1, "hash": "h"},
            "engine": "0", "features_version": "f", "degraded": [], "late": False, "mode": "enforce",
            "occurred_at": "", "decided_at": "", "latency_us": {}, "seq": 1}  # fmt: skip
    old = msgspec.json.decode(msgspec.json.encode(body), type=Decision)
    assert (old.model, old.released, old.part) == (None, False, "live")
    stored = decode_stored_features(msgspec.msgpack.encode(["v", [1], 7]))
    assert (stored.features, stored.base_amount, stored.extras.model) == ([1], 7, None)


# ---------------------------------------------------------------- the control group


def controlled(share="0.05", actions="[hold]", most="rupees(5000)", mode=""):
    return f"{BASE}control: {{share: {share}, actions: {actions}, most: {most}}}\n{mode}"


def drawn(bench, monkeypatch, number):
    """Let every draw come out as this number."""
    monkeypatch.setattr(type(bench.service.decider.draws), "draw", lambda self, purpose, policy, key: number)


def held(bench, event_id="p1", **changes):
    """The fourth payment of a card within the hour is held."""
    for number in range(3):
        bench.decide(payment(f"{event_id}_{number}", card=event_id))
    return bench.decide(payment(event_id, card=event_id, **changes))


def test_one_that_would_be_held_is_released_by_lot(monkeypatch):
    bench = benched(controlled())
    drawn(bench, monkeypatch, 0.049)
    decision = held(bench)
    assert (decision.action, decision.would, decision.released) == ("allow", "hold", True)
    assert [reason.code for reason in decision.reasons] == ["many"]
    assert decode_stored_features(entry_of(bench).features).extras.lot == 0.049
    assert_replays(bench)
    drawn(bench, monkeypatch, 0.05)
    again = held(bench, "p2")
    assert (again.action, again.would, again.released) == ("hold", None, False)
    assert decode_stored_features(entry_of(bench, "p2").features).extras.lot == 0.05
    assert_replays(bench, "p2")
    bench.stop()


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (controlled(most="rupees(100)"), {"amount_minor": 10_001}),
        (controlled(actions="[challenge]"), {}),
        (controlled(mode="mode: observe\n"), {}),
        (controlled(), {"currency": "USD"}),  # There is no rate, so nobody knows how much it is.
        (controlled(), {"stolen": True}),
    ],
)
def test_nobody_is_released_beyond_what_the_policy_says(monkeypatch, text, changes):
    bench = benched(text)
    drawn(bench, monkeypatch, 0.0)
    if changes.pop("stolen", False):
        decision = bench.decide(payment("p1", card="tok_stolen"))
        assert decision.action == "block"
    else:
        decision = held(bench, **changes)
    assert not decision.released
    assert decode_stored_features(entry_of(bench).features).extras.lot is None
    assert_replays(bench)
    bench.stop()


def test_block_is_released_only_where_the_policy_writes_it(monkeypatch):
    bench = benched(controlled(actions="[hold, block]"))
    drawn(bench, monkeypatch, 0.0)
    decision = bench.decide(payment("p1", card="tok_stolen"))
    assert (decision.action, decision.would, decision.released) == ("allow", "block", True)
    bench.stop()


def test_amount_up_to_the_bound_is_released(monkeypatch):
    bench = benched(controlled(most="rupees(100)"))
    drawn(bench, monkeypatch, 0.0)
    assert held(bench, amount_minor=10_000).released
    bench.stop()


def test_released_share_is_what_the_policy_says():
    bench = benched(controlled().replace("card_count > limit", "card_count > 0"))
    released = [bench.decide(payment(f"p{n}", card=f"c{n}")).released for n in range(800)]
    assert 20 <= sum(released) <= 62  # 40 are expected; beyond 3.5 standard deviations the lot is not fair.
    bench.stop()


def test_replay_finds_one_that_was_released_against_its_draw(monkeypatch):
    bench = benched(controlled())
    drawn(bench, monkeypatch, 0.5)
    held(bench)
    entry = entry_of(bench)
    forged = msgspec.json.decode(entry.decision) | {"released": True, "action": "allow", "would": "hold"}
    changed = msgspec.structs.replace(entry, decision=msgspec.json.encode(forged))
    assert decide_again(bench.log, changed).differences == ["released: stored True, by its draw False"]
    bench.stop()


# ---------------------------------------------------------------- hashes


def test_hash_of_a_policy_follows_what_changes_answers():
    hashes = [
        load_policy(text).content_hash
        for text in (
            BASE,
            TEXT,
            scored(BASE, MODEL, if_missing="closed"),
            scored(BASE, OTHER),
            scored(BASE, MODEL, challengers=[OTHER]),
            controlled(),
            controlled(share="0.01"),
            controlled(most="rupees(1)"),
            controlled(actions="[challenge]"),
        )
    ]
    assert len(set(hashes)) == len(hashes)


def test_hash_of_a_policy_does_not_follow_where_a_model_lies_or_how_it_is_trained():
    base = load_policy(TEXT).content_hash
    assert load_policy(TEXT.replace("small.model", f"sha256:{HASH}")).content_hash == base
    training = "training: {monotone: {card_count: up, amount: down}, exclude: [card]}\n"
    trained = load_policy(TEXT + training)
    assert trained.content_hash == base
    assert (trained.training.monotone, trained.training.exclude) == (
        {"card_count": 1, "amount": -1},
        frozenset({"card"}),
    )


def test_published_policy_brings_its_model_into_the_log():
    bench = benched(BASE)
    model = logistic_of(SAME_WINDOWS)
    bench.published(live=scored(SAME_WINDOWS, model), models=[model])
    bench.crash()
    decision = bench.decide(payment("p1", NOW_US, amount_minor=LARGE))
    assert decision.model.score == pytest.approx(expected(LARGE), rel=1e-12)
    assert_replays(bench)
    bench.stop()
