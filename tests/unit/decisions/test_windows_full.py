"""The bound on memory is an answer, not an end."""

from __future__ import annotations

import random

import pytest
from tests.support.engine import WINDOWS, label, payee_change, payment, replay, result

from satark.core.errors import StorageUnavailable, WindowsFull
from satark.features.kernel import memory as mem
from satark.policies import load_policy

FEW_KEYS = {"max_keys": 128}


def fill(bench):
    """Let payments of ever new cards come until one is refused; return its number."""
    for number in range(1_000):
        outcome = bench.tell(payment(f"p{number}", card=f"fill_{number}", device=f"fill_{number}"))
        if outcome.error is not None:
            assert isinstance(outcome.error, WindowsFull)
            return number
    raise AssertionError


def test_a_payment_is_refused_and_nothing_changes_when_the_windows_are_full(benches):
    bench = benches(windows=FEW_KEYS)
    number = fill(bench)
    before = bench.service.metrics()
    assert isinstance(bench.tell(payment(f"p{number}", card="card_x")).error, WindowsFull)
    after = bench.service.metrics()
    assert (after["log_seq"], after["windows_entries"]) == (before["log_seq"], before["windows_entries"])
    assert bench.log.find(1, f"p{number}") is None
    assert bench.service.ready().ready
    assert bench.service.counts["rebuilds"] == 0
    assert replay(bench.log, bench.fresh)[1] == []


@pytest.mark.parametrize("event", [result("e", "p0"), label("e", "p0"), payee_change("e")])
def test_other_events_are_refused_without_a_rebuild_when_the_windows_are_full(benches, event):
    bench = benches(windows=FEW_KEYS)
    fill(bench)
    assert isinstance(bench.tell(event).error, WindowsFull)
    assert bench.service.ready().ready
    assert bench.service.counts["rebuilds"] == 0
    assert replay(bench.log, bench.fresh)[1] == []


def assert_within_bounds(bench):
    counters = bench.service.decider.windows._m
    assert counters[mem.M_BUMP] <= counters[mem.M_LIMIT]
    assert counters[mem.M_SLOT_BUMP] <= counters[mem.M_SLOT_LIMIT]


@pytest.mark.parametrize(
    ("bound", "spread"),
    [
        (FEW_KEYS, 1),
        ({"memory_bytes": 400_000}, 1),
        ({"memory_bytes": 700_000}, 12),
        ({"max_entries": 2_048}, 1),
    ],
)
def test_the_engine_goes_on_by_itself_when_old_entries_leave(benches, bound, spread):
    bench = benches(windows=bound)
    refused = taken = since = 0
    dice = random.Random(1)
    for number in range(6_000):
        bench.clock.advance(dice.choice((0, 1, 1, 2)) if number < 4_000 else 300)
        event = payment(
            f"p{number}",
            bench.clock.at_us,
            card=f"card_{dice.randrange(60 * spread)}",
            device=f"device_{dice.randrange(50 * spread)}",
            merchant=f"merchant_{dice.randrange(3)}",
            customer=f"customer_{dice.randrange(40 * spread)}",
        )
        if number % 5 == 4:
            event = label(f"p{number}", f"p{number - dice.choice((1, 2, 10))}", bench.clock.at_us)
        error = bench.tell(event).error
        assert error is None or isinstance(error, WindowsFull)
        refused += error is not None
        since = 0 if error else since + 1
        assert_within_bounds(bench)
        taken += error is None
    assert refused > 100
    assert taken > 1_500
    assert since > 500  # Once it is quiet nothing is refused any more.
    assert bench.service.counts["rebuilds"] == 0
    assert bench.service.ready().ready
    # What was accepted was answered as with all the memory in the world.
    bench.windows = WINDOWS
    assert replay(bench.log, bench.fresh)[1] == []


