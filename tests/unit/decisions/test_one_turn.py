"""Events that come in one turn of the loop: each gets its own answer, in the order in which they came."""

from __future__ import annotations

import msgspec
from tests.support.engine import Answer, label, payment

from satark.core.errors import IdConflict, InvalidEvent


def hand_in(bench, *events, only=None):
    answers = [Answer() for _ in events]
    raw = [event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events]
    bench.service.submit_many([(one, 1, answer.take, only) for one, answer in zip(raw, answers, strict=True)])
    return [answer.wait() for answer in answers]


def test_each_is_answered_as_if_it_had_come_alone(bench):
    first, broken, third, again, other, told = hand_in(
        bench,
        payment("m1"),
        b"{",
        payment("m3"),
        payment("m1"),
        {**payment("m3"), "amount_minor": 7},
        label("l1", "m1"),
    )
    assert [first.status, third.status, again.status, told.status] == [200, 200, 200, 200]
    assert isinstance(broken.error, InvalidEvent)
    assert again.body == first.body
    assert isinstance(other.error, IdConflict)
    assert bench.features("m3")["card_count_1h"] == 2
    bench.assert_true_to_log()


def test_places_in_the_log_follow_the_order_of_arrival(bench):
    names = [f"n{number}" for number in range(40)]
    answers = hand_in(bench, *map(payment, names))
    assert [msgspec.json.decode(one.body)["seq"] for one in answers] == sorted(
        msgspec.json.decode(one.body)["seq"] for one in answers
    )
    assert [bench.features(name)["card_count_1h"] for name in names] == list(range(1, 41))


def test_what_nobody_expects_is_told_to_one_caller_and_the_windows_are_rebuilt(bench, monkeypatch):
    assert bench.tell(payment("p1")).status == 200
    monkeypatch.setattr(bench.service.decider, "rules", None)
    fourth, fifth = hand_in(bench, payment("m4"), payment("m5"))
    assert isinstance(fourth.error, AttributeError)
    assert fifth.error is not None
    bench.settle()
    (sixth,) = hand_in(bench, payment("m6"))
    assert sixth.status == 200
    assert bench.features("m6")["card_count_1h"] == 2
    assert bench.log.find(1, "m4") is None
    bench.assert_true_to_log()


def test_a_kind_that_is_not_welcome_is_refused(bench):
    taken, refused = hand_in(bench, payment("k1"), label("k2", "k1"), only="payment")
    assert taken.status == 200
    assert isinstance(refused.error, InvalidEvent)
