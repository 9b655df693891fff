"""Results and labels find their payment, wait for it, and correct each other."""

from __future__ import annotations

import pytest
from tests.support.engine import MINUTE_US, NOW_US, SECOND_US, label, payee_change, payment, result

from satark.decisions import recovery
from satark.decisions.ports import FLAG_LABELLED, FLAG_PARKED


def ask(bench, event_id, at_us=NOW_US, **changes):
    """Decide a payment and return its features."""
    outcome = bench.tell(payment(event_id, at_us, **changes))
    assert outcome.error is None
    return bench.features(event_id)


def frauds(bench, event_id, at_us=NOW_US, merchant="merchant_1"):
    features = ask(bench, event_id, at_us, merchant=merchant)
    return features["merchant_fraud_1h"], features["merchant_genuine_1h"]


def test_a_result_counts_by_the_entities_of_its_payment(bench):
    bench.tell(payment("p1", card="card_9", merchant="merchant_9"))
    bench.tell(result("r1", "p1"))
    bench.tell(result("r2", "p1", outcome="authorised"))
    assert ask(bench, "p2", card="card_9")["card_declines_1h"] == 1
    assert ask(bench, "p3", merchant="merchant_9")["merchant_decline_share"] == 0.5
    assert ask(bench, "p4")["card_declines_1h"] == 0
    bench.assert_true_to_log()


def test_a_result_finds_its_payment_when_that_is_long_out_of_memory(bench, monkeypatch):
    monkeypatch.setattr(recovery, "RECENT_PAYMENTS", 3)
    bench.tell(payment("old", NOW_US - 60 * MINUTE_US, card="card_9"))
    for number in range(10):
        bench.tell(payment(f"p{number}"))
    bench.tell(result("r1", "old"))
    assert ask(bench, "q", card="card_9")["card_declines_1h"] == 1
    bench.assert_true_to_log()


def test_a_payment_of_another_owner_is_unknown(bench):
    bench.tell(payment("p1"), owner=1)
    assert b'"parked":true' in bench.tell(result("r1", "p1"), owner=2).body
    assert ask(bench, "p2")["card_declines_1h"] == 0


def test_results_and_labels_wait_when_their_payment_is_unknown(bench):
    for event in (result("r1", "p1", NOW_US - SECOND_US), label("l1", "p1", NOW_US - SECOND_US)):
        outcome = bench.tell(event)
        assert b'"parked":true' in outcome.body
        assert bench.log.find(1, event["id"]).flags == FLAG_PARKED
    assert bench.service.metrics()["parked"] == 2
    assert bench.service.counts["parked"] == 2
    first = ask(bench, "p1")
    assert (first["card_declines_1h"], first["merchant_fraud_1h"]) == (
        0,
        0,
    )  # They enter behind their payment.
    after = ask(bench, "p2")
    assert (after["card_declines_1h"], after["merchant_fraud_1h"]) == (1, 1)
    assert bench.service.metrics()["parked"] == 0
    assert bench.log.find(1, "p1").flags == FLAG_LABELLED
    bench.assert_true_to_log()


def test_what_waited_enters_at_its_own_time(bench):
    bench.tell(result("r1", "p1", NOW_US - 4 * MINUTE_US))
    bench.tell(payment("p1"))
    assert ask(bench, "p2", NOW_US)["card_declines_1h"] == 1
    bench.clock.advance(3600)
    assert ask(bench, "p3", NOW_US + 56 * MINUTE_US - 1)["card_declines_1h"] == 1
    assert ask(bench, "p4", NOW_US + 56 * MINUTE_US)["card_declines_1h"] == 0
    bench.assert_true_to_log()


def test_what_waited_too_long_stays_out(bench):
    bench.tell(result("r1", "p1", NOW_US - 6 * MINUTE_US))
    bench.tell(label("l1", "p1", NOW_US - 6 * MINUTE_US))
    bench.tell(payment("p1"))
    features = ask(bench, "p2")
    assert (features["card_declines_1h"], features["merchant_fraud_1h"]) == (0, 0)
    assert bench.log.find(1, "p1").flags == 0
    bench.assert_true_to_log()


def test_what_can_never_enter_any_more_makes_room_for_others(bench, monkeypatch):
    monkeypatch.setattr(recovery, "MAX_PARKED", 2)
    bench.tell(result("r1", "p1"))
    bench.tell(result("r2", "p2"))
    bench.tell(result("r3", "p3"))  # One too many.
    assert bench.service.metrics()["parked"] == 2
    bench.clock.advance(360)
    bench.tell(payee_change("c1", NOW_US + 6 * MINUTE_US))
    bench.tell(result("r4", "p4", NOW_US + 6 * MINUTE_US))
    assert bench.service.metrics()["parked"] == 1
    bench.tell(payment("p4", NOW_US + 6 * MINUTE_US))
    bench.tell(payment("p3", NOW_US + 6 * MINUTE_US))
    assert ask(bench, "q", NOW_US + 6 * MINUTE_US)["card_declines_1h"] == 1
    bench.assert_true_to_log()


