"""The policy's pages: what decides now, its text, a check of a draft, and what differs between two versions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from satark.cases.rollups import DAY_GRAIN, HOURS_PER_DAY, RULE, hour_of
from satark.core.errors import PolicyInvalid
from satark.policies import bundled_path, load_policy
from satark.policies.explain import explain_feature
from satark.web.forms import number_of
from satark.web.policy import differences
from satark.web.policy.mistakes import told
from satark.web.policy.shelf import Shelf
from satark.web.policy.standing import read_now
from satark.web.policy.words import (
    CHANGE_NAMES,
    FIELD_NAMES,
    MISTAKE_NAMES,
    MODE_NAMES,
    OTHER_MISTAKE,
    PART_NAMES,
)
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.core.clock import Lang
    from satark.language import Diagnostic
    from satark.policies import Policy
    from satark.web.desk import Desk
    from satark.web.policy.shelf import Kept, LoggedPolicy
    from satark.web.policy.standing import Now
    from satark.web.sessions import Session

MAX_TEXT_BYTES = 1_000_000
MAX_SHOWN_MISTAKES = 100
FIRED_DAYS = 7
BUNDLED = "bundled"
DRAFT_NAME = "draft.yaml"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two policies that are compared; `key` is what the address says."""

    key: str
    text: str
    policy: Policy | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a draft found."""

    text: str
    policy: Policy | None
    mistakes: list[Diagnostic]
    changes: list[differences.Change]
    lines: list[differences.DiffLine]


class PolicyPages:
    """Handlers of the policy's pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shelf = Shelf(desk.reader)
        renderer = desk.renderer
        renderer.add_names("field_name", FIELD_NAMES)
        renderer.add_names("part_name", PART_NAMES)
        renderer.add_names("change_name", CHANGE_NAMES)
        renderer.add_names("mode_name", MODE_NAMES)
        renderer.add_filter("told", lambda lang: lambda mistake: told(mistake, lang))
        renderer.add_filter("meaning", lambda lang: lambda one: explain_feature(one, lang_of(lang)))

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/policy", self.policy, "policies.view"),
            Page("/policy/text", self.text, "policies.view"),
            Page("/policy/compare", self.compare, "policies.view"),
            Page("/policy/check", self.check_form, "policies.view"),
            Page("/policy/check", self.check, "policies.view", ("POST",), upload=True),
        ]

    async def policy(self, request: Request, session: Session) -> Response:
        """Show the policy in force, with a switch beside each rule for those who may use it."""
        desk = self._desk
        kept, versions, fired, now = await asyncio.to_thread(self._overview)
        return desk.page(
            request,
            "policy/policy.html",
            kept=kept,
            versions=versions,
            fired=fired,
            now=now,
            off=now.off_codes,
            can_switch=session.may("policies.kill"),
            days=FIRED_DAYS,
            now_us=desk.clock.now_us(),
        )

    async def text(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show the text of a policy with its line numbers."""
        kept = await asyncio.to_thread(self._kept, request.query_params.get("version", ""))
        if kept is None:
            raise HTTPException(404)
        return self._desk.page(request, "policy/text.html", kept=kept, lines=kept.text.splitlines())

    async def compare(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show what differs between two versions."""
        lang = lang_of(self._desk.lang(request))
        values = await asyncio.to_thread(self._comparison, request.query_params, lang)
        return self._desk.page(request, "policy/compare.html", **values)

    async def check_form(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show the form for a draft, beginning with the text in force."""
        kept = await asyncio.to_thread(self._kept, "")
        text = "" if kept is None else kept.text
        return self._desk.page(request, "policy/check.html", text=text, checked=None, numbered=[])

    async def check(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Check a draft and say what it would change; nothing is kept."""
        desk = self._desk
        text = await draft_of(await desk.form(request, upload=True))
        lang = lang_of(desk.lang(request))
        checked = await asyncio.to_thread(self._check, text, lang)
        marked = {one.position.line for one in checked.mistakes}
        return desk.page(
            request,
            "policy/check.html",
            text=checked.text,
            checked=checked,
            mistake_name=MISTAKE_NAMES,
            other_mistake=OTHER_MISTAKE,
            shown=checked.mistakes[:MAX_SHOWN_MISTAKES],
            numbered=around(checked.text, marked),
        )

    # Blocking parts.

    def _overview(self) -> tuple[Kept | None, list[LoggedPolicy], Mapping[str, tuple[int, int]], Now]:
        store = self._desk.store
        rollups = store.rollups
        end = hour_of(self._desk.clock.now_us()) // HOURS_PER_DAY + 1
        with store.reading_together():
            fired = rollups.sums(DAY_GRAIN, end - FIRED_DAYS, end, (RULE,))[RULE]
            return self._shelf.current(rollups), self._shelf.versions(rollups), fired, read_now(store)

    def _kept(self, version: str) -> Kept | None:
        rollups = self._desk.store.rollups
        if not version:
            return self._shelf.current(rollups)
        wanted = number_of(version)
        for logged in self._shelf.versions(rollups):
            if logged.seq == wanted:
                return self._shelf.get(logged)
        return None

    def _comparison(self, query: Mapping[str, str], lang: Lang) -> dict[str, Any]:
        versions = self._shelf.versions(self._desk.store.rollups)
        newest = str(versions[0].seq) if versions else BUNDLED
        older = str(versions[1].seq) if len(versions) > 1 else BUNDLED
        before = self._side(query.get("from", older), versions)
        after = self._side(query.get("to", newest), versions)
        if before is None or after is None:
            raise HTTPException(404)
        both = before.policy is not None and after.policy is not None
        return {
            "versions": versions,
            "before": before,
            "after": after,
            "changes": differences.changes(before.policy, after.policy, lang) if both else None,  # type: ignore[arg-type]
            "lines": differences.lines(before.text, after.text),
        }

    def _side(self, key: str, versions: list[LoggedPolicy]) -> Side | None:
        if key == BUNDLED:
            path = bundled_path()
            return Side(key, path.read_text("utf-8"), load_policy(path, file=path.name))
        wanted = number_of(key)
        kept = next((self._shelf.get(logged) for logged in versions if logged.seq == wanted), None)
        return None if kept is None else Side(key, kept.text, kept.policy)

    def _check(self, text: str, lang: Lang) -> Checked:
        mistakes: list[Diagnostic] = []
        policy = None
        try:
            policy = load_policy(text, file=DRAFT_NAME)
        except PolicyInvalid as error:
            mistakes = list(error.fields["diagnostics"])  # type: ignore[call-overload]
        current = self._kept("")
        if current is None:
            return Checked(text, policy, mistakes, [], [])
        changes = (
            differences.changes(current.policy, policy, lang)
            if policy is not None and current.policy is not None
            else []
        )
        return Checked(text, policy, mistakes, changes, differences.lines(current.text, text))


async def draft_of(form: FormData) -> str:
    """Return the text of the uploaded file if there is one, else of the text field.

    Raises
    ------
    HTTPException
        400: it is not UTF-8; 413: it is too large.
    """
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        raw = await file.read(MAX_TEXT_BYTES + 1)
    else:
        field = form.get("text", "")
        raw = (field if isinstance(field, str) else "").encode("utf-8", "surrogatepass")
    if len(raw) > MAX_TEXT_BYTES:
        raise HTTPException(413)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise HTTPException(400) from error


def around(text: str, marked: set[int], context: int = 2) -> list[tuple[int, str, bool]]:
    """Return (number, line, whether there is a mistake in it) of the lines with mistakes and those beside them."""
    if not marked:
        return []
    near = {line + step for line in marked for step in range(-context, context + 1)}
    return [
        (number, line, number in marked) for number, line in enumerate(text.splitlines(), 1) if number in near
    ][: MAX_SHOWN_MISTAKES * 5]


def lang_of(lang: str) -> Lang:
    """Return the language as the policies' own words know it."""
    return "hi" if lang == "hi" else "en"
