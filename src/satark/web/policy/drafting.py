"""Write a draft: the text with its mistakes beside it; whatever goes wrong, what was typed comes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from satark.cases.policy_life import MAX_COMMENT, Person, State
from satark.core.errors import InputInvalid, PolicyInvalid
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.policy import differences
from satark.web.policy.life_words import OTHER_REFUSAL, REFUSALS
from satark.web.policy.pages import MAX_SHOWN_MISTAKES, around, draft_of, lang_of
from satark.web.policy.words import MISTAKE_NAMES, OTHER_MISTAKE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.policy_versions import Version
    from satark.language import Diagnostic
    from satark.web.desk import Desk
    from satark.web.policy.shelf import Shelf
    from satark.web.sessions import Session

CONFLICTS = frozenset({"changed", "not_now"})


@dataclass
class Typed:
    """What stands in the editor.

    Attributes
    ----------
    base
        The draft that is changed; None for a new one.
    revision
        Of `base`, as it was seen.
    parent
        The version that a new draft begins as.
    problem
        A message id, empty when nothing is wrong.
    mistakes
        What is wrong with the text itself.
    theirs
        What somebody else made of the draft meanwhile.
    """

    text: str
    note: str = ""
    base: str | None = None
    revision: int = 0
    parent: str | None = None
    problem: str = ""
    mistakes: list[Diagnostic] = field(default_factory=list)
    theirs: Version | None = None


class Drafting:
    """Handlers of the editor."""

    def __init__(self, desk: Desk, shelf: Shelf) -> None:
        self._desk = desk
        self._shelf = shelf

    async def new(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show the editor with the text of the policy in force, or of the version that the address names."""
        parent = request.query_params.get("from", "")
        typed = await asyncio.to_thread(self._begun, parent)
        return self._page(request, typed)

    async def create(self, request: Request, session: Session) -> Response:
        """Keep a new draft."""
        desk = self._desk
        form = await desk.form(request, upload=True)
        typed = Typed(await draft_of(form), text_of(form, "note", MAX_COMMENT))
        typed.parent = text_of(form, "parent", 64) or None
        return await self._keep(request, session, typed)

    async def edit(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show a draft in the editor."""
        version = await asyncio.to_thread(self._desk.store.versions.get, request.path_params["hash"])
        if version is None:
            raise HTTPException(404)
        if version.state is not State.DRAFT:
            return RedirectResponse(f"/policy/versions/{version.hash}", status_code=303)
        return self._page(
            request, Typed(version.text, version.note, base=version.hash, revision=version.revision)
        )

    async def change(self, request: Request, session: Session) -> Response:
        """Keep a changed draft, unless somebody was faster."""
        form = await self._desk.form(request, upload=True)
        typed = Typed(await draft_of(form), text_of(form, "note", MAX_COMMENT))
        typed.base, typed.revision = request.path_params["hash"], number_of(form.get("revision"))
        return await self._keep(request, session, typed)

    # Parts.

    async def _keep(self, request: Request, session: Session, typed: Typed) -> Response:
        desk = self._desk
        person = Person(session.username, session.role)
        try:
            made = await asyncio.to_thread(self._write, typed, person)
        except PolicyInvalid as error:
            typed.mistakes = list(error.fields["diagnostics"])  # type: ignore[call-overload]
            return self._page(request, typed, status=400)
        except InputInvalid as error:
            reason = str(error.fields.get("reason", ""))
            if reason == "unchanged" and typed.base is not None:
                return desk.after(f"/policy/versions/{typed.base}", Flash("refused_policy_unchanged"))
            typed.problem = REFUSALS.get(reason, OTHER_REFUSAL)
            if reason in CONFLICTS and typed.base is not None:
                await asyncio.to_thread(self._meet, typed)
            return self._page(request, typed, status=409)
        return desk.after(f"/policy/versions/{made}", Flash("policy_saved"))

    def _write(self, typed: Typed, person: Person) -> str:
        store, reader = self._desk.store, self._desk.reader
        if typed.base is None:
            made = store.versions.create(typed.text, person, note=typed.note, parent=typed.parent, log=reader)
        else:
            made = store.versions.edit(
                typed.base, typed.text, person, revision=typed.revision, note=typed.note, log=reader
            )
        return str(made)

    def _meet(self, typed: Typed) -> None:
        """Find what became of the draft meanwhile; what was typed is then saved over it, or as a new draft."""
        store = self._desk.store
        old = store.versions.get(typed.base)
        if old is None:
            typed.base = None
            return
        newest = next((one for one in store.versions.all() if one.thread == old.thread), old)
        typed.theirs = newest
        if newest.state is State.DRAFT:
            typed.base, typed.revision = newest.hash, newest.revision
        else:
            typed.base, typed.parent = None, newest.hash

    def _begun(self, parent: str) -> Typed:
        store = self._desk.store
        if parent:
            version = store.versions.get(parent)
            if version is not None:
                return Typed(version.text, parent=version.hash)
            logged = next((one for one in self._shelf.versions(store.rollups) if one.hash == parent), None)
            kept = None if logged is None else self._shelf.get(logged)
        else:
            kept = self._shelf.current(store.rollups)
        if kept is None:
            if parent:
                raise HTTPException(404)
            return Typed("")
        return Typed(kept.text, parent=kept.logged.hash)

    def _page(self, request: Request, typed: Typed, *, status: int = 200) -> Response:
        values: dict[str, Any] = {"theirs_lines": []}
        if typed.theirs is not None:
            values["theirs_lines"] = differences.lines(typed.theirs.text, typed.text)
        marked = {one.position.line for one in typed.mistakes}
        return self._desk.page(
            request,
            "policy/edit.html",
            status=status,
            typed=typed,
            shown=typed.mistakes[:MAX_SHOWN_MISTAKES],
            numbered=around(typed.text, marked),
            mistake_name=MISTAKE_NAMES,
            other_mistake=OTHER_MISTAKE,
            language=lang_of(self._desk.lang(request)),
            **values,
        )
