"""The life of policies on pages: versions, review, publishing, the way back, and the switch of each rule.

A page shows only what its reader may do now (`satark.cases.policy_life.steps_for`); whether it may be done is asked
again where it is written, so a forged form comes no further.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from satark.cases.policy_life import MAX_COMMENT, Person, State, Step, steps_for
from satark.core.errors import Forbidden, InputInvalid, PolicyInvalid
from satark.web.backtest.summary import newest_result
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.policy import differences
from satark.web.policy.drafting import Drafting
from satark.web.policy.life_words import FLASHES, NEXT, REFUSALS, STATE_NAMES, STEP_NAMES
from satark.web.policy.pages import lang_of
from satark.web.policy.shelf import Shelf
from satark.web.policy.standing import parts_of, read_now, titles_of
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.policy_versions import Version
    from satark.core.clock import Lang
    from satark.web.desk import Desk
    from satark.web.sessions import Session

VERSIONS = 100
ORDERS = 30
PERCENTS = (1, 5, 10, 25, 50, 100)
DEFAULT_PERCENT = 10
_HASH = re.compile(r"[0-9a-f]{64}")
_STEPS = {step.value: step for step in (Step.SHADOW, Step.CANARY, Step.LIVE, Step.END)}


class LifecyclePages:
    """Handlers of the pages of versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shelf = Shelf(desk.reader)
        self._drafting = Drafting(desk, self._shelf)
        renderer = desk.renderer
        renderer.add_names("version_state", STATE_NAMES)
        renderer.add_names("version_step", STEP_NAMES)
        renderer.add_filter("share", lambda _: lambda percent: f"{percent:g}")
        renderer.add_flashes(FLASHES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        one = "/policy/versions/{hash}"
        return [
            Page("/policy/versions", self.overview, "policies.view"),
            Page("/policy/now", self.now, "policies.view", touch=False),
            Page("/policy/versions/new", self._drafting.new, "policies.write"),
            Page("/policy/versions/new", self._drafting.create, "policies.write", ("POST",), upload=True),
            Page(one, self.version, "policies.view"),
            Page(f"{one}/edit", self._drafting.edit, "policies.write"),
            Page(f"{one}/edit", self._drafting.change, "policies.write", ("POST",), upload=True),
            Page(f"{one}/submit", self.submit, "policies.write", ("POST",)),
            Page(f"{one}/discard", self.discard, "policies.write", ("POST",)),
            Page(f"{one}/approve", self.approve, "policies.approve", ("POST",)),
            Page(f"{one}/return", self.give_back, "policies.approve", ("POST",)),
            Page(f"{one}/comment", self.comment, "policies.approve", ("POST",)),
            Page(f"{one}/publish", self.ask_publish, "policies.publish"),
            Page(f"{one}/publish", self.publish, "policies.publish", ("POST",)),
            Page(f"{one}/end", self.end, "policies.kill", ("POST",)),
            Page("/policy/back", self.back, "policies.kill", ("POST",)),
            Page("/policy/switch", self.switch, "policies.kill", ("POST",)),
        ]

    # Reading.

    async def overview(self, request: Request, session: Session) -> Response:
        """Show what takes part, what waits for whom, and all versions."""
        person = Person(session.username, session.role)
        values = await asyncio.to_thread(self._overview, person)
        return self._desk.page(request, "policy/versions.html", **values)

    async def now(self, request: Request, session: Session) -> Response:
        """Return what takes part, for a page that waits for the engine."""
        now = await asyncio.to_thread(read_now, self._desk.store)
        return self._desk.piece(request, "policy/now.html", now=now, session=session)

    async def version(self, request: Request, session: Session) -> Response:
        """Show one version: what it changes, what it would have done, what was said, what comes next."""
        lang = lang_of(self._desk.lang(request))
        person = Person(session.username, session.role)
        values = await asyncio.to_thread(self._version, _hash(request), person, lang)
        return self._desk.page(request, "policy/version.html", **values)

    async def ask_publish(self, request: Request, session: Session) -> Response:
        """Show what publishing would change, and ask once."""
        step = _STEPS.get(request.query_params.get("step", ""))
        percent = _percent(request.query_params.get("percent", str(DEFAULT_PERCENT)))
        if step is None or step is Step.END:
            raise HTTPException(400)
        address = f"/policy/versions/{_hash(request)}"
        if percent is None:
            return self._desk.after(address, Flash("refused_policy_percent"))
        lang = lang_of(self._desk.lang(request))
        person = Person(session.username, session.role)
        try:
            values = await asyncio.to_thread(self._publication, _hash(request), step, person, percent, lang)
        except (InputInvalid, PolicyInvalid) as error:
            return self._desk.after(address, _refusal(error))
        return self._desk.page(request, "policy/publish.html", step=step.value, percent=percent, **values)

    # Acting.

    async def submit(self, request: Request, session: Session) -> Response:
        """Send a draft to a colleague."""
        return await self._step(request, session, self._desk.store.versions.submit, "policy_submitted")

    async def discard(self, request: Request, session: Session) -> Response:
        """Put a version aside."""
        return await self._step(request, session, self._desk.store.versions.discard, "policy_discarded")

    async def approve(self, request: Request, session: Session) -> Response:
        """Approve what somebody else wrote."""
        return await self._step(request, session, self._desk.store.versions.approve, "policy_approved")

    async def give_back(self, request: Request, session: Session) -> Response:
        """Give a version back, with a reason."""
        return await self._step(request, session, self._desk.store.versions.give_back, "policy_returned")

    async def comment(self, request: Request, session: Session) -> Response:
        """Say something about a version."""
        form = await self._desk.form(request)
        policy, note = _hash(request), text_of(form, "note", MAX_COMMENT)
        person = Person(session.username, session.role)
        work = lambda: self._desk.store.versions.comment(policy, person, note)  # noqa: E731 - for the thread
        return await self._act(f"/policy/versions/{policy}#said", work, "policy_commented")

    async def publish(self, request: Request, session: Session) -> Response:
        """Ask the engine to let a version take part."""
        form = await self._desk.form(request)
        policy, person = _hash(request), Person(session.username, session.role)
        step = _STEPS.get(text_of(form, "step", 20))
        percent = _percent(text_of(form, "percent", 10) or "100")
        if step is None or step is Step.END or percent is None:
            raise HTTPException(400)
        note, seen = text_of(form, "note", MAX_COMMENT), text_of(form, "seen", 64)

        def work() -> None:
            self._desk.store.rosters.publish(
                policy, step, person, percent=percent, note=note, seen=seen, log=self._desk.reader
            )

        return await self._act(
            "/policy/versions", work, "policy_asked", otherwise=f"/policy/versions/{policy}"
        )

    async def end(self, request: Request, session: Session) -> Response:
        """Ask the engine to let a shadow or canary take part no more."""
        form = await self._desk.form(request)
        policy, person = _hash(request), Person(session.username, session.role)
        note, seen = text_of(form, "note", MAX_COMMENT), text_of(form, "seen", 64)

        def work() -> None:
            self._desk.store.rosters.publish(
                policy, Step.END, person, note=note, seen=seen, log=self._desk.reader
            )

        return await self._act(
            "/policy/versions", work, "policy_asked", otherwise=f"/policy/versions/{policy}"
        )

    async def back(self, request: Request, session: Session) -> Response:
        """Ask the engine for what took part before."""
        form = await self._desk.form(request)
        person, seen = Person(session.username, session.role), text_of(form, "seen", 64)
        work = lambda: self._desk.store.rosters.back(person, seen=seen, log=self._desk.reader)  # noqa: E731 - for the thread
        return await self._act("/policy/versions", work, "policy_asked")

    async def switch(self, request: Request, session: Session) -> Response:
        """Ask the engine to switch a rule off, or on again."""
        form = await self._desk.form(request)
        person, rule = Person(session.username, session.role), text_of(form, "rule", 64)
        off, note = text_of(form, "to", 3) == "off", text_of(form, "note", MAX_COMMENT)

        def work() -> None:
            self._desk.store.rosters.switch(rule, person, off=off, note=note, log=self._desk.reader)

        return await self._act("/policy/versions#off", work, "rule_off" if off else "rule_on")

    # Parts.

    async def _step(
        self, request: Request, session: Session, work: Callable[..., None], done: str
    ) -> Response:
        form = await self._desk.form(request)
        policy, revision = _hash(request), number_of(form.get("revision"))
        person, note = Person(session.username, session.role), text_of(form, "note", MAX_COMMENT)
        address = f"/policy/versions/{policy}"
        return await self._act(address, lambda: work(policy, person, revision=revision, note=note), done)

    async def _act(
        self, address: str, work: Callable[[], object], done: str, *, otherwise: str | None = None
    ) -> Response:
        """Do one thing and go on; a refusal is told where the form was."""
        try:
            await asyncio.to_thread(work)
        except Forbidden as error:
            raise HTTPException(403, detail="permission") from error
        except (InputInvalid, PolicyInvalid) as error:
            return self._desk.after(otherwise or address, _refusal(error))
        return self._desk.after(address, Flash(done))

    def _overview(self, person: Person) -> dict[str, Any]:
        store = self._desk.store
        with store.reading_together():
            versions = store.versions.all(VERSIONS)
            mine = [one for one in versions if Step.APPROVE in _steps(one, person)]
            orders = store.versions.orders(ORDERS)
            return {
                "now": read_now(store),
                "mine": mine,
                "versions": versions,
                "orders": orders,
                "titles": titles_of(store, [order.hash for order in orders if order.hash]),
            }

    def _version(self, policy: str, person: Person, lang: Lang) -> dict[str, Any]:
        store = self._desk.store
        with store.reading_together():
            version = self._known(policy)
            now = read_now(store)
            live = self._shelf.current(store.rollups)
            found = store.versions.policies(self._desk.reader, [policy]).get(policy)
            steps = _steps(version, person)
            jobs = store.jobs.of(policy)
            return {
                "version": version,
                "policy": found,
                "now": now,
                "steps": frozenset(step.value for step in steps),
                "history": store.versions.history(version.thread),
                "next_words": _next(version, person),
                "parent": None
                if version.parent is None
                else titles_of(store, [version.parent])[version.parent],
                "against": live,
                "changes": differences.changes(live.policy, found, lang)
                if live is not None and live.policy is not None and found is not None
                else None,
                "lines": differences.lines(live.text if live is not None else "", version.text),
                "jobs": jobs,
                "result": newest_result(store, jobs),
                "percents": PERCENTS,
                "default_percent": DEFAULT_PERCENT,
                "now_us": self._desk.clock.now_us(),
            }

    def _publication(
        self, policy: str, step: Step, person: Person, percent: float, lang: Lang
    ) -> dict[str, Any]:
        store = self._desk.store
        version = self._known(policy)
        roster = store.rosters.preview(policy, step, person, percent=percent, log=self._desk.reader)
        now = read_now(store)
        coming = now.standing.coming
        titles = titles_of(store, (*roster.taking_part, *(coming.taking_part if coming else ())))
        live = self._shelf.current(store.rollups)
        found = store.versions.policies(self._desk.reader, [policy]).get(policy)
        gone = [] if coming is None else [one for one in coming.taking_part if one not in roster.taking_part]
        jobs = store.jobs.of(policy)
        return {
            "version": version,
            "now": now,
            "after": parts_of(roster, titles),
            "gone": [titles[one] for one in gone],
            "off": sorted(roster.killed.get(policy, ())),
            "changes": differences.changes(live.policy, found, lang)
            if live is not None and live.policy is not None and found is not None
            else None,
            "result": newest_result(store, jobs),
        }

    def _known(self, policy: str) -> Version:
        version: Version | None = self._desk.store.versions.get(policy)
        if version is None:
            raise HTTPException(404)
        return version


def _steps(version: Version, person: Person) -> frozenset[Step]:
    return steps_for(version.state, person, contributors=version.contributors, approved=version.approved)


def _next(version: Version, person: Person) -> str:
    """Return what happens next with a version, in plain words; a message id."""
    if version.state is State.IN_REVIEW and person.username in version.contributors:
        return NEXT["in_review_own"]
    if version.state is State.REVIEWED and not version.approved:
        return NEXT["approval_lost"]
    if version.state is State.RETIRED and version.approved:
        return NEXT["retired_approved"]
    return NEXT[version.state.value]


def _hash(request: Request) -> str:
    """Return the hash that the address names.

    Raises
    ------
    HTTPException
        404: it is none.
    """
    policy = str(request.path_params["hash"])
    if not _HASH.fullmatch(policy):
        raise HTTPException(404)
    return policy


def _percent(text: str) -> float | None:
    """Return a share of customers, None when it is none."""
    try:
        percent = float(text) if len(text) <= 8 else 0.0  # noqa: PLR2004 - as long as any share is written
    except ValueError:
        return None
    return percent if 0 < percent <= 100 else None  # noqa: PLR2004 - per cent


def _refusal(error: InputInvalid | PolicyInvalid) -> Flash:
    reason = str(error.fields.get("reason") or error.fields.get("field") or "")
    return Flash(f"refused_policy_{reason if reason in REFUSALS else 'other'}")
