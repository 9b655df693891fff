"""The runner of long work: a child per job, watched over, let go when the worker stops, ended when given up."""

from __future__ import annotations

import subprocess

import pytest
from tests.support.lifecycle import ASHA, MEERA

from satark.app import jobs as running
from satark.app.jobs import JobRunner
from satark.core.clock import FixedClock, Micros
from satark.storage.desk import open_desk

SUBJECT = "a" * 64


class Child:
    """A child process that does what a test says at each look."""

    def __init__(self, *looks, stubborn=False):
        self.looks = list(looks)
        self.code = None
        self.signals = []
        self.stubborn = stubborn

    def poll(self):
        if self.code is None and self.looks:
            look = self.looks.pop(0)
            self.code = look() if callable(look) else look
        return self.code

    def terminate(self):
        self.signals.append("terminate")
        if not self.stubborn:
            self.code = -15

    def kill(self):
        self.signals.append("kill")
        self.code = -9

    def wait(self, timeout):
        if self.code is None:
            raise subprocess.TimeoutExpired("job", timeout)
        return self.code


class Ticks:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 3.0
        return self.now


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(running, "POLL_SECONDS", 0.001)


@pytest.fixture
def desk(tmp_path):
    clock = FixedClock(Micros(1_790_000_000_000_000))
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"k" * 32) as opened:
        yield opened


@pytest.fixture
def number(desk):
    return desk.jobs.ask("backtest", SUBJECT, {}, ASHA)


def runner(desk, child, ticks=None):
    return JobRunner(desk.jobs, lambda job: child, ticks=ticks or Ticks())


def test_nothing_is_begun_when_nothing_waits(desk):
    assert runner(desk, None).step() == 0


def test_job_keeps_its_result_when_the_child_said_it_was_done(desk, number):
    def finish():
        desk.jobs.finish(desk.jobs.get(number), b"{}")
        return 0

    child = Child(None, finish)
    assert runner(desk, child).step() == 1
    assert (desk.jobs.get(number).state, child.signals) == ("done", [])


def test_job_fails_when_the_child_ends_without_a_word(desk, number):
    runner(desk, Child(None, 137)).step()
    assert (desk.jobs.get(number).state, desk.jobs.get(number).reason) == ("failed", "crashed")


@pytest.mark.parametrize(("stubborn", "signals"), [(False, ["terminate"]), (True, ["terminate", "kill"])])
def test_child_is_ended_when_the_job_is_given_up(desk, number, stubborn, signals):
    def give_up():
        desk.jobs.cancel(number, MEERA)

    child = Child(None, give_up, stubborn=stubborn)
    runner(desk, child).step()
    assert child.signals == signals
    assert desk.jobs.get(number).state == "cancelled"


def test_job_waits_again_when_the_worker_is_stopped(desk, number):
    child = Child()
    made = runner(desk, child)
    made.halt()
    made.step()
    assert child.signals == ["terminate"]
    assert (desk.jobs.get(number).state, desk.jobs.get(number).tries) == ("waiting", 0)


def test_child_is_ended_when_it_takes_too_long(desk, number, monkeypatch):
    monkeypatch.setattr(running, "LONGEST_SECONDS", 10.0)
    child = Child()
    runner(desk, child).step()
    assert child.signals == ["terminate"]
    assert desk.jobs.get(number).reason == "too_long"
