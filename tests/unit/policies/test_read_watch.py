"""The sections `labels:` and `watch:` of a policy: read, defaulted, and refused with the place."""

from __future__ import annotations

import pytest

from satark.core.errors import PolicyInvalid
from satark.policies import load_policy
from satark.policies.label_rules import LabelRules
from satark.policies.watch_rules import WatchRules

BASE = """
policy: tiny
version: 1
rules:
  big: {when: "amount > 5", action: hold, reason: {en: "big", hi: "बड़ा"}}
cases:
  queues: {cards: {en: Cards, hi: कार्ड}}
  routes: [{queue: cards}]
"""


def test_defaults_hold_without_the_sections():
    policy = load_policy(BASE)
    assert policy.labels == LabelRules()
    assert policy.watch == WatchRules()


def test_sections_are_read_and_leave_the_content_hash_alone():
    policy = load_policy(
        BASE
        + """
labels: {trust: [bank, police], reporters: {SBI-disputes: bank}, mature: 90d}
watch: {alerts_per_day: {cards: 40}, psi: 0.1, missing: 0.02, degraded: 0.005, calibration: 2, precision_drop: 0.1,
        label_delay: 2w, least: 50, queue: cards, deadline: 4h}
"""
    )
    assert policy.content_hash == load_policy(BASE).content_hash
    assert policy.labels.trust.order == ("bank", "police")
    assert policy.labels.trust.kind_of("sbi-disputes:mumbai") == "bank"
    assert policy.labels.mature_days == 90
    assert policy.watch == WatchRules({"cards": 40}, 0.1, 0.02, 0.005, 2.0, 0.1, 14.0, 50, "cards", 14_400)


def test_silence_can_mean_nothing_for_ever():
    assert load_policy(BASE + "labels: {mature: never}").labels.mature_days is None


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ("labels: {trust: [banks]}", "choice"),
        ("labels: {trust: [bank, bank]}", "duplicate_key"),
        ("labels: {reporters: {x: somebody}}", "choice"),
        ("labels: {mature: 5m}", "duration"),
        ("labels: {mature: 731d}", "duration"),
        ("labels: {trusted: []}", "unknown_key"),
        ("watch: {psi: 0}", "number"),
        ("watch: {calibration: 1}", "number"),
        ("watch: {least: -1}", "number"),
        ("watch: {alerts_per_day: {upi: 5}}", "unknown_queue"),
        ("watch: {alerts_per_day: {cards: 0}}", "number"),
        ("watch: {queue: suprevision}", "unknown_queue"),
        ("watch: {deadline: soon}", "duration"),
        ("watch: 5", "type"),
    ],
)
def test_mistakes_are_told_with_their_place(section, code):
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(BASE + section)
    found = caught.value.fields["diagnostics"]
    assert [one.code for one in found] == [code]
    assert found[0].position.line == 9