def test_a_label_counts_from_its_report(bench):
    bench.tell(payment("p1", NOW_US - 60 * MINUTE_US))
    assert frauds(bench, "p2", NOW_US - SECOND_US) == (0, 0)
    bench.tell(label("l1", "p1"))
    assert frauds(bench, "p3", NOW_US - SECOND_US) == (0, 0)
    assert frauds(bench, "p4") == (1, 0)


def test_a_corrected_label_replaces_the_earlier_one(bench):
    bench.tell(payment("p1"))
    bench.tell(label("l1", "p1"))
    assert frauds(bench, "p2") == (1, 0)
    bench.tell(label("l2", "p1", NOW_US + SECOND_US, "genuine"))
    assert frauds(bench, "p3") == (0, 0)
    assert frauds(bench, "p4", NOW_US + SECOND_US) == (0, 1)
    bench.tell(label("l3", "p1", NOW_US + SECOND_US, "fraud"))
    assert frauds(bench, "p5", NOW_US + SECOND_US) == (1, 0)
    assert bench.features("p2")["merchant_fraud_1h"] == 1  # What was answered stays answered.
    bench.assert_true_to_log()


def test_a_corrected_label_replaces_the_earlier_one_when_that_is_not_committed(bench):
    bench.tell(payment("p1"))
    bench.log.gate.clear()
    answers = [bench.send(label("l1", "p1")), bench.send(label("l2", "p1")), bench.send(payment("p2"))]
    bench.log.gate.set()
    for answer in answers:
        answer.wait()
    assert bench.features("p2")["merchant_fraud_1h"] == 1
    bench.assert_true_to_log()


def test_a_correction_replaces_what_is_in_the_windows_when_a_late_one_came_between(bench):
    bench.tell(payment("p1"))
    bench.tell(label("l1", "p1"))
    bench.tell(label("l2", "p1", NOW_US - 6 * MINUTE_US, "genuine"))
    assert frauds(bench, "p2") == (1, 0)
    bench.tell(label("l3", "p1", NOW_US, "genuine"))
    assert frauds(bench, "p3") == (0, 1)
    bench.assert_true_to_log()


def test_the_last_label_counts_when_several_waited_for_the_payment(bench):
    bench.tell(label("l1", "p1", NOW_US - 2 * SECOND_US))
    bench.tell(label("l2", "p1", NOW_US - SECOND_US, "genuine"))
    bench.tell(payment("p1"))
    assert frauds(bench, "p2") == (0, 1)
    bench.tell(label("l3", "p1"))
    assert frauds(bench, "p3") == (1, 0)
    bench.assert_true_to_log()


@pytest.mark.parametrize("committed", [True, False])
def test_a_correction_takes_nothing_of_others_when_the_earlier_label_had_waited_too_long(bench, committed):
    at_us = NOW_US - 4 * MINUTE_US
    bench.tell(payment("other"))
    bench.tell(label("l0", "other", at_us))  # To the windows it looks like l1 would.
    bench.tell(label("l1", "p1", at_us))
    bench.clock.advance(60)
    bench.tell(payee_change("c1", NOW_US + 2 * MINUTE_US))
    if not committed:
        bench.log.gate.clear()
    answers = [bench.send(payment("p1", NOW_US + 2 * MINUTE_US))]
    answers.append(bench.send(label("l2", "p1", NOW_US + 2 * MINUTE_US)))
    bench.log.gate.set()
    for answer in answers:
        assert answer.wait().error is None
    assert frauds(bench, "q", NOW_US + 2 * MINUTE_US) == (2, 0)
    bench.assert_true_to_log()


def test_a_correction_takes_out_what_waited_when_its_payment_is_not_committed(bench):
    bench.tell(label("l1", "p1"))
    bench.log.gate.clear()
    answers = [bench.send(payment("p1")), bench.send(label("l2", "p1")), bench.send(payment("p2"))]
    bench.log.gate.set()
    for answer in answers:
        assert answer.wait().error is None
    assert bench.features("p2")["merchant_fraud_1h"] == 1
    bench.assert_true_to_log()


def test_a_label_of_a_late_payment_counts_by_its_entities(bench):
    bench.tell(payment("p0"))
    bench.tell(payment("p1", NOW_US - 20 * MINUTE_US))
    bench.tell(label("l1", "p1"))
    assert frauds(bench, "p2") == (1, 0)
    bench.assert_true_to_log()


def test_a_payee_change_counts_by_its_customer(bench):
    bench.tell(payee_change("c1"))
    bench.tell(payee_change("c2", customer="customer_2"))
    assert ask(bench, "p1")["customer_added_1h"] == 1
    assert ask(bench, "p2", customer="customer_3")["customer_added_1h"] == 0
    assert b'"type":"payee_change"' in bench.tell(payee_change("c3")).body
    bench.assert_true_to_log()
