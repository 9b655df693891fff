"""When the log cannot be written nothing is answered, nothing is lost, and the engine comes back by itself."""

from __future__ import annotations

import errno
import threading

import msgspec
import pytest
from tests.support.engine import NOW_US, BreakableLog, label, payment, result

from satark.core.errors import NotReady, StorageUnavailable

ERRORS = [errno.ENOSPC, errno.EIO]


class Broken(Exception):
    """What no part of the engine has ever heard of."""


class Log(BreakableLog):
    """A log in memory that fails on command, also in reading, and by exceptions of other trees."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: Exception | None = None
        self.unreadable: Exception | None = None
        self.reads = 0
        self.readable = threading.Event()
        self.readable.set()

    def append(self, entries) -> None:
        self.gate.wait(20)
        if self.strange is not None:
            raise self.strange
        super().append(entries)

    def last_seq(self):
        self.reads += 1
        assert self.readable.wait(20)
        if self.unreadable is not None:
            raise self.unreadable
        return self._log.last_seq()


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("satark.decisions.room._RETRY_SECONDS", 0.01)


@pytest.fixture
def bench(benches, row_stores):
    """Return an engine over a log that can fail."""
    return benches(Log(), rows=row_stores)


def wait_for(condition) -> None:
    """Wait until something is so."""
    for _ in range(4_000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError(condition)


def refused(answers) -> None:
    """All got the one error that stands for a 503, once."""
    for answer in answers:
        assert isinstance(answer.wait().error, StorageUnavailable)
        assert answer.wait().error.fields["retry_after_seconds"] == 1
        assert answer.times == 1


@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("before", [0, 1, 7])
def test_what_is_not_committed_is_refused_and_leaves_no_trace(bench, number, times, before):
    for index in range(before):
        bench.tell(payment(f"p{index}"))
    bench.service.snapshot()
    bench.log.break_with(number, times=times)
    for turn in range(times):
        bench.log.gate.clear()
        answers = [bench.send(payment(f"x{turn}_{index}", card="card_x")) for index in range(5)]
        bench.log.gate.set()
        refused(answers)
        bench.settle()
    assert bench.log.count() == before
    assert bench.service.counts["rebuilds"] == bench.service.counts["failed_commits"] == times
    bench.assert_true_to_log()
    assert bench.decide(payment("x0_0", card="card_x")).seq == before + 1
    assert bench.features("x0_0")["card_count_1h"] == 1
    bench.restart()
    bench.assert_true_to_log()


def test_all_that_waits_is_refused_when_the_batch_before_it_fails(bench):
    bench.log.break_with(errno.EIO, times=1)
    bench.log.gate.clear()
    first = bench.send(payment("p1"))
    wait_for(lambda: bench.service._committer.depth == 0)
    others = [bench.send(payment("p2")), bench.send(result("r1", "p1")), bench.send(label("l1", "p2"))]
    duplicate = bench.send(payment("p2"))
    assert bench.service._committer.depth == 3
    bench.log.gate.set()
    refused([first, *others, duplicate])
    bench.settle()
    assert bench.log.count() == 0
    assert bench.service.metrics()["pending"] == 0
    assert bench.service.counts["failed_commits"] == bench.service.counts["rebuilds"] == 1
    assert b'"parked":true' in bench.tell(result("r1", "p1")).body  # Nothing is known of p1 any more.
    bench.assert_true_to_log()


def test_the_engine_is_not_ready_while_windows_are_rebuilt(bench):
    bench.tell(payment("p1"))
    bench.log.unreadable = StorageUnavailable("gone", certain=True)
    bench.log.break_with(errno.EIO, times=1)
    refused([bench.send(payment("p2"))])
    wait_for(lambda: bench.log.reads > 3)
    ready = bench.service.ready()
    assert (ready.ready, ready.reasons) == (False, ("rebuilding after a failed commit",))
    outcome = bench.tell(payment("p3"))
    assert isinstance(outcome.error, NotReady)
    assert outcome.error.fields["retry_after_seconds"] == 1
    bench.log.unreadable = None
    bench.settle()
    assert bench.decide(payment("p2")).seq == 2
    bench.assert_true_to_log()


@pytest.mark.parametrize("strange", [Broken(), MemoryError(), RuntimeError("x")])
def test_the_engine_comes_back_when_the_failure_is_of_an_unknown_kind(bench, strange):
    bench.tell(payment("p1"))
    bench.log.unreadable = bench.log.strange = strange
    refused([bench.send(payment("p2"))])
    wait_for(lambda: bench.log.reads > 3)
    assert not bench.service.ready().ready
    bench.log.unreadable = bench.log.strange = None
    bench.settle()
    assert bench.decide(payment("p2")).seq == 2
    bench.assert_true_to_log()


def test_nothing_is_decided_twice_when_a_commit_failed_after_it_was_made(bench):
    bench.tell(payment("p1"))
    bench.log.break_with(errno.EIO, times=1, committed=True)
    bench.log.gate.clear()
    answers = [bench.send(payment(f"q{index}")) for index in range(3)]
    bench.log.gate.set()
    refused(answers)
    bench.settle()
    assert bench.log.count() == 4
    outcome = bench.tell(payment("q1"))
    assert (outcome.repeated, outcome.body) == (True, bench.log.find(1, "q1").decision)
    assert bench.log.count() == 4
    assert bench.decide(payment("q3")).seq == 5
    assert bench.features("q3")["card_count_1h"] == 5
    bench.assert_true_to_log()


def test_a_snapshot_during_a_failure_keeps_nothing_that_was_not_committed(bench, monkeypatch):
    bench.tell(payment("p1"))
    bench.log.gate.clear()
    bench.log.break_with(errno.ENOSPC, times=1)
    answer = bench.send(payment("p2", NOW_US + 30_000_000))
    snapshot = threading.Thread(target=bench.service.snapshot)
    snapshot.start()
    wait_for(bench.service._snapshots.locked)
    bench.log.gate.set()
    refused([answer])
    snapshot.join(20)
    assert not snapshot.is_alive()
    bench.settle()
    assert bench.service.counts["snapshots"] == 0
    bench.restart()
    assert bench.service.decider.windows.max_time_us == NOW_US
    bench.assert_true_to_log()


def test_a_rebuild_waits_for_a_snapshot_under_way(bench, monkeypatch):
    for index in range(50):
        bench.tell(payment(f"p{index}"))
    rows = bench.service.decider.rows
    inside, go_on = threading.Event(), threading.Event()
    real = rows.snapshot

    def slow(*arguments):
        inside.set()
        assert go_on.wait(20)
        real(*arguments)

    monkeypatch.setattr(rows, "snapshot", slow)
    monkeypatch.setattr(bench, "rows", lambda: rows)  # One store for all deciders, as the program has it.
    snapshot = threading.Thread(target=bench.service.snapshot)
    snapshot.start()
    assert inside.wait(20)
    bench.log.break_with(errno.EIO, times=1)
    refused([bench.send(payment("x"))])
    threading.Event().wait(0.05)
    assert not bench.service.ready().ready
    go_on.set()
    snapshot.join(20)
    bench.settle()
    bench.tell(payment("x"))
    bench.assert_true_to_log()
    bench.service._trusted.clear()  # As after a crash: no last snapshot.
    bench.restart()
    bench.assert_true_to_log()


def test_the_engine_stops_when_the_disk_does_not_come_back(bench):
    bench.tell(payment("p1"))
    bench.log.break_with(errno.ENOSPC)
    bench.log.unreadable = StorageUnavailable("gone", certain=True)
    refused([bench.send(payment("p2"))])
    wait_for(lambda: bench.log.reads > 3)
    stopped = []
    stopping = threading.Thread(target=lambda: stopped.append(bench.service.stop(20)), daemon=True)
    stopping.start()
    stopping.join(20)
    assert stopped == [True]
    assert not bench.service.ready().ready
    bench.log.unreadable = None
    bench.log.mend()
    bench.service = bench.make()
    bench.start()
    assert bench.service.committed_seq == 1
    bench.assert_true_to_log()


def test_nothing_is_accepted_any_more_when_a_rebuild_ends_after_the_stop_began(bench, monkeypatch):
    bench.tell(payment("p1"))
    reads = bench.log.reads
    bench.log.readable.clear()
    bench.log.break_with(errno.EIO, times=1)
    refused([bench.send(payment("p2"))])
    wait_for(lambda: bench.log.reads > reads)
    seen = []

    def look() -> None:
        seen.append((bench.service.ready().ready, type(bench.tell(payment("p3")).error)))

    monkeypatch.setattr(bench.service, "snapshot", look)  # The stop's last step.
    stopping = threading.Thread(target=bench.service.stop, args=(20,), daemon=True)
    stopping.start()
    wait_for(bench.service._stopped.is_set)
    bench.log.readable.set()
    stopping.join(20)
    assert seen == [(False, NotReady)]
    assert bench.service.counts["rebuilds"] == 1


def test_what_was_accepted_is_refused_when_the_commit_fails_at_the_stop(bench):
    bench.tell(payment("p1"))
    bench.log.gate.clear()
    bench.log.break_with(errno.ENOSPC)
    answers = [bench.send(payment("p2")), bench.send(payment("p3"))]
    stopped = []
    stopping = threading.Thread(target=lambda: stopped.append(bench.service.stop(20)), daemon=True)
    stopping.start()
    wait_for(lambda: not bench.service.ready().ready)
    bench.log.gate.set()
    refused(answers)
    stopping.join(20)
    assert stopped == [True]
    bench.log.mend()
    bench.service = bench.make()
    bench.start()
    bench.assert_true_to_log()


def test_the_others_get_their_answers_when_one_cannot_take_its_own(bench):
    def gone(outcome) -> None:
        message = "the loop is closed"
        raise RuntimeError(message)

    bench.log.gate.clear()
    bench.service.submit(msgspec.json.encode(payment("p1")), 1, gone)
    second = bench.send(payment("p2"))
    bench.log.gate.set()
    assert second.wait().error is None
    assert bench.decide(payment("p3")).seq == 3
    bench.log.break_with(errno.EIO, times=1)
    bench.service.submit(msgspec.json.encode(payment("p4")), 1, gone)
    wait_for(lambda: bench.service.counts["rebuilds"] == 1)
    bench.settle()
    assert bench.decide(payment("p4")).seq == 4
    assert bench.service.metrics()["unheard_answers_total"] == 2
