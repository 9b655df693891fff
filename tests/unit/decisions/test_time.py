"""Events from the future, late events, ties: what enters the windows and what does not."""

from __future__ import annotations

import pytest
from tests.support.engine import MINUTE_US, NOW_US, SECOND_US, label, payee_change, payment, result

from satark.core.errors import FutureEvent
from satark.decisions.ports import FLAG_LATE


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (payment("x", NOW_US + MINUTE_US + 1), "occurred_at"),
        (result("x", "p0", NOW_US + MINUTE_US + 1), "occurred_at"),
        (label("x", "p0", NOW_US + MINUTE_US + 1), "reported_at"),
        (payee_change("x", NOW_US + MINUTE_US + 1), "occurred_at"),
    ],
)
def test_an_event_is_refused_when_it_is_more_than_a_minute_ahead(bench, event, field):
    bench.tell(payment("p0"))
    outcome = bench.tell(event)
    assert isinstance(outcome.error, FutureEvent)
    assert outcome.error.fields["field"] == field
    assert bench.log.count() == 1
    assert bench.service.decider.windows.max_time_us == NOW_US


def test_an_event_is_taken_when_it_is_a_minute_ahead_to_the_microsecond(bench):
    assert bench.tell(payment("p1", NOW_US + MINUTE_US)).error is None


def test_a_late_event_enters_at_its_own_time_when_it_is_five_minutes_late(bench):
    bench.tell(payment("p1"))
    late = bench.decide(payment("p2", NOW_US - 5 * MINUTE_US))
    assert not late.late
    assert (
        bench.features("p2")["card_count_1h"] == 1
    )  # What came before it by the clock came after it in time.
    bench.tell(payment("p3"))
    assert bench.features("p3")["card_count_1h"] == 3
    assert bench.features("p3")["card_count_1m"] == 2
    bench.assert_true_to_log()


def test_an_event_is_decided_marked_and_kept_out_when_it_is_later_than_that(bench):
    bench.tell(payment("p1"))
    decision = bench.decide(payment("p2", NOW_US - 5 * MINUTE_US - 1, amount_minor=6_000_000))
    assert (decision.late, decision.action) == (True, "challenge")
    assert bench.log.find(1, "p2").flags & FLAG_LATE
    bench.tell(payment("p3"))
    assert bench.features("p3")["card_count_1h"] == 2
    assert bench.service.counts["late"] == 1
    bench.assert_true_to_log()


def test_late_results_and_changes_are_stored_and_kept_out(bench):
    bench.tell(payment("p1"))
    for event in (
        result("r1", "p1", NOW_US - 6 * MINUTE_US),
        label("l1", "p1", NOW_US - 6 * MINUTE_US),
        payee_change("c1", NOW_US - 6 * MINUTE_US),
    ):
        assert b'"late":true' in bench.tell(event).body
    bench.tell(payment("p2"))
    features = bench.features("p2")
    assert (features["card_declines_1h"], features["merchant_fraud_1h"], features["customer_added_1h"]) == (
        0,
        0,
        0,
    )
    bench.assert_true_to_log()


def test_lateness_counts_from_events_that_no_window_holds(bench):
    bench.tell(payment("p1"))
    bench.tell(payee_change("c1", NOW_US + MINUTE_US, customer="somebody_else"))
    assert bench.decide(payment("p2", NOW_US - 4 * MINUTE_US - 1)).late
    bench.assert_true_to_log()


def test_ties_count_in_order_of_arrival(bench):
    for number in range(1, 5):
        bench.tell(payment(f"p{number}"))
        assert bench.features(f"p{number}")["card_count_1m"] == number
    assert bench.decide(payment("p5")).action == "hold"
    bench.assert_true_to_log()


def test_a_window_is_open_at_its_far_end(bench):
    bench.tell(payment("p1", NOW_US - MINUTE_US))
    bench.tell(payment("p2", NOW_US - 1))
    assert bench.features("p2")["card_count_1m"] == 2
    bench.tell(payment("p3", NOW_US))
    assert bench.features("p3")["card_count_1m"] == 2


def test_the_log_is_in_the_order_in_which_the_windows_moved(bench):
    bench.log.gate.clear()
    order = [0, 30, 12, 12, 50, 7]
    answers = [bench.send(payment(f"p{n}", NOW_US - second * SECOND_US)) for n, second in enumerate(order)]
    bench.log.gate.set()
    for answer in answers:
        answer.wait()
    assert [entry.event_id for entry in bench.log.entries] == [f"p{n}" for n in range(len(order))]
    assert [entry.seq for entry in bench.log.entries] == list(range(1, len(order) + 1))
    bench.assert_true_to_log()
