"""The pages of backtests: ask for one, watch it run, read what came out."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from satark.cases.policy_life import Person
from satark.core.clock import MICROS_PER_DAY, to_us
from satark.core.errors import Forbidden, InputInvalid
from satark.web.backtest import figures
from satark.web.backtest.summary import money_words, outcome_of
from satark.web.backtest.words import (
    CURVE_NAMES,
    DEFAULT_SPAN,
    FAILURES,
    JOB_NAMES,
    MARK_NAMES,
    OTHER_FAILURE,
    SPAN_NAMES,
)
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.policy.life_words import REFUSALS
from satark.web.policy.standing import titles_of
from satark.web.routing import Page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.sessions import Session

ROWS = 50
KIND = "backtest"
MAX_DAYS = 400
_INDIA = timezone(timedelta(hours=5, minutes=30))
_SPANS = {"7d": 7, "30d": 30, "90d": 90}


class BacktestPages:
    """Handlers of the pages of backtests."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        renderer = desk.renderer
        renderer.add_names("job_name", JOB_NAMES)
        renderer.add_names("span_name", SPAN_NAMES)
        renderer.add_names("mark_name", MARK_NAMES)
        renderer.add_names("curve_name", CURVE_NAMES)
        renderer.add_filter(
            "money", lambda lang: lambda minor, currency="INR": money_words(minor, currency, lang)
        )
        renderer.add_filter("day", lambda _: lambda at_us: _day_of(at_us).isoformat())

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/policy/versions/{hash}/backtest", self.ask, "backtests.run", ("POST",)),
            Page("/backtests", self.overview, "policies.view"),
            Page("/backtests/{job:int}", self.one, "policies.view"),
            Page("/backtests/{job:int}/state", self.state, "policies.view", touch=False),
            Page("/backtests/{job:int}/cancel", self.cancel, "backtests.run", ("POST",)),
        ]

    async def overview(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show the newest backtests."""
        store = self._desk.store

        def read() -> tuple[list[Any], dict[str, Any]]:
            with store.reading_together():
                jobs = store.jobs.newest(ROWS)
                return jobs, titles_of(store, [job.subject for job in jobs])

        jobs, titles = await asyncio.to_thread(read)
        return self._desk.page(request, "backtest/backtests.html", jobs=jobs, titles=titles)

    async def ask(self, request: Request, session: Session) -> Response:
        """Ask for a backtest of a version against the policy in force."""
        desk, policy = self._desk, str(request.path_params["hash"])
        form = await desk.form(request)
        person = Person(session.username, session.role)
        back = f"/policy/versions/{policy}"
        span = span_of(form, desk.clock.now_us())
        if span is None:
            return desk.after(back, Flash("refused_policy_span"))

        def work() -> int:
            if desk.store.versions.get(policy) is None:
                raise HTTPException(404)
            now = desk.store.versions.standing()
            against = "" if now.roster is None or now.roster.live == policy else now.roster.live
            body = {"from_us": span[0], "to_us": span[1], "against": against}
            return int(desk.store.jobs.ask(KIND, policy, body, person))

        try:
            job = await asyncio.to_thread(work)
        except Forbidden as error:
            raise HTTPException(403, detail="permission") from error
        except InputInvalid as error:
            reason = str(error.fields.get("reason", ""))
            return desk.after(back, Flash(f"refused_policy_{reason if reason in REFUSALS else 'other'}"))
        return desk.after(f"/backtests/{job}", Flash("backtest_asked"))

    async def one(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show one backtest: how far it is, or what came out."""
        values = await asyncio.to_thread(self._values, _number(request))
        return self._desk.page(request, "backtest/backtest.html", **values)

    async def state(self, request: Request, session: Session) -> Response:
        """Return how far a backtest is; when it has ended, tell the page to load anew."""
        job = await asyncio.to_thread(self._desk.store.jobs.get, _number(request))
        if job is None:
            raise HTTPException(404)
        answer = self._desk.piece(
            request, "backtest/state.html", job=job, session=session, failure=_failure(job)
        )
        if not job.open:
            answer.headers["hx-refresh"] = "true"
        return answer

    async def cancel(self, request: Request, session: Session) -> Response:
        """Give a backtest up."""
        job, person = _number(request), Person(session.username, session.role)
        try:
            ended = await asyncio.to_thread(self._desk.store.jobs.cancel, job, person)
        except Forbidden as error:
            raise HTTPException(403, detail="permission") from error
        done = "backtest_cancelled" if ended else "refused_policy_not_now"
        return self._desk.after(f"/backtests/{job}", Flash(done))

    def _values(self, number: int) -> dict[str, Any]:
        store = self._desk.store
        with store.reading_together():
            job = store.jobs.get(number)
            if job is None:
                raise HTTPException(404)
            against = str(job.body.get("against", ""))
            wanted = [job.subject, *([against] if against else [])]
            titles = titles_of(store, wanted)
        values: dict[str, Any] = {
            "job": job,
            "failure": _failure(job),
            "title": titles[job.subject],
            "against": titles.get(against),
            "result": None,
        }
        outcome = outcome_of(job)
        if outcome is None:
            return values
        result = outcome.result
        return values | {
            "result": result,
            "outcome": outcome,
            "rules": figures.rule_rows(result),
            "curves": [
                picture
                for picture in map(figures.curve_picture, result.candidate.curves)
                if picture is not None
            ],
            "hours": figures.hour_bars(result.candidate, result.against),
            "matrix": figures.matrix(result.difference),
            "examples": []
            if result.difference is None
            else result.difference.examples[: figures.MAX_EXAMPLES],
        }


def span_of(form: FormData, now_us: int) -> tuple[int, int] | None:
    """Return (from, until before) in microseconds of what a form asks for; None when it cannot be read.

    Days are days in India; the last one counts to its end.
    """
    span = text_of(form, "span", 10) or DEFAULT_SPAN
    if span in _SPANS:
        return now_us - _SPANS[span] * MICROS_PER_DAY, now_us
    try:
        first = date.fromisoformat(text_of(form, "from", 10))
        last = date.fromisoformat(text_of(form, "to", 10))
    except ValueError:
        return None
    if not 0 <= (last - first).days < MAX_DAYS:
        return None
    try:
        return _midnight_us(first), _midnight_us(last + timedelta(days=1))
    except OverflowError:
        return None


def _midnight_us(day: date) -> int:
    return int(to_us(datetime(day.year, day.month, day.day, tzinfo=_INDIA)))


def _day_of(at_us: int) -> date:
    return datetime.fromtimestamp(at_us / 1_000_000, _INDIA).date()


def _number(request: Request) -> int:
    number = int(request.path_params["job"])
    if number >= 1 << 62:
        raise HTTPException(404)
    return number


def _failure(job: Any) -> str:  # noqa: ANN401 - see `satark.storage.desk.jobs`
    return FAILURES.get(job.reason, OTHER_FAILURE) if job.state == "failed" else ""
