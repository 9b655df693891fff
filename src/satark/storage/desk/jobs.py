"""Long work that a page asks for: a row per job, run by the worker, watched by the page.

A runner holds a job by a lease that each word of progress renews. When it dies, the job is taken up again, at most
three times; a word from a runner that was given up counts no more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases.policy_life import TESTERS
from satark.core.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from satark.core.errors import Forbidden, InputInvalid, NotFound
from satark.storage.desk.tables.policies import JOBS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.cases.policy_life import Person
    from satark.core.clock import Clock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.engines import Engines

BACKTEST = "backtest"
KINDS = frozenset({BACKTEST})
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)
LEASE_SECONDS = 60
MAX_TRIES = 3
MAX_OPEN = 20
MAX_OPEN_OF_ONE = 3
MAX_BODY_BYTES = 4_096
MAX_RESULT_BYTES = 4_000_000
MAX_REASON = 300
KEPT_US = 180 * MICROS_PER_DAY
_WHAT = "the jobs"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Attributes
    ----------
    subject
        The version that it is about.
    body
        What was asked; of a backtest: from_us, to_us, against.
    step, done, total
        What is being done, and how much of it.
    tries
        How often it was taken up; names the runner.
    reason
        Why it failed: the code of an error.
    result
        What came out, None before; left out of lists.
    """

    id: int
    kind: str
    subject: str
    at_us: int
    actor: str
    body: dict[str, Any]
    state: str
    step: str
    done: int
    total: int
    tries: int
    started_us: int | None
    ended_us: int | None
    reason: str
    result: str | None = None

    @property
    def open(self) -> bool:
        """Whether something will still come of it."""
        return self.state in OPEN

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return min(100, 100 * self.done // self.total) if self.total else 0


class Jobs:
    """The jobs; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit

    # Asking and watching.

    def ask(self, kind: str, subject: str, body: Mapping[str, Any], person: Person) -> int:
        """Ask for a piece of work; return its number.

        Raises
        ------
        Forbidden
            The role may not.
        InputInvalid
            There is no such kind, or too much waits already.
        """
        if person.role not in TESTERS:
            message = "this role may not ask for backtests"
            raise Forbidden(message, scope="backtests.run")
        encoded = msgspec.json.encode(dict(body), order="sorted").decode()
        if kind not in KINDS or len(encoded) > MAX_BODY_BYTES:
            message = "this cannot be asked for"
            raise InputInvalid(message, field="kind" if kind not in KINDS else "body")
        with self._engines.writing(_WHAT) as connection:
            waiting = connection.scalars(sa.select(JOBS.c.actor).where(JOBS.c.state.in_(OPEN))).all()
            if len(waiting) >= MAX_OPEN or waiting.count(person.username) >= MAX_OPEN_OF_ONE:
                message = "too much waits already"
                raise InputInvalid(message, reason="busy")
            made = connection.execute(
                sa.insert(JOBS)
                .values(
                    kind=kind,
                    subject=subject,
                    at_us=self._clock.now_us(),
                    actor=person.username,
                    body=encoded,
                    state=WAITING,
                    step="",
                    done=0,
                    total=0,
                    tries=0,
                    reason="",
                )
                .returning(JOBS.c.id)
            ).scalar_one()
            self._audit.note(
                connection,
                actor=person.username,
                action=f"{kind}_asked",
                subject=subject,
                detail={"job": int(made)},
            )
        return int(made)

    def get(self, job_id: int) -> Job | None:
        """Return a job with its result."""
        with self._engines.reading(_WHAT) as connection:
            row = connection.execute(sa.select(JOBS).where(JOBS.c.id == job_id)).first()
        return None if row is None else _job(row, result=row.result)

    def of(self, subject: str, limit: int = 20) -> list[Job]:
        """Return the jobs about one version, newest first, without their results."""
        return self._some(JOBS.c.subject == subject, limit)

    def newest(self, limit: int = 50) -> list[Job]:
        """Return jobs, newest first, without their results."""
        return self._some(sa.true(), limit)

    def cancel(self, job_id: int, person: Person) -> bool:
        """Give a job up; False when it has ended.

        Raises
        ------
        NotFound
            There is none.
        Forbidden
            The role may not.
        """
        if person.role not in TESTERS:
            message = "this role may not end backtests"
            raise Forbidden(message, scope="backtests.run")
        with self._engines.writing(_WHAT) as connection:
            row = connection.execute(sa.select(JOBS).where(JOBS.c.id == job_id)).first()
            if row is None:
                message = "there is no such job"
                raise NotFound(message, job=job_id)
            if row.state not in OPEN:
                return False
            self._end(connection, job_id, CANCELLED)
            self._audit.note(
                connection,
                actor=person.username,
                action=f"{row.kind}_cancelled",
                subject=row.subject,
                detail={"job": job_id},
            )
        return True

    # Running.

    def claim(self) -> Job | None:
        """Take the next job, durably, before any of it is done; None when nothing waits."""
        now_us = self._clock.now_us()
        if not self._due(now_us):
            return None
        with self._engines.writing(_WHAT) as connection:
            # A runner that went silent three times will not do better a fourth time.
            connection.execute(
                sa.update(JOBS)
                .where(JOBS.c.state == RUNNING, JOBS.c.lease_us < now_us, JOBS.c.tries >= MAX_TRIES)
                .values(state=FAILED, reason="runner_lost", ended_us=now_us, lease_us=None)
            )
            row = connection.execute(
                sa.select(JOBS).where(_free(now_us)).order_by(JOBS.c.id).limit(1)
            ).first()
            if row is None:
                return None
            connection.execute(
                sa.update(JOBS)
                .where(JOBS.c.id == row.id)
                .values(
                    state=RUNNING,
                    tries=row.tries + 1,
                    lease_us=now_us + LEASE_SECONDS * MICROS_PER_SECOND,
                    started_us=now_us,
                    step="",
                    done=0,
                    total=0,
                )
            )
            taken = connection.execute(sa.select(JOBS).where(JOBS.c.id == row.id)).one()
        return _job(taken)

    def progress(self, job: Job, step: str, done: int, total: int) -> bool:
        """Say how far a job is, and that its runner lives; False when it is to stop."""
        with self._engines.writing(_WHAT) as connection:
            changed = connection.execute(
                sa.update(JOBS)
                .where(*_held(job))
                .values(
                    step=step[:40],
                    done=done,
                    total=total,
                    lease_us=self._clock.now_us() + LEASE_SECONDS * MICROS_PER_SECOND,
                )
            )
        return changed.rowcount == 1

    def renew(self, job: Job) -> bool:
        """Say that the runner of a job lives; False when it is to stop."""
        with self._engines.writing(_WHAT) as connection:
            changed = connection.execute(
                sa.update(JOBS)
                .where(*_held(job))
                .values(lease_us=self._clock.now_us() + LEASE_SECONDS * MICROS_PER_SECOND)
            )
        return changed.rowcount == 1

    def release(self, job: Job) -> None:
        """Give a job back that was taken up, as if it had not been: its runner is being stopped."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(
                sa.update(JOBS)
                .where(*_held(job))
                .values(state=WAITING, tries=job.tries - 1, lease_us=None, started_us=None, step="", done=0)
            )

    def finish(self, job: Job, result: bytes) -> bool:
        """Keep a result; False when the job was given up meanwhile.

        Raises
        ------
        InputInvalid
            The result is too large.
        """
        if len(result) > MAX_RESULT_BYTES:
            message = f"a result has at most {MAX_RESULT_BYTES} bytes"
            raise InputInvalid(message, field="result")
        with self._engines.writing(_WHAT) as connection:
            changed = connection.execute(
                sa.update(JOBS)
                .where(*_held(job))
                .values(
                    state=DONE,
                    result=result.decode(),
                    ended_us=self._clock.now_us(),
                    lease_us=None,
                    reason="",
                )
            )
            if changed.rowcount == 1:
                self._audit.note(
                    connection,
                    actor="system",
                    action=f"{job.kind}_done",
                    subject=job.subject,
                    detail={"job": job.id, "result": hashlib.sha256(result).hexdigest()},
                )
        return changed.rowcount == 1

    def fail(self, job: Job, reason: str) -> bool:
        """Say why nothing came of a job; False when it was given up meanwhile."""
        with self._engines.writing(_WHAT) as connection:
            changed = connection.execute(
                sa.update(JOBS)
                .where(*_held(job))
                .values(
                    state=FAILED, reason=reason[:MAX_REASON], ended_us=self._clock.now_us(), lease_us=None
                )
            )
        return changed.rowcount == 1

    def forget(self) -> int:
        """Remove jobs that ended long ago; return how many."""
        with self._engines.writing(_WHAT) as connection:
            return connection.execute(
                sa.delete(JOBS).where(JOBS.c.ended_us < self._clock.now_us() - KEPT_US)
            ).rowcount

    # Parts.

    def _due(self, now_us: int) -> bool:
        """Say whether anything can be taken, without the write lock."""
        with self._engines.reading(_WHAT) as connection:
            lost = sa.and_(JOBS.c.state == RUNNING, JOBS.c.lease_us < now_us)
            found = connection.execute(
                sa.select(JOBS.c.id).where(sa.or_(JOBS.c.state == WAITING, lost)).limit(1)
            )
            return found.first() is not None

    def _some(self, which: sa.ColumnElement[bool], limit: int) -> list[Job]:
        columns = [column for column in JOBS.c if column.name != "result"]
        query = sa.select(*columns).where(which).order_by(JOBS.c.id.desc()).limit(limit)
        with self._engines.reading(_WHAT) as connection:
            return [_job(row) for row in connection.execute(query)]

    def _end(self, connection: sa.Connection, job_id: int, state: str) -> None:
        connection.execute(
            sa.update(JOBS)
            .where(JOBS.c.id == job_id)
            .values(state=state, ended_us=self._clock.now_us(), lease_us=None)
        )


def _free(now_us: int) -> sa.ColumnElement[bool]:
    lost = sa.and_(JOBS.c.state == RUNNING, JOBS.c.lease_us < now_us, JOBS.c.tries < MAX_TRIES)
    return sa.or_(JOBS.c.state == WAITING, lost)


def _held(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return JOBS.c.id == job.id, JOBS.c.state == RUNNING, JOBS.c.tries == job.tries


def _job(row: Any, *, result: str | None = None) -> Job:  # noqa: ANN401 - a row
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        at_us=row.at_us,
        actor=row.actor,
        body=msgspec.json.decode(row.body),
        state=row.state,
        step=row.step,
        done=row.done,
        total=row.total,
        tries=row.tries,
        started_us=row.started_us,
        ended_us=row.ended_us,
        reason=row.reason,
        result=result,
    )
