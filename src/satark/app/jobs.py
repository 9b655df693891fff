"""Long work that pages ask for, one piece at a time, each in a child process of the worker.

A child, so that a backtest's memory is given back when it ends, a crash takes nothing else with it, and stopping the
worker or giving the job up stops it at once. The worker renews the job's lease while the child lives.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol

import structlog

from satark.app.children import SUPERVISOR_VARIABLE
from satark.core.errors import NotFound, PolicyInvalid, SatarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.app.wiring import AppWiring
    from satark.decisions.views import View
    from satark.storage import Storage
    from satark.storage.desk import Desk
    from satark.storage.desk.jobs import Job, Jobs

_log = structlog.get_logger("satark.jobs")

POLL_SECONDS = 0.5
BEAT_SECONDS = 2.0
TELL_SECONDS = 0.5
LONGEST_SECONDS = 4 * 3_600.0
GRACE_SECONDS = 5.0


class Running(Protocol):
    """A child process."""

    def poll(self) -> int | None:
        """Return its exit code, None while it lives."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self, timeout: float) -> int:
        """Wait for its end."""


class JobRunner:
    """Takes jobs one after the other and watches over the child that does each; a part of the worker.

    Parameters
    ----------
    jobs
        Where they wait.
    begin
        Starts the child of a job.
    ticks
        Seconds that only go forward.
    """

    def __init__(
        self, jobs: Jobs, begin: Callable[[Job], Running], *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._begin = begin
        self._ticks = ticks
        self._stop = threading.Event()

    def step(self) -> int:
        """Do the next job to its end; return how many were done, 0 when nothing waits."""
        job = self._jobs.claim()
        if job is None:
            return 0
        _log.info("job_began", job=job.id, kind=job.kind, tries=job.tries)
        child = self._begin(job)
        try:
            self._watch(job, child)
        finally:
            _end(child)
        return 1

    def halt(self) -> None:
        """Let the job under way go; it is taken up again by the next worker."""
        self._stop.set()

    def _watch(self, job: Job, child: Running) -> None:
        began = beat = self._ticks()
        while child.poll() is None:
            if self._stop.wait(POLL_SECONDS):
                self._jobs.release(job)
                return
            now = self._ticks()
            if now - began > LONGEST_SECONDS:
                self._jobs.fail(job, "too_long")
                return
            if now - beat >= BEAT_SECONDS:
                beat = now
                if not self._jobs.renew(job):
                    _log.info("job_given_up", job=job.id)
                    return
        code = child.poll()
        if self._jobs.fail(job, "crashed"):
            # A child that ends well has said how; one that has not is one that crashed.
            _log.error("job_crashed", job=job.id, exit_code=code)


def child_of(wiring: AppWiring) -> Callable[[Job], Running]:
    """Return what starts the child of a job."""

    def begin(job: Job) -> Running:
        environment = {**os.environ, **wiring.environment(), SUPERVISOR_VARIABLE: str(os.getpid())}
        return subprocess.Popen(  # noqa: S603 - our own program
            [
                sys.executable,
                "-m",
                "satark.app.main",
                "policy",
                "run-job",
                str(job.id),
                "--try",
                str(job.tries),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    return begin


def run_job(wiring: AppWiring, number: int, tries: int) -> None:
    """Do one job in this process, and keep what came out or why nothing did.

    Raises
    ------
    NotFound
        This runner does not hold the job.
    """
    with wiring.storage(write=False) as storage, wiring.desk(storage) as desk:
        job = desk.jobs.get(number)
        if job is None or job.state != "running" or job.tries != tries:
            message = "this runner does not hold the job"
            raise NotFound(message, job=number)
        try:
            desk.jobs.finish(job, _backtest(wiring, storage, desk, job))
        except _GivenUp:
            return
        except SatarkError as error:
            reason = str(error.fields.get("job_reason", error.code))
            _log.warning("job_failed", job=number, reason=reason)
            desk.jobs.fail(job, reason)


class _GivenUp(Exception):
    """Somebody gave the job up."""


def _backtest(wiring: AppWiring, storage: Storage, desk: Desk, job: Job) -> bytes:
    from satark.decisions.backtest.result import encode_result
    from satark.decisions.backtest.run import run_backtest
    from satark.events import CardTokens

    told = [0.0]

    def progress(done: int, total: int) -> None:
        now = time.monotonic()
        if now - told[0] < TELL_SECONDS and done < total:
            return
        told[0] = now
        if not desk.jobs.progress(job, "deciding", done, total):
            raise _GivenUp

    body = job.body
    against = str(body.get("against") or "")
    roster = desk.versions.standing().roster
    killed: Mapping[str, tuple[str, ...]] = {} if roster is None else roster.killed
    candidate = _view(wiring, storage, desk, job.subject, killed)
    other = _view(wiring, storage, desk, against, killed) if against else None
    try:
        result = run_backtest(
            storage.events,
            policy=candidate,
            against=other,
            from_us=body.get("from_us"),
            to_us=body.get("to_us"),
            tokens=CardTokens.parse(storage.secrets.card_keys),
            rates=wiring.rates(),
            windows=wiring.windows_options(),
            progress=progress,
        )
    except NotFound as error:
        message = "there are no payments in that time"
        raise NotFound(message, job_reason="no_payments") from error
    return encode_result(result)


def _view(
    wiring: AppWiring, storage: Storage, desk: Desk, policy_hash: str, killed: Mapping[str, tuple[str, ...]]
) -> View:
    """Return a policy with its models as it would take part.

    Raises
    ------
    NotFound, PolicyInvalid, ModelInvalid
        It cannot.
    """
    from satark.decisions.backtest.log_source import logged_models
    from satark.decisions.binding import view_of
    from satark.policies import load_policy

    text = desk.versions.text(storage.events, policy_hash)
    if text is None:
        message = "neither the desk nor the log has the policy"
        raise NotFound(message, policy=policy_hash)
    policy = load_policy(text, folder=wiring.policy_folder())
    if policy.content_hash != policy_hash:
        message = "the text is not the one of its hash"
        raise PolicyInvalid(message, diagnostics=[])
    models = wiring.models()
    return view_of(
        policy,
        lambda ref: logged_models(storage.events, ref, models),
        killed=killed.get(policy_hash, ()),
    )


def _end(child: Running) -> None:
    """End a child that still lives: it is asked, then killed."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(GRACE_SECONDS)
