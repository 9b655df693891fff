"""Several policies over the same windows answer as each would alone, whatever is published when."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.engine import (
    NOW_US,
    POLICY,
    SECOND_US,
    SEED,
    WINDOWS,
    Bench,
    label,
    payee_change,
    payment,
    result,
)
from tests.support.publishing import (
    BASE,
    OTHER_WINDOWS,
    SAME_WINDOWS,
    PublishingBench,
    hash_of,
    logistic_of,
    scored,
)

from satark.decisions.again import decide_again, rebuild_decision
from satark.decisions.casting import Casting
from satark.decisions.decide import Decider
from satark.decisions.model import Decision
from satark.decisions.stored import decode_stored_features
from satark.policies import load_policy

MODEL = logistic_of(OTHER_WINDOWS)
CHALLENGER = logistic_of(OTHER_WINDOWS, "second", bias=-1.0)
SCORED = scored(OTHER_WINDOWS, MODEL, challengers=[CHALLENGER])
TEXTS = [BASE, SAME_WINDOWS, OTHER_WINDOWS, SCORED, POLICY]
FILES = {"small.model": [MODEL], "c.model": [CHALLENGER]}


def event_of(dice, number, at_us, payments):
    """Draw an event over few entities, so that windows fill; some are late, some about payments that come later."""
    kind = dice.choices(["payment", "result", "label", "payee"], [6, 2, 2, 1])[0]
    at_us += dice.choice([0, 0, -SECOND_US, -400 * SECOND_US]) + dice.randrange(-5, 5)
    name = f"e{number}"
    if kind == "payment":
        payments.append(name)
        return payment(
            name, at_us, amount_minor=dice.choice([100, 12_345, 90_000]), card=f"card_{dice.randrange(3)}",
            device=f"device_{dice.randrange(3)}", customer=f"customer_{dice.randrange(6)}",
            merchant=f"merchant_{dice.randrange(2)}",
        )  # fmt: skip
    if kind == "payee":
        return payee_change(name, at_us, f"customer_{dice.randrange(6)}")
    about = dice.choice([*payments[-5:], f"e{number + dice.randrange(1, 4)}"])
    if kind == "result":
        return result(name, about, at_us, dice.choice(["declined", "authorised"]))
    return label(name, about, at_us, dice.choice(["fraud", "genuine"]))


def order_of(dice):
    """Draw who takes part in which part."""
    live, *others = dice.sample(TEXTS, dice.randrange(1, len(TEXTS) + 1))
    order = {"live": live, "models": [MODEL, CHALLENGER]}
    if others and dice.random() < 0.6:
        order["canary"] = (others.pop(), dice.choice([10, 50, 100]))
    return order | {"shadows": others}


class Alone:
    """An engine for each policy by itself."""

    def __init__(self):
        self.benches = {}
        for text in TEXTS:
            bench = Bench(policy=load_policy(text))
            casting = Casting(bench.log, bench.policy, models=lambda ref: FILES.get(ref.use, ()))
            bench.service._make_decider = lambda casting=casting: Decider(
                casting.in_force(), windows_options=WINDOWS, seed=SEED
            )
            self.benches[hash_of(text)] = bench.start()

    def tell(self, event):
        for bench in self.benches.values():
            assert bench.tell(event).error is None

    def decided(self, policy, event_id):
        return self.benches[policy].log.find(1, event_id)

    def stop(self):
        for bench in self.benches.values():
            bench.stop()


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_views_answer_as_policies_alone_do(seed):
    dice = random.Random(seed)
    together, alone = PublishingBench(text=BASE, files=FILES).start(), Alone()
    payments = []
    at_us = NOW_US - 3_000 * SECOND_US
    try:
        for number in range(45):
            at_us += dice.choice([0, SECOND_US, 20 * SECOND_US])
            event = event_of(dice, number, at_us, payments)
            assert together.tell(event).error is None
            alone.tell(event)
            if dice.random() < 0.12:
                together.published(**order_of(dice))
            if dice.random() < 0.03:
                together.crash()
        for event_id in payments:
            check(together, alone, event_id)
        for event_id in dice.sample(payments, min(5, len(payments))):
            entry = together.log.find(1, event_id)
            assert decide_again(together.log, entry).same
            assert rebuild_decision(together.log, entry).same
    finally:
        together.stop()
        alone.stop()


def check(together, alone, event_id):
    answer = together.service.find(1, event_id)
    mine = decode(answer)
    entry = together.log.find(1, event_id)
    kept = decode_stored_features(entry.features)
    other = alone.decided(mine.policy.hash, event_id)
    theirs, their_kept = decode(other.decision), decode_stored_features(other.features)
    assert (mine.would or mine.action, mine.score, mine.late) == (
        theirs.would or theirs.action, theirs.score, theirs.late,
    )  # fmt: skip
    assert mine.reasons == theirs.reasons
    assert mine.model == theirs.model
    assert kept.features == their_kept.features
    assert (kept.extras.model, kept.extras.challengers) == (
        their_kept.extras.model, their_kept.extras.challengers,
    )  # fmt: skip
    for shadow in kept.extras.shadow:
        other = alone.decided(shadow.policy, event_id)
        theirs = decode(other.decision)
        codes = tuple(reason.code for reason in theirs.reasons)
        assert (shadow.action, shadow.score, shadow.codes) == (
            theirs.would or theirs.action,
            theirs.score,
            codes,
        )


def decode(decision):
    return msgspec.json.decode(decision, type=Decision)
