"""What people do to one case: assign, move, note, attach, tick, close, confirm, open again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from satark.cases.model import MAX_ATTACHMENT_BYTES, MAX_NOTE_LENGTH, OPEN_STATES, CaseState
from satark.web.acts import act, undoable
from satark.web.case.offers import chosen_hold, chosen_offers, chosen_outcome, offers_of
from satark.web.case.reading import THINGS
from satark.web.colleagues import colleagues
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.model import Case
    from satark.web.desk import Desk
    from satark.web.sessions import Session

_MAX_ID = 1 << 62
_MAX_CODE = 64
_POST = ("POST",)
_OPEN = frozenset(state.value for state in OPEN_STATES)


class CaseActs:
    """The forms of a case's page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pages(self) -> list[Page]:
        """Return where the forms go."""
        return [
            Page("/cases/{case:int}/assign", self.assign, "cases.work", _POST),
            Page("/cases/{case:int}/state", self.state, "cases.work", _POST),
            Page("/cases/{case:int}/note", self.note, "cases.work", _POST),
            Page("/cases/{case:int}/files", self.attach, "cases.work", _POST, upload=True),
            Page("/cases/{case:int}/check", self.check, "cases.work", _POST),
            Page("/cases/{case:int}/close", self.close, "cases.work", _POST),
            Page("/cases/{case:int}/confirm", self.confirm, "cases.confirm", _POST),
            Page("/cases/{case:int}/decline", self.decline, "cases.work", _POST),
            Page("/cases/{case:int}/reopen", self.reopen, "cases.work", _POST),
        ]

    async def assign(self, request: Request, session: Session) -> Response:
        """Give the case to oneself, to a colleague, or back to the queue."""
        cases, case_id = self._desk.cases, case_of(request)
        form = await self._desk.form(request)
        assignee = text_of(form, "assignee", _MAX_CODE)
        if assignee not in ("", session.username):
            if not session.may("cases.assign"):
                raise HTTPException(403, detail="permission")
            if assignee not in await asyncio.to_thread(colleagues, self._desk.staff):
                return self._desk.after(_address(case_id), Flash("choose_person"))
        return await self._act(
            case_id, lambda: undoable(cases.assign([case_id], assignee or None, session.username))
        )

    async def state(self, request: Request, session: Session) -> Response:
        """Move the case to another open state."""
        cases, case_id = self._desk.cases, case_of(request)
        form = await self._desk.form(request)
        state = text_of(form, "state", _MAX_CODE)
        if state not in _OPEN:
            raise HTTPException(400)
        version = _version(form)

        def work() -> Flash:
            return undoable(cases.set_state([case_id], CaseState(state), session.username, version=version))

        return await self._act(case_id, work)

    async def note(self, request: Request, session: Session) -> Response:
        """Add a note."""
        cases, case_id = self._desk.cases, case_of(request)
        form = await self._desk.form(request)
        text = text_of(form, "text", MAX_NOTE_LENGTH)

        def work() -> Flash:
            cases.note(case_id, text, session.username)
            return Flash("note_added")

        return await self._act(case_id, work, "#timeline")

    async def attach(self, request: Request, session: Session) -> Response:
        """Add a file."""
        cases, case_id = self._desk.cases, case_of(request)
        form = await self._desk.form(request, upload=True)
        sent = form.get("file")
        if not isinstance(sent, UploadFile) or not sent.filename:
            return self._desk.after(_address(case_id), Flash("refused_empty"))
        data = await sent.read(MAX_ATTACHMENT_BYTES + 1)
        name, media_type = sent.filename, sent.content_type or ""

        def work() -> Flash:
            cases.attach(case_id, name, media_type, data, session.username)
            return Flash("file_added")

        return await self._act(case_id, work, "#files")

    async def check(self, request: Request, session: Session) -> Response:
        """Tick an item of the checklist, or take the tick back."""
        cases, case_id = self._desk.cases, case_of(request)
        form = await self._desk.form(request)
        item, done = text_of(form, "item", _MAX_CODE), form.get("done") == "1"

        def work() -> Flash:
            cases.check(case_id, item, session.username, done=done)
            return Flash("item_ticked")

        return await self._act(case_id, work, "#checklist")

    async def close(self, request: Request, session: Session) -> Response:
        """Close the case with its outcome, or propose to where four eyes are needed."""
        desk, case_id = self._desk, case_of(request)
        form = await desk.form(request)
        wanted = chosen_outcome(form)
        if wanted is None:
            return desk.after(_address(case_id), Flash("choose_reason"))
        outcome, reason = wanted
        version = _version(form)

        def work() -> Flash:
            entries, hold = [], None
            if outcome == "fraud":
                things = desk.cases.entities(case_id, THINGS)
                offers = offers_of(desk.cases.terms(), things, session.csrf)
                entries = chosen_offers(offers, form, desk.clock.now_us(), f"case {case_id}: {reason}")
                hold = chosen_hold(form)
            undo = desk.cases.close(
                [case_id], outcome, reason, session.username, list_entries=entries, hold=hold, version=version
            )
            return undoable(undo)

        return await self._act(case_id, work)

    async def confirm(self, request: Request, session: Session) -> Response:
        """Close the case as another person proposed."""
        cases, case_id = self._desk.cases, case_of(request)
        version = _version(await self._desk.form(request))
        return await self._act(
            case_id, lambda: undoable(cases.confirm([case_id], session.username, version=version))
        )

    async def decline(self, request: Request, session: Session) -> Response:
        """Set a proposal aside; who proposed may do so too."""
        cases, case_id = self._desk.cases, case_of(request)
        form = await self._desk.form(request)
        text = text_of(form, "text", MAX_NOTE_LENGTH)
        if not session.may("cases.confirm"):
            case: Case | None = await asyncio.to_thread(cases.get, case_id)
            if case is None:
                raise HTTPException(404)
            if case.proposed_by != session.username:
                raise HTTPException(403, detail="permission")

        def work() -> Flash:
            cases.decline([case_id], session.username, text)
            return Flash("cases_declined")

        return await self._act(case_id, work)

    async def reopen(self, request: Request, session: Session) -> Response:
        """Open a closed case again."""
        cases, case_id = self._desk.cases, case_of(request)
        await self._desk.form(request)
        return await self._act(case_id, lambda: undoable(cases.reopen([case_id], session.username)))

    async def _act(self, case_id: int, work: Callable[[], Flash], place: str = "") -> Response:
        return await act(self._desk, _address(case_id) + place, work)


def case_of(request: Request) -> int:
    """Return the case of an address.

    Raises
    ------
    HTTPException
        404: the number is none that a case can have.
    """
    case_id: int = request.path_params["case"]
    if not 0 < case_id < _MAX_ID:
        raise HTTPException(404)
    return case_id


def _address(case_id: int) -> str:
    return f"/cases/{case_id}"


def _version(form: FormData) -> int | None:
    """Return the version that the page showed, so that an act on an older one is refused."""
    text = form.get("version")
    return number_of(text) if text else None
