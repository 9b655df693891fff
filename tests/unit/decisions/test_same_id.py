"""The same id again: the stored answer, a conflict, or a wait for the first."""

from __future__ import annotations

import msgspec
import pytest
from tests.support.engine import MINUTE_US, NOW_US, label, payee_change, payment, result

from satark.core.errors import IdConflict


def test_the_stored_answer_comes_back_when_id_and_body_are_the_same(bench):
    first = bench.tell(payment("p1"))
    again = bench.tell(payment("p1"))
    assert (again.status, again.body, again.repeated) == (200, first.body, True)
    assert bench.log.count() == 1
    assert bench.decide(payment("p2")).id == "p2"
    assert bench.features("p2")["card_count_1h"] == 2


def test_the_receipt_comes_back_when_an_event_without_decision_is_sent_again(bench):
    bench.tell(payment("p1"))
    for event in (result("r1", "p1"), label("l1", "p1"), payee_change("c1")):
        first = bench.tell(event)
        again = bench.tell(event)
        assert (first.repeated, again.repeated) == (False, True)
        assert again.body == first.body
    assert bench.log.count() == 4


def test_a_repeated_body_is_known_when_it_is_written_in_another_way(bench):
    first = bench.tell(payment("p1"))
    other_way = {**dict(reversed(payment("p1").items())), "lines": []}
    assert bench.tell(msgspec.json.format(msgspec.json.encode(other_way), indent=2)).body == first.body


@pytest.mark.parametrize("other", [payment("p1", amount_minor=1), result("p1", "p0"), payee_change("p1")])
def test_another_body_is_a_conflict_when_the_id_is_used(bench, other):
    bench.tell(payment("p1"))
    outcome = bench.tell(other)
    assert isinstance(outcome.error, IdConflict)
    assert bench.log.count() == 1
    bench.assert_true_to_log()


def test_ids_of_another_owner_are_other_ids(bench):
    bench.tell(payment("p1"), owner=1)
    outcome = bench.tell(payment("p1", amount_minor=1), owner=2)
    assert (outcome.error, outcome.repeated) == (None, False)
    assert bench.service.find(3, "p1") is None
    assert bench.service.find(2, "p1") == outcome.body


def test_a_duplicate_waits_for_the_first_when_that_is_not_committed(bench):
    bench.log.gate.clear()
    first = bench.send(payment("p1"))
    assert bench.log.arrived.wait(20)
    duplicate = bench.send(payment("p1"))
    conflict = bench.send(payment("p1", amount_minor=1))
    assert isinstance(conflict.wait().error, IdConflict)
    assert (first.times, duplicate.times) == (0, 0)
    bench.log.gate.set()
    assert first.wait().body == duplicate.wait().body
    assert (first.times, duplicate.times, bench.log.count()) == (1, 1, 1)
    assert bench.service.counts["repeated"] == 1


def test_the_stored_answer_comes_back_when_the_event_has_become_late_or_future(bench):
    first = bench.tell(payment("p1"))
    bench.tell(payment("p2", NOW_US + MINUTE_US))
    bench.clock.advance(-3600)
    assert bench.tell(payment("p1")).body == first.body
    assert bench.tell(payment("p2", NOW_US + MINUTE_US)).error is None


def test_ids_are_known_when_the_engine_was_restarted(bench):
    first = bench.tell(payment("p1"))
    bench.restart()
    assert bench.tell(payment("p1")).body == first.body
    assert isinstance(bench.tell(payment("p1", amount_minor=1)).error, IdConflict)
