"""Which decisions become alerts."""

from __future__ import annotations

import pytest

from satark.cases.routing import Router
from satark.policies import load_bundled, load_policy

SECTION = """
policy: tiny
version: 1
rules:
  large: {when: amount > 1, action: hold, reason: {en: a, hi: b}}
cases:
  queues: {a: {en: A, hi: अ}, b: {en: B, hi: ब}}
  routes:
"""


def router(routes: str):
    return Router(load_policy(SECTION + routes).cases)


def queue(found):
    return None if found is None else found.queue


def test_the_first_route_that_matches_counts():
    routes = router("    - {when: score > 0.5, queue: a}\n    - {when: score > 0.2, queue: b}\n")
    assert [queue(routes.route_facts({}, "hold", score, ())) for score in (0.9, 0.4, 0.1)] == ["a", "b", None]


def test_a_route_without_a_condition_takes_all_that_is_left():
    routes = router("    - {when: action == 'allow', queue: none}\n    - {queue: b}\n")
    assert queue(routes.route_facts({}, "allow", 0.0, ())) is None
    assert queue(routes.route_facts({}, "challenge", 0.0, ())) == "b"


def test_a_route_does_not_match_when_its_condition_is_null():
    routes = router("    - {when: amount > rupees(10), queue: a}\n")
    assert queue(routes.route_facts({"amount": 2_000}, "hold", 1.0, ())) == "a"
    assert queue(routes.route_facts({}, "hold", 1.0, ())) is None


@pytest.mark.parametrize(
    ("kinds", "expected"), [(("velocity", "mule"), "a"), (("velocity",), "b"), ((), None)]
)
def test_a_route_that_names_a_kind_matches_for_any_of_the_rules_that_fired(kinds, expected):
    routes = router('    - {when: kind == "mule", queue: a}\n    - {when: not missing(kind), queue: b}\n')
    assert queue(routes.route_facts({}, "hold", 1.0, kinds)) == expected


def test_values_are_taken_in_the_order_of_the_named_facts():
    routes = router('    - {when: method == "upi" and amount > 5 and action == "hold", queue: a}\n')
    assert routes.facts == ("amount", "method")
    assert queue(routes.route([6, "upi"], "hold", 0.1, ())) == "a"
    assert queue(routes.route([6, "card"], "hold", 0.1, ())) is None


def test_another_route_still_counts_when_one_raises():
    routes = router("    - {when: amount > 5, queue: a}\n    - {queue: b}\n")
    assert queue(routes.route(["not a number"], "hold", 1.0, ())) == "b"


@pytest.mark.parametrize(
    ("facts", "action", "kinds", "expected"),
    [
        ({"method": "upi", "amount": 100_00}, "hold", ("collect_abuse",), "upi"),
        ({"method": "card", "amount": 100_00}, "block", ("stolen_card",), "cards"),
        ({"method": "card", "amount": 6_00_000_00}, "hold", ("stolen_card",), "high_value"),
        ({"method": "upi", "amount": 100_00}, "hold", ("velocity", "mule"), "mules"),
        ({"method": "netbanking"}, "hold", (), "other"),
        ({"method": "card", "amount": 100_00}, "challenge", ("stolen_card",), None),
        ({"method": "card", "amount": 6_00_000_00}, "allow", (), None),
    ],
)
def test_the_bundled_policy_routes_as_its_queues_say(facts, action, kinds, expected):
    found = Router(load_bundled().cases).route_facts(facts, action, 0.7, kinds)
    assert queue(found) == expected
    assert expected != "high_value" or found.four_eyes
