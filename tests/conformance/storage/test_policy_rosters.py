from __future__ import annotations

import json

import pytest
from tests.support.lifecycle import (
    ANU,
    ASHA,
    MEERA,
    TEXT,
    EngineDouble,
    approved,
    hash_of,
    parts,
    refused,
    text_of,
)

from satark.cases.policy_life import Step
from satark.core.errors import Forbidden, InputInvalid, NotFound
from satark.decisions.roster import Roster

FIRST = hash_of(TEXT)


@pytest.fixture
def desk(backend):
    return backend.open_desk()


@pytest.fixture
def engine(desk):
    return EngineDouble(desk)


def publish(desk, engine, policy, step, *, person=ASHA, **options):
    order = desk.rosters.publish(policy, step, person, log=engine, **options)
    engine.take()
    return order


def in_force(desk):
    return desk.versions.standing().roster


def test_version_goes_shadow_canary_live_and_back_when_published(desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.SHADOW)
    assert parts(in_force(desk)) == (FIRST, None, (policy,))
    assert desk.versions.get(policy).state == "shadow"
    publish(desk, engine, policy, Step.CANARY, percent=10)
    assert parts(in_force(desk)) == (FIRST, {"hash": policy, "percent": 10.0}, ())
    assert desk.versions.get(policy).percent == 10.0
    publish(desk, engine, policy, Step.LIVE)
    assert parts(in_force(desk)) == (policy, None, ())
    assert desk.versions.get(policy).state == "live"
    for expected in (
        (FIRST, {"hash": policy, "percent": 10.0}, ()),
        (FIRST, None, (policy,)),
        (FIRST, None, ()),
    ):
        desk.rosters.back(MEERA, log=engine)
        engine.take()
        assert parts(in_force(desk)) == expected
    assert desk.versions.get(policy).state == "retired"  # It decided for all once.
    with refused("nothing_before"):
        desk.rosters.back(MEERA, log=engine)
    assert desk.audit.verify().ok


def test_engine_is_sent_the_text_only_when_it_may_not_know_it(desk, engine):
    policy = approved(desk, text_of(2))
    desk.rosters.publish(policy, Step.CANARY, ASHA, percent=10, log=engine)
    (command,) = engine.take()
    assert command.body["texts"] == {policy: text_of(2)}
    assert command.body["live"] == FIRST
    desk.rosters.switch("large", MEERA, off=True, note="alarms", log=engine)
    (command,) = engine.take()
    assert "texts" not in command.body


def test_nothing_is_published_when_nobody_else_has_approved_it(desk, engine):
    policy = desk.versions.create(text_of(2), ASHA)
    for revision, step in ((1, None), (2, "submit")):
        if step:
            desk.versions.submit(policy, ASHA, revision=revision - 1)
        for way in (Step.SHADOW, Step.CANARY, Step.LIVE, Step.END):
            with refused("not_now"):
                desk.rosters.publish(policy, way, ASHA, percent=10, log=engine)
    with pytest.raises(NotFound):
        desk.rosters.publish("f" * 64, Step.SHADOW, ASHA, log=engine)
    assert desk.commands.waiting(10) == []


def test_reviewed_version_is_watched_first_when_it_is_to_become_live(desk, engine):
    policy = approved(desk, text_of(2))
    with refused("not_now"):
        desk.rosters.publish(policy, Step.LIVE, ASHA, log=engine)
    with refused("not_now"):
        desk.rosters.publish(policy, Step.BACK, ASHA, log=engine)


def test_text_is_refused_when_it_was_changed_behind_the_desk_after_approval(backend, desk, engine):
    policy = approved(desk, text_of(2))
    evil = text_of(2, limit=900).replace("'", "''")
    backend.run(f"UPDATE policy_versions SET text = '{evil}' WHERE hash = '{policy}'", file="desk.db")
    with refused("not_vouched"):
        desk.rosters.publish(policy, Step.CANARY, ASHA, percent=10, log=engine)
    assert desk.commands.waiting(10) == []