def of_cards(windows, minutes):
    """Return a policy with so many windows of cards and nothing else, and the bounds."""
    features = "".join(f"  sum_{m}m: sum(amount) by card over {m}m\n" for m in minutes)
    policy = load_policy(f"policy: cards\nversion: 1\nfeatures:\n{features}rules: {{}}\n")
    return {"policy": policy, "windows": windows}


def tell_of_card(bench, event_id, card):
    outcome = bench.tell(payment(event_id, bench.clock.at_us, card=card))
    assert outcome.error is None or isinstance(outcome.error, WindowsFull)
    assert_within_bounds(bench)
    return outcome.error is None


def test_a_key_is_not_taken_for_gone_when_only_its_older_entries_leave(benches):
    bench = benches(**of_cards({"max_keys": 64}, [60]))
    for minutes in (0, 30):
        bench.clock.advance(60 * minutes)
        for number in range(30):
            assert tell_of_card(bench, f"p{minutes}_{number}", f"card_{number}")
    filled = 0
    while tell_of_card(bench, f"f{filled}", f"fill_{filled}"):
        filled += 1
    assert filled > 20
    bench.clock.advance(36 * 60)  # The first entries of the cards leave now, the second ones do not.
    assert not any(tell_of_card(bench, f"n{number}", f"new_{number}") for number in range(20))
    bench.clock.advance(30 * 60)  # And now all others.
    assert all(tell_of_card(bench, f"m{number}", f"new_{number}") for number in range(20))
    bench.windows = WINDOWS
    assert replay(bench.log, bench.fresh)[1] == []


def test_states_of_busy_keys_do_not_take_what_entries_need(benches):
    bench = benches(**of_cards({"memory_bytes": 200_000}, range(1, 60)))
    taken = 0
    for number in range(3_000):
        bench.clock.advance(1)
        taken += tell_of_card(bench, f"p{number}", f"card_{number % 250}")
    assert 1_000 < taken < 2_900
    bench.windows = WINDOWS
    assert replay(bench.log, bench.fresh)[1] == []


def test_windows_are_rebuilt_when_a_payment_entered_and_what_waited_for_it_could_not(bench, monkeypatch):
    bench.tell(payment("p0"))
    bench.tell(result("r1", "p1"))
    decider = bench.service.decider

    def full(*arguments, **options):
        message = "full"
        raise WindowsFull(message)

    monkeypatch.setattr(decider, "remember", full)
    assert isinstance(bench.tell(payment("p1")).error, WindowsFull)
    bench.settle()
    assert bench.service.decider is not decider
    assert bench.service.counts["rebuilds"] == 1
    assert bench.decide(payment("p1")).id == "p1"
    assert bench.features("p1")["card_count_1h"] == 2
    assert bench.tell(payment("p2")).error is None
    assert bench.features("p2")["card_declines_1h"] == 1
    bench.assert_true_to_log()


def test_windows_are_rebuilt_when_a_label_was_taken_out_and_its_correction_could_not_enter(
    bench, monkeypatch
):
    bench.tell(payment("p1"))
    bench.tell(label("l1", "p1"))
    decider = bench.service.decider

    def full(*arguments, **options):
        message = "no room for rows"
        raise StorageUnavailable(message)

    monkeypatch.setattr(decider, "remember", full)
    assert isinstance(bench.tell(label("l2", "p1", verdict="genuine")).error, StorageUnavailable)
    bench.settle()
    bench.tell(payment("p2"))
    assert bench.features("p2")["merchant_fraud_1h"] == 1
    bench.assert_true_to_log()


def test_windows_are_rebuilt_when_deciding_raises_what_nobody_expects(bench, monkeypatch):
    bench.tell(payment("p1"))
    monkeypatch.setattr(bench.service.decider, "rules", None)
    with pytest.raises(AttributeError):
        bench.tell(payment("p2"))
    bench.settle()
    bench.tell(payment("p2"))
    assert bench.features("p2")["card_count_1h"] == 2
    bench.assert_true_to_log()
