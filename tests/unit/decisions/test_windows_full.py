"""The bound on memory is an answer, not an end."""

from __future__ import annotations

import pytest
from tests.support.engine import label, payee_change, payment, replay, result

from satark.core.errors import StorageUnavailable, WindowsFull

FEW_KEYS = {"max_keys": 128}


def fill(bench):
    """Let payments of ever new cards come until one is refused; return its number."""
    for number in range(1_000):
        outcome = bench.tell(payment(f"p{number}", card=f"card_{number}", device=f"device_{number}"))
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


def test_windows_are_rebuilt_when_a_payment_entered_and_what_waited_for_it_could_not(bench, monkeypatch):
    bench.tell(payment("p0"))
    bench.tell(result("r1", "p1"))
    decider = bench.service.decider

    def full(*arguments, **options):
        message = "full"
        raise WindowsFull(message)

    monkeypatch.setattr(decider, "remember", full)
    assert isinstance(bench.tell(payment("p1")).error, WindowsFull)
    settle(bench)
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
    settle(bench)
    bench.tell(payment("p2"))
    assert bench.features("p2")["merchant_fraud_1h"] == 1
    bench.assert_true_to_log()


def test_windows_are_rebuilt_when_deciding_raises_what_nobody_expects(bench, monkeypatch):
    bench.tell(payment("p1"))
    monkeypatch.setattr(bench.service.decider, "rules", None)
    with pytest.raises(AttributeError):
        bench.tell(payment("p2"))
    settle(bench)
    bench.tell(payment("p2"))
    assert bench.features("p2")["card_count_1h"] == 2
    bench.assert_true_to_log()


def settle(bench):
    """Wait until the engine is ready again."""
    for _ in range(2_000):
        if bench.service.ready().ready:
            return
        bench.service._stopped.wait(0.005)
    raise AssertionError(bench.service.ready())