def test_order_is_refused_by_the_engine_when_it_was_written_behind_the_desk(backend, desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.CANARY, percent=10)
    body = json.dumps({"live": hash_of(text_of(9)), "texts": {hash_of(text_of(9)): text_of(9)}})
    columns = "at_us, owner, kind, body, actor, state, result"
    quoted = body.replace("'", "''")
    backend.run(
        f"INSERT INTO commands ({columns}) VALUES (1, 0, 'publish', '{quoted}', 'asha', 'waiting', '')",
        file="desk.db",
    )
    (forged,) = desk.commands.waiting(10)
    with pytest.raises(Forbidden):
        desk.commands.check(forged)
    # Neither the trail's line nor the row of another order vouches for it.
    backend.run(f"UPDATE policy_rosters SET command = {forged.id}", file="desk.db")
    with pytest.raises(Forbidden):
        desk.commands.check(forged)


def test_order_is_refused_by_the_engine_when_its_body_was_changed(backend, desk, engine):
    policy = approved(desk, text_of(2))
    desk.rosters.publish(policy, Step.CANARY, ASHA, percent=10, log=engine)
    desk.commands.check(desk.commands.waiting(10)[0])
    backend.run("UPDATE commands SET body = replace(body, '10.0', '100.0')", file="desk.db")
    with pytest.raises(Forbidden):
        desk.commands.check(desk.commands.waiting(10)[0])


def test_rule_is_switched_off_in_all_versions_and_stays_off_when_another_comes(desk, engine):
    second, third = approved(desk, text_of(2)), approved(desk, text_of(3, limit=9))
    publish(desk, engine, second, Step.CANARY, percent=10)
    desk.rosters.switch("velocity", MEERA, off=True, note="it stops everybody", log=engine)
    engine.take()
    assert in_force(desk).killed == {FIRST: ("velocity",), second: ("velocity",)}
    publish(desk, engine, third, Step.SHADOW)
    assert in_force(desk).killed[third] == ("velocity",)
    with refused("unchanged"):
        desk.rosters.switch("velocity", MEERA, off=True, note="again", log=engine)
    desk.rosters.back(MEERA, log=engine)
    engine.take()
    assert in_force(desk).killed[FIRST] == ("velocity",)
    desk.rosters.switch("velocity", MEERA, off=False, note="", log=engine)
    engine.take()
    assert FIRST not in in_force(desk).killed
    assert second not in in_force(desk).killed


def test_switch_is_refused_when_it_has_no_reason_or_rule_or_right(desk, engine):
    with refused("note_missing"):
        desk.rosters.switch("velocity", MEERA, off=True, note=" ", log=engine)
    with refused("no_such_rule"):
        desk.rosters.switch("nothing", MEERA, off=True, note="x", log=engine)
    with pytest.raises(Forbidden):
        desk.rosters.switch("velocity", ANU, off=True, note="x", log=engine)


def test_back_keeps_to_the_placing_when_rules_were_switched_between(desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.CANARY, percent=10)
    desk.rosters.switch("velocity", MEERA, off=True, note="x", log=engine)
    engine.take()
    desk.rosters.back(MEERA, log=engine)
    engine.take()
    assert parts(in_force(desk)) == (FIRST, None, ())
    assert in_force(desk).killed[FIRST] == ("velocity",)


def test_rule_stays_off_when_the_version_that_comes_back_did_not_take_part_then(desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.SHADOW)
    publish(desk, engine, policy, Step.LIVE)
    desk.rosters.switch("velocity", MEERA, off=True, note="x", log=engine)
    engine.take()
    assert in_force(desk).killed == {policy: ("velocity",)}
    desk.rosters.back(MEERA, log=engine)
    engine.take()
    assert parts(in_force(desk)) == (FIRST, None, (policy,))
    assert in_force(desk).killed[FIRST] == ("velocity",)
    desk.rosters.switch("velocity", MEERA, off=False, note="", log=engine)
    engine.take()
    assert in_force(desk).killed == {}


