from __future__ import annotations

import pytest
from tests.support.lifecycle import ANU, ASHA, MEERA, RAVI

from satark.core.clock import FixedClock, Micros
from satark.core.errors import Forbidden, InputInvalid, NotFound
from satark.storage.desk.jobs import LEASE_SECONDS, MAX_OPEN, MAX_TRIES

SUBJECT = "a" * 64


@pytest.fixture
def clock():
    return FixedClock(Micros(1_790_000_000_000_000))


@pytest.fixture
def jobs(backend, clock):
    return backend.open_desk(clock=clock).jobs


def test_job_is_run_once_and_keeps_its_result_when_it_is_done(backend, jobs):
    number = jobs.ask("backtest", SUBJECT, {"from_us": 1}, ASHA)
    job = jobs.claim()
    assert (job.id, job.body, job.state) == (number, {"from_us": 1}, "running")
    assert jobs.claim() is None
    assert jobs.progress(job, "deciding", 5, 10)
    assert jobs.get(number).percent == 50
    assert jobs.finish(job, b'{"payments": 3}')
    found = jobs.get(number)
    assert (found.state, found.result) == ("done", '{"payments": 3}')
    assert jobs.of(SUBJECT)[0].result is None
    assert not jobs.finish(job, b"{}")


def test_job_is_taken_up_again_when_its_runner_went_silent(jobs, clock):
    number = jobs.ask("backtest", SUBJECT, {}, ASHA)
    lost = jobs.claim()
    clock.advance(LEASE_SECONDS + 1)
    again = jobs.claim()
    assert (again.id, again.tries) == (number, 2)
    assert not jobs.progress(lost, "deciding", 1, 2)
    assert not jobs.finish(lost, b"{}")
    assert not jobs.fail(lost, "x")
    assert jobs.progress(again, "deciding", 1, 2)


def test_job_fails_when_its_runner_was_lost_too_often(jobs, clock):
    number = jobs.ask("backtest", SUBJECT, {}, ASHA)
    for _ in range(MAX_TRIES):
        assert jobs.claim() is not None
        clock.advance(LEASE_SECONDS + 1)
    assert jobs.claim() is None
    assert (jobs.get(number).state, jobs.get(number).reason) == ("failed", "runner_lost")


def test_job_is_given_up_when_somebody_says_so(jobs):
    number = jobs.ask("backtest", SUBJECT, {}, ASHA)
    job = jobs.claim()
    with pytest.raises(Forbidden):
        jobs.cancel(number, ANU)
    assert jobs.cancel(number, MEERA)
    assert not jobs.cancel(number, MEERA)
    assert not jobs.progress(job, "deciding", 1, 2)
    with pytest.raises(NotFound):
        jobs.cancel(99, MEERA)


def test_too_many_are_refused_when_they_wait(jobs):
    for _ in range(3):
        jobs.ask("backtest", SUBJECT, {}, ASHA)
    with pytest.raises(InputInvalid) as caught:
        jobs.ask("backtest", SUBJECT, {}, ASHA)
    assert caught.value.fields["reason"] == "busy"
    assert jobs.ask("backtest", SUBJECT, {}, RAVI)
    assert MAX_OPEN > 3


@pytest.mark.parametrize(("kind", "body"), [("shell", {}), ("backtest", {"x": "y" * 5_000})])
def test_job_is_refused_when_it_is_of_no_kind_or_too_large(jobs, kind, body):
    with pytest.raises(InputInvalid):
        jobs.ask(kind, SUBJECT, body, ASHA)


def test_job_is_refused_when_the_role_may_not(jobs):
    with pytest.raises(Forbidden):
        jobs.ask("backtest", SUBJECT, {}, ANU)


def test_old_jobs_go_when_they_ended_long_ago(jobs, clock):
    jobs.ask("backtest", SUBJECT, {}, ASHA)
    jobs.fail(jobs.claim(), "not_found")
    assert jobs.forget() == 0
    clock.advance(181 * 86_400)
    assert jobs.forget() == 1
