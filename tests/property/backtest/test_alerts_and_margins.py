"""In bulk, alerts follow the routes as the worker does, and what a rule adds is what is missing without it."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satark.cases.routing import Router
from satark.decisions.backtest.alerts import AlertRoutes
from satark.decisions.backtest.rule_tally import RuleTally
from satark.decisions.backtest.tally import Payments
from satark.policies import ACTIONS, ListBook, load_policy
from satark.policies.bulk import judge_frame

POLICY = """
policy: routed
version: 1
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
rules:
  one: {when: amount_minor > 5, score: 0.35, kind: velocity, reason: {en: x, hi: x}}
  two: {when: amount_minor > 7, action: hold, score: 0.6, kind: testing, reason: {en: x, hi: x}}
  three: {when: 'card == "a"', action: block, score: 0.2, reason: {en: x, hi: x}}
  four: {when: 'card == "b"', exempt: [two, three], reason: {en: x, hi: x}}
  five: {when: amount_minor > 9, score: 0.65, kind: velocity, reason: {en: x, hi: x}}
"""
ROUTES = {
    "default": "",
    "by kind": """
cases:
  queues: {fast: {en: fast, hi: तेज़}, slow: {en: slow, hi: धीमा}}
  routes:
    - {when: 'kind == "velocity" and amount_minor > 8', queue: fast, deadline: 1h}
    - {when: 'missing(kind) and action == "block"', queue: none}
    - {when: 'action == "challenge" and card == "b"', queue: none}
    - {when: score > 0.1, queue: slow, deadline: 1d}
""",
    "everything": """
cases:
  queues: {all: {en: all, hi: सब}}
  routes:
    - {queue: all, deadline: 1h}
""",
}


def policy_of(name):
    return load_policy(POLICY + ROUTES[name])


def frame_of(dice, n=40):
    amounts = [dice.choice([3, 6, 8, 9, 10]) for _ in range(n)]
    cards = [dice.choice(["a", "b", "c", None]) for _ in range(n)]
    return pl.DataFrame(
        {"amount_minor": amounts, "card": cards, "occurred_at": [0] * n},
        schema={"amount_minor": pl.Int64, "card": pl.String, "occurred_at": pl.Int64},
    )


@pytest.mark.parametrize("name", ROUTES)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_alerts_in_bulk_follow_the_routes_of_the_worker(name, seed):
    policy = policy_of(name)
    frame = frame_of(random.Random(seed))
    verdicts = judge_frame(policy, frame, ListBook.of(policy))
    routes, router = AlertRoutes(policy), Router(policy.cases)
    found = routes.queues_of(frame, verdicts)
    for row in range(frame.height):
        kinds = [
            rule.kind
            for rule, counts in zip(policy.rules, verdicts.counting[row], strict=True)
            if counts and rule.kind
        ]
        facts = {name: frame[name][row] for name in ("amount_minor", "card")}
        route = router.route_facts(
            facts, ACTIONS[verdicts.gravities[row]], float(verdicts.scores[row]), kinds
        )
        want = None if route is None else route.queue
        got = None if found[row] < 0 else routes.queues[found[row]]
        assert got == want, (facts, kinds)


@pytest.mark.parametrize("name", ROUTES)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_what_a_rule_adds_is_what_is_missing_when_it_is_switched_off(name, seed):
    policy = policy_of(name)
    dice = random.Random(seed)
    frame = frame_of(dice)
    book, routes = ListBook.of(policy), AlertRoutes(policy)
    labels = np.array([dice.randrange(3) for _ in range(frame.height)], dtype=np.uint8)
    amounts = np.array([dice.randrange(100) for _ in range(frame.height)])
    payments = Payments(
        labels,
        (labels > 0).astype(float),
        amounts,
        np.zeros(frame.height, dtype=np.uint64),
        np.zeros(frame.height, dtype=np.int64),
        frame,
    )
    verdicts = judge_frame(policy, frame, book)
    queues = routes.queues_of(frame, verdicts)
    tally = RuleTally(policy, routes)
    tally.add(payments, verdicts, queues)
    from satark.decisions.backtest.intervals import Weighted

    for rule in tally.results(Weighted(1, 1)):
        off = judge_frame(policy, frame, book, killed=frozenset({rule.code}))
        before, after = verdicts.gravities > 0, off.gravities > 0
        less = before.astype(int) - after
        assert rule.marginal_flagged == less.sum()
        assert rule.marginal_stopped == (verdicts.gravities >= 2).sum() - (off.gravities >= 2).sum()
        assert rule.marginal_fraud == less[labels == 2].sum()
        assert rule.marginal_genuine == less[labels == 1].sum()
        assert rule.marginal_fraud_minor == (less * amounts)[labels == 2].sum()
        assert rule.marginal_alerts == (queues >= 0).sum() - (routes.queues_of(frame, off) >= 0).sum()
        assert rule.redundant == (bool(rule.fired) and (verdicts.gravities == off.gravities).all())
