"""What entries of the log add to the counts: decisions as they are made, labels on the day of their payment."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.watch import DAY, HASH, POLICY_TEXT, MemoryLog

from satark.decisions.labels import TrustOrder, history_of
from satark.decisions.ports import FLAG_LABELLED, FLAG_LATE
from satark.decisions.watch import WatchCounter, gauges
from satark.decisions.watch import measures as m
from satark.decisions.watch.gauges import Gauges
from satark.policies import load_policy

KEY = b"a key of a test"


def counted(log, *, batch=1_000, kept=()):
    """Count a whole log in batches; return the counts, the gauges and who was troubled."""
    found = Gauges(log.find_by_ref, kept)
    totals, troubled = {}, {}
    for start in range(0, log.last_seq(), batch):
        counter = WatchCounter(log, found, TrustOrder(), KEY)
        counter.take(log.read(start, limit=batch))
        for day, measure, key, n, total in counter.rows():
            old = totals.get((day, measure, key), (0, 0))
            totals[day, measure, key] = (old[0] + n, old[1] + total)
        for one in counter.troubled.values():
            troubled.pop(one.seq, None)
            if one.is_so:
                troubled[one.seq] = one
    return {key: row for key, row in totals.items() if row != (0, 0)}, found, troubled


def test_a_decision_counts_by_what_was_decided_and_how_it_ended():
    log = MemoryLog()
    log.payment("a", rupees=10, rules=("quick",), action="challenge", score=0.3)
    log.payment("b", rupees=20, rules=("big", "quick"), action="hold", score=0.6)
    log.payment("c", rupees=30, action="allow", would="hold", rules=("big",), score=0.6)
    log.payment("d", rupees=40, action="allow", would="hold", released=True, degraded=("geo", "model:m"))
    totals, _, _ = counted(log)
    assert totals[DAY, m.DECIDED, "hold"] == (3, 9_000)
    assert {key: row[0] for (_, measure, key), row in totals.items() if measure == m.ANSWERED} == {
        m.THROUGH: 1,
        m.STOPPED: 1,
        m.OBSERVED_ONLY: 1,
        m.RELEASED: 1,
    }
    assert totals[DAY, m.RULE, "quick"] == (2, 3_000)
    assert totals[DAY, m.SCORE, "12"] == (2, 1_200_000)
    assert totals[DAY, m.DEGRADED, m.ANY][0] == totals[DAY, m.DEGRADED, "geo"][0] == 1


def test_a_label_counts_on_the_day_of_its_payment_and_a_correction_moves_it():
    log = MemoryLog()
    log.payment("a", day=DAY, rupees=10, rules=("big",), action="hold", customer="C1")
    log.label("a", "fraud", "customer", day=DAY + 3)
    totals, _, troubled = counted(log)
    assert totals[DAY, m.LABELLED, "fraud.stopped"] == (1, 1_000)
    assert totals[DAY, m.RULE_FRAUD, "big"] == (1, 1_000)
    assert totals[DAY + 3, m.DELAY, "04"] == (1, 0), "three days"
    assert not troubled
    log.label("a", "genuine", "issuer", day=DAY + 9)
    totals, _, troubled = counted(log, batch=1)
    assert totals[DAY, m.LABELLED, "genuine.stopped"] == (1, 1_000)
    assert (DAY, m.LABELLED, "fraud.stopped") not in totals
    assert (DAY, m.RULE_FRAUD, "big") not in totals
    assert totals[DAY, m.CONTRADICTED, ""][0] == 1
    assert totals[DAY + 3, m.DELAY, "04"][0] == 1, "that it was reported stays"
    assert [one.minor for one in troubled.values()] == [1_000]
    log.label("a", "fraud", "1930", day=DAY + 20)
    assert not counted(log)[2], "no longer known as genuine"


def test_an_untrusted_word_changes_nothing_but_the_contradiction():
    log = MemoryLog()
    log.payment("a", rules=("big",), action="hold")
    log.label("a", "genuine", "issuer", day=DAY + 1)
    log.label("a", "fraud", "somebody", day=DAY + 2)
    totals, _, troubled = counted(log)
    assert totals[DAY, m.LABELLED, "genuine.stopped"][0] == totals[DAY, m.CONTRADICTED, ""][0] == 1
    assert len(troubled) == 1


def test_a_label_before_its_payment_counts_with_it_once():
    log = MemoryLog()
    log.label("a", "fraud", day=DAY - 1)
    log.payment("a", day=DAY, rules=("big",), flags=FLAG_LABELLED)
    log.label("a", "fraud", "1930", day=DAY + 1)
    totals, _, _ = counted(log)
    assert totals[DAY, m.LABELLED, "fraud.through"][0] == totals[DAY, m.RULE_FRAUD, "big"][0] == 1
    assert totals[DAY, m.DELAY, "00"][0] == 1, "reported before it happened is no delay"


def test_a_label_before_a_payment_that_came_late_counts_as_well():
    log = MemoryLog()
    log.label("a", "fraud", day=DAY)
    log.payment("a", day=DAY - 1, flags=FLAG_LATE)
    totals, _, _ = counted(log, batch=1)
    assert totals[DAY - 1, m.LABELLED, "fraud.through"][0] == 1


def test_labels_of_others_and_of_nothing_count_nothing():
    log = MemoryLog()
    log.payment("a")
    before, _, _ = counted(log)
    log.label("a", "fraud", owner=2)
    log.label("unknown", "fraud")
    log.append("label", "broken", ref="a", body=b"{")
    assert counted(log)[0] == before


def test_customers_are_counted_by_a_digest_that_is_theirs_alone():
    log = MemoryLog()
    for event_id, customer in (("a", "C1"), ("b", "C1"), ("c", "C2"), ("d", None)):
        log.payment(event_id, action="block", customer=customer)
        log.label(event_id, "genuine", "case:asha")
    who = [one.who for one in counted(log)[2].values()]
    assert len(set(who)) == 3
    assert who[0] == who[1]
    assert not any(b"C1" in one for one in who)


@pytest.fixture
def quick_warm_up(monkeypatch):
    monkeypatch.setattr(gauges, "WARM_UP", 50)


def test_the_first_decisions_say_what_is_usual_and_later_ones_are_held_against_it(quick_warm_up):
    log = MemoryLog()
    rng = np.random.default_rng(7)
    values = rng.integers(0, 6, 170).tolist()
    for place, value in enumerate(values):
        log.payment(f"p{place}", features=(value, None if place % 5 == 0 else 1.5), rupees=7)
    totals, found, _ = counted(log, batch=50)
    kept = {one.name: one for one in (column.kept for column in found.of(HASH).columns)}
    first = values[:50]
    assert kept["card_10m"].n == 50
    assert kept["card_10m"].shares[0] == pytest.approx(
        np.mean([v <= kept["card_10m"].edges[0] for v in first])
    )
    seen = {key: n for (_, measure, key), (n, _) in totals.items() if measure == m.VALUE}
    after = values[50:]
    counts = m.by_bin(
        {key: (n, 0) for key, n in seen.items()}, kept["card_10m"].head, len(kept["card_10m"].shares)
    )
    edges = [-np.inf, *kept["card_10m"].edges, np.inf]
    by_hand = [sum(low < value <= high for value in after) for low, high in itertools.pairwise(edges)]
    assert counts == by_hand
    assert kept["card_mean"].missing == pytest.approx(0.2)
    assert totals[DAY, m.MISSING, kept["card_mean"].head][0] == sum(
        place % 5 == 0 for place in range(50, 170)
    )
    assert kept["amount"].reference.edges == (), "always the same amount: one bin"


def test_a_policy_with_the_same_feature_goes_on_with_its_reference(quick_warm_up):
    log = MemoryLog()
    for place in range(60):
        log.payment(f"p{place}", features=(place % 3, 1.0))
    _, found, _ = counted(log, batch=10)
    kept = [column.kept for column in found.of(HASH).columns]
    other = POLICY_TEXT.replace("version: 1", "version: 2").replace("over 30d", "over 60d")
    log.policy(other)
    again = Gauges(log.find_by_ref, kept)
    columns = {one.name: one for one in again.of(load_policy(other).content_hash).columns}
    assert columns["card_10m"].kept == kept[0]
    assert columns["card_mean"].kept is None, "it computes something else now"


def test_what_is_usual_is_taken_once_the_window_is_full(quick_warm_up):
    """The mean over 30 days grows into its usual values for 30 days; the count over 10 minutes does not."""
    log = MemoryLog()
    for day in range(40):
        for place in range(10):
            log.payment(f"d{day}_{place}", day=DAY + day, features=(place, min(day, 30.0)))
    found = Gauges(log.find_by_ref, began_us=log.entries[1].occurred_us)
    for start in range(0, log.last_seq(), 7):
        WatchCounter(log, found, TrustOrder(), KEY).take(log.read(start, limit=7))
    kept = {column.name: column.kept for column in found.of(HASH).columns}
    assert kept["card_mean"].edges == (), "thirty on every day from then on"
    assert kept["card_mean"].n == kept["card_10m"].n == 50
    assert len(kept["card_10m"].edges) > 5


def test_decisions_of_an_unknown_policy_count_without_their_features():
    log = MemoryLog()
    log.payment("a", policy="0" * 64, features=(1,))
    log.payment("b", features=(1, 2, 3))
    log.append("payment", "c", decision=b"{", features=b"x")
    totals, _, _ = counted(log)
    assert totals[DAY, m.DECIDED, "allow"][0] == 2


def test_expected_and_observed_are_of_payments_that_went_through():
    log = MemoryLog()
    log.payment("a", model=("ab" * 32, 0.25))
    log.payment("b", model=("ab" * 32, 0.5), action="hold")
    log.payment("c", model=("ab" * 32, None))
    log.label("a", "fraud")
    log.label("b", "fraud")
    totals, _, _ = counted(log)
    assert totals[DAY, m.EXPECTED, "ab" * 8] == (1, 250_000)
    assert totals[DAY, m.UNSURE, "ab" * 8] == (1, 187_500)
    assert totals[DAY, m.OBSERVED, "ab" * 8][0] == 1


acts = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 5), st.sampled_from(["allow", "hold"]), st.integers(0, 2)),
        st.tuples(
            st.just("label"),
            st.integers(0, 5),
            st.sampled_from(["fraud", "genuine"]),
            st.sampled_from(["1930", "issuer", "case:a", "who"]),
            st.integers(0, 9),
        ),
    ),
    max_size=25,
)


@given(acts, st.integers(1, 7))
def test_counts_say_what_is_known_whatever_the_order_and_the_batches(told, batch):
    """Held against a count of every payment as its labels stand at the end."""
    log, days = MemoryLog(), {}
    for act in told:
        if act[0] == "label":
            log.label(f"p{act[1]}", act[2], act[3], day=DAY + act[4])
        elif f"p{act[1]}" not in days:
            waited = any(one.ref == f"p{act[1]}" for one in log.entries)
            days[f"p{act[1]}"] = (DAY + act[3], act[2])
            log.payment(
                f"p{act[1]}",
                day=DAY + act[3],
                action=act[2],
                rules=("big",),
                flags=FLAG_LABELLED if waited else 0,
            )
    expected, genuine = {}, set()
    for payment, (day, action) in days.items():
        now = history_of(log, 1, payment).standing()
        if now.label is not None:
            ended = m.STOPPED if action == "hold" else m.THROUGH
            keys = [(m.LABELLED, f"{now.label}.{ended}"), (f"rule_{now.label}", "big")]
            keys += [(m.CONTRADICTED, "")] if now.contradicted else []
            for key in keys:
                expected[day, *key] = expected.get((day, *key), 0) + 1
            if ended == m.STOPPED and now.label == "genuine":
                genuine.add(log.find(1, payment).seq)
    totals, _, troubled = counted(log, batch=batch)
    wanted = {m.LABELLED, m.RULE_FRAUD, m.RULE_GENUINE, m.CONTRADICTED}
    assert {key: n for key, (n, _) in totals.items() if key[1] in wanted} == expected
    assert troubled.keys() == genuine
