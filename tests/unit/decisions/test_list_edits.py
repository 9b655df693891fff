"""An edit of a list counts from its place in the log on: live, after a restart, and when a decision is made again."""

from __future__ import annotations

import errno

import pytest
from tests.support.engine import NOW_US, POLICY, SECOND_US, Answer, BreakableLog, payment

from satark.core.errors import IdConflict, InputInvalid, NotReady, StorageUnavailable
from satark.decisions.again import decide_again, policy_input, policy_ref
from satark.decisions.list_edits import ListEdit, decode_list_edit


def edit(bench, event_id, value, *, name="stolen", **changes):
    answer = Answer()
    bench.service.edit_list(ListEdit(name, value, **changes), event_id, answer.take)
    return answer.wait()


@pytest.fixture
def bench(benches, row_stores):
    return benches(rows=row_stores)


def test_edit_counts_from_its_own_place_on(bench):
    assert bench.decide(payment("p1", card="tok_9")).action == "allow"
    assert edit(bench, "e1", "tok_9").error is None
    assert bench.decide(payment("p2", card="tok_9")).action == "block"
    assert edit(bench, "e2", "tok_9", remove=True).error is None
    assert bench.decide(payment("p3", card="tok_9")).action == "allow"


def test_edit_ends_at_its_expiry(bench):
    edit(bench, "e1", "tok_9", expires_us=NOW_US - 10 * SECOND_US)
    assert bench.decide(payment("p1", NOW_US - 11 * SECOND_US, card="tok_9")).action == "block"
    assert bench.decide(payment("p2", NOW_US - 9 * SECOND_US, card="tok_9")).action == "allow"


@pytest.mark.parametrize("end", ["restart", "crash"])
def test_edits_are_there_after_a_restart(bench, end):
    edit(bench, "e1", "tok_9")
    edit(bench, "e2", "tok_stolen", remove=True)
    getattr(bench, end)()
    assert bench.decide(payment("p1", card="tok_9")).action == "block"
    assert bench.decide(payment("p2", card="tok_stolen")).action == "allow"
    bench.assert_true_to_log()


def test_same_edit_again_is_answered_from_the_log_and_another_one_is_refused(bench):
    first = edit(bench, "e1", "tok_9")
    again = edit(bench, "e1", "tok_9")
    assert again.repeated
    assert again.body == first.body
    assert isinstance(edit(bench, "e1", "tok_8").error, IdConflict)
    assert bench.log.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("stolem", "x"), ("stolen", 7), ("stolen", ""), ("stolen", "x" * 600), ("stolen", "a\nb")],
)
def test_edit_is_refused_when_the_list_cannot_take_it(bench, name, value):
    assert isinstance(edit(bench, "e1", value, name=name).error, InputInvalid)
    assert bench.log.count() == 0


def test_edit_is_undone_when_it_could_not_be_written(benches, row_stores, monkeypatch):
    monkeypatch.setattr("satark.decisions.room._RETRY_SECONDS", 0.01)
    log = BreakableLog()
    bench = benches(log, rows=row_stores)
    log.break_with(errno.ENOSPC, times=1)
    assert isinstance(edit(bench, "e1", "tok_9").error, StorageUnavailable)
    bench.settle()
    assert bench.decide(payment("p1", card="tok_9")).action == "allow"


def test_edit_is_refused_when_the_engine_has_stopped(bench):
    bench.stop()
    assert isinstance(edit(bench, "e1", "tok_9").error, NotReady)


def test_decision_made_again_sees_the_edits_before_it_and_none_after(bench):
    policy = bench.policy
    bench.stop()
    bench.options["inputs"] = [("policy", policy_ref(policy.content_hash), policy_input(policy, POLICY))]
    bench.service = bench.make()
    bench.start()
    bench.decide(payment("p1", card="tok_9"))
    edit(bench, "e1", "tok_9")
    bench.decide(payment("p2", card="tok_9"))
    edit(bench, "e2", "tok_9", remove=True)
    for event_id in ("p1", "p2"):
        assert decide_again(bench.log, bench.log.find(1, event_id)).differences == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"list":1,"value":"x"}', b'{"list":"a","value":"b","more":1}', b"\xff"]
)
def test_edit_is_refused_when_it_cannot_be_read(body):
    with pytest.raises(InputInvalid):
        decode_list_edit(body)