def test_click_counts_once_when_somebody_was_faster(desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.SHADOW)
    publish(desk, engine, policy, Step.CANARY, percent=10)
    seen = desk.versions.standing().seen
    desk.rosters.back(MEERA, seen=seen, log=engine)
    with refused("changed"):
        desk.rosters.back(MEERA, seen=seen, log=engine)
    engine.take()
    with refused("changed"):
        desk.rosters.publish(policy, Step.LIVE, ASHA, seen=seen, log=engine)
    assert parts(in_force(desk)) == (FIRST, None, (policy,))


def test_form_still_counts_when_the_engine_did_meanwhile_what_its_sender_saw_coming(desk, engine):
    policy = approved(desk, text_of(2))
    desk.rosters.publish(policy, Step.CANARY, ASHA, percent=10, log=engine)
    seen = desk.versions.standing().seen
    engine.take()
    assert desk.versions.standing().seen == seen
    desk.rosters.back(MEERA, seen=seen, log=engine)


def test_publishing_waits_and_stopping_does_not_when_the_engine_has_not_answered(desk, engine):
    policy = approved(desk, text_of(2))
    desk.rosters.publish(policy, Step.CANARY, ASHA, percent=10, log=engine)
    assert desk.versions.standing().waiting
    with refused("waiting"):
        desk.rosters.publish(policy, Step.CANARY, ASHA, percent=20, log=engine)
    desk.rosters.switch("velocity", MEERA, off=True, note="x", log=engine)
    desk.rosters.back(MEERA, log=engine)
    engine.take()
    assert parts(in_force(desk)) == (FIRST, None, ())


def test_nothing_changes_when_the_engine_refuses(desk, engine):
    policy = approved(desk, text_of(2))
    desk.rosters.publish(policy, Step.CANARY, ASHA, percent=10, log=engine)
    (command,) = desk.commands.waiting(10)
    desk.commands.settle(command.id, "refused", "policy_invalid")
    now = desk.versions.standing()
    assert (parts(now.roster), now.asked, now.refused.result) == (
        (FIRST, None, ()),
        None,
        "policy_invalid",
    )
    assert desk.versions.get(policy).state == "reviewed"
    publish(desk, engine, policy, Step.SHADOW)
    assert desk.versions.get(policy).state == "shadow"


def test_settings_are_in_force_again_when_the_engine_says_so(desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.CANARY, percent=10)
    other = text_of(7)
    engine.add_policy(other)
    engine.add_roster(Roster(hash_of(other), actor="settings"))
    engine.count()
    now = desk.versions.standing()
    assert (now.roster.live, now.by_settings, now.back, now.asked) == (hash_of(other), True, None, None)
    assert desk.rollups.policies(limit=1)[0].hash == hash_of(other)


def test_policy_in_force_is_the_live_one_when_a_shadow_is_newer_in_the_log(desk, engine):
    policy = approved(desk, text_of(2))
    publish(desk, engine, policy, Step.SHADOW)
    assert [one.hash for one in desk.rollups.policies()] == [FIRST, policy]


@pytest.mark.parametrize("percent", [0, -1, 100.5, float("nan")])
def test_percent_is_refused_when_it_is_none(desk, engine, percent):
    policy = approved(desk, text_of(2))
    with pytest.raises(InputInvalid):
        desk.rosters.publish(policy, Step.CANARY, ASHA, percent=percent, log=engine)


def test_preview_says_what_will_take_part_and_changes_nothing(desk, engine):
    policy = approved(desk, text_of(2))
    made = desk.rosters.preview(policy, Step.CANARY, ASHA, percent=25, log=engine)
    assert parts(made) == (FIRST, {"hash": policy, "percent": 25}, ())
    assert desk.commands.waiting(10) == []
    with pytest.raises(Forbidden):
        desk.rosters.preview(policy, Step.CANARY, MEERA, percent=25, log=engine)


def test_nothing_can_be_published_when_the_engine_has_never_run(desk):
    class Empty:
        def find_by_ref(self, owner, payment_id):
            return iter(())

    policy = approved(desk, text_of(2))
    with refused("no_live"):
        desk.rosters.publish(policy, Step.SHADOW, ASHA, log=Empty())
