"""Alerts go where the policy that decided says, also when it is not the one of the settings."""

from __future__ import annotations

import msgspec
import pytest
from tests.support.lifecycle import TEXT, EngineDouble, hash_of, text_of

from satark.app.alert_routes import KEPT, AlertRoutes
from satark.app.follower import Follower
from satark.core.clock import FixedClock, Micros
from satark.decisions.roster import Roster
from satark.policies import load_policy
from satark.storage.desk import open_desk

NIGHT = (
    text_of(2)
    + """
  quiet_hours:
    kind: night
    when: amount > rupees(10)
    action: hold
    reason: {en: "At night", hi: "रात में"}
cases:
  queues: {night: {en: Night desk, hi: "रात्रि डेस्क"}}
  routes:
    - {queue: night, when: "amount > 0", deadline: 1h}
"""
)


@pytest.fixture
def desk(tmp_path):
    clock = FixedClock(Micros(1_790_000_000_000_000))
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"k" * 32) as opened:
        yield opened


@pytest.fixture
def log(desk):
    return EngineDouble(desk)


def test_routes_are_those_of_the_policy_that_decided(log):
    log.add_policy(NIGHT)
    routes = AlertRoutes(log, load_policy(TEXT))
    published = routes.of(hash_of(NIGHT))
    assert published.kinds["quiet_hours"] == "night"
    assert [route.queue for route in published.policy.cases.routes] == ["night"]
    assert routes.of(hash_of(NIGHT)) is published


def test_routes_of_the_settings_serve_when_the_policy_cannot_be_read(log):
    routes = AlertRoutes(log, load_policy(TEXT))
    own = routes.of(hash_of(TEXT))
    assert routes.of("f" * 64) is own
    log.add_policy(NIGHT)
    entry = log.entries[-1]
    body = entry.body.replace(b"card_10m > limit", b"card_10n > limit")
    log.entries[-1] = msgspec.structs.replace(entry, body=body)
    assert AlertRoutes(log, load_policy(TEXT)).of(hash_of(NIGHT)).policy.content_hash == hash_of(TEXT)


def test_few_policies_are_kept_when_many_decided(log):
    routes = AlertRoutes(log, load_policy(TEXT))
    for number in range(KEPT + 5):
        routes.of(f"{number:064x}")
    assert len(routes._known) == KEPT


def test_words_of_the_live_policy_are_taken_over_when_a_roster_comes(desk, log):
    follower = Follower(log, desk, load_policy(TEXT))
    follower.adopt()
    follower.step()
    assert "night" not in desk.cases.terms().queues
    log.add_policy(NIGHT)
    log.add_roster(Roster(hash_of(NIGHT)))
    follower.step()
    assert desk.cases.terms().queues["night"].hi == "रात्रि डेस्क"
    log.add_roster(Roster(hash_of(TEXT)))
    follower.step()
    assert "night" not in desk.cases.terms().queues
