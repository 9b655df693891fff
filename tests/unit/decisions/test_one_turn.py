"""Events that come in one turn of the loop: each gets its own answer, in the order in which they came."""

from __future__ import annotations

from itertools import count, cycle

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engine import Answer, Bench, label, payment, result

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


def failing(wrapped, on):
    """Return a method that fails on its call of this number, from 1."""
    calls = count(1)

    def method(*arguments, **options):
        if next(calls) == on:
            message = "nobody expects this"
            raise ArithmeticError(message)
        return wrapped(*arguments, **options)

    return method


def test_those_before_a_failure_are_decided_and_none_behind_it(bench, monkeypatch):
    monkeypatch.setattr(bench.service.decider, "decide", failing(bench.service.decider.decide, 3))
    answers = hand_in(bench, *[payment(f"m{number}") for number in range(1, 6)])
    assert [answer.status for answer in answers] == [200, 200, 0, 0, 0]
    assert isinstance(answers[2].error, ArithmeticError)
    assert all(answer.error is not None for answer in answers[3:])
    bench.settle()
    assert bench.service.counts["accepted"] == 2
    assert [bench.features(name)["card_count_1h"] for name in ("m1", "m2")] == [1, 2]
    again = hand_in(bench, payment("m3"), payment("m4"))
    assert [answer.status for answer in again] == [200, 200]
    assert bench.features("m4")["card_count_1h"] == 4
    bench.assert_true_to_log()


EVENTS = st.lists(
    st.one_of(
        st.builds(payment, st.sampled_from("abcdef"), card=st.sampled_from(["card_1", "card_2"])),
        st.builds(lambda name, of: result(f"r{name}", of), st.sampled_from("12"), st.sampled_from("abc")),
        st.builds(lambda name, of: label(f"l{name}", of), st.sampled_from("12"), st.sampled_from("abc")),
    ),
    max_size=40,
)


@given(EVENTS, st.lists(st.integers(1, 20), min_size=1))
def test_events_of_one_turn_are_decided_as_one_after_the_other(events, sizes):
    alone, together = Bench().start(), Bench().start()
    try:
        expected = [alone.tell(event) for event in events]
        found = []
        size = cycle(sizes)
        while len(found) < len(events):
            found += hand_in(together, *events[len(found) : len(found) + next(size)])
        assert [(one.status, type(one.error)) for one in found] == [
            (one.status, type(one.error)) for one in expected
        ]
        kept = [
            [msgspec.structs.replace(entry, decision=None) for entry in bench.log.entries]
            for bench in (alone, together)
        ]
        assert _told(together) == _told(alone)
        assert kept[1] == kept[0]
        together.assert_true_to_log()
    finally:
        alone.stop()
        together.stop()


def _kept(bench):
    """Return the lines of a log without their decisions."""
    return [msgspec.structs.replace(entry, decision=None) for entry in bench.log.entries]


def _told(bench):
    """Return all decisions of a log without the times that they took."""
    decisions = [msgspec.json.decode(entry.decision) for entry in bench.log.entries if entry.decision]
    return [{**decision, "latency_us": None} for decision in decisions]


def test_a_kind_that_is_not_welcome_is_refused(bench):
    taken, refused = hand_in(bench, payment("k1"), label("k2", "k1"), only="payment")
    assert taken.status == 200
    assert isinstance(refused.error, InvalidEvent)
