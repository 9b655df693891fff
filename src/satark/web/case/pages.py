"""A case's page, its files, and who has it open."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from satark.cases.model import LOCK_SECONDS, CaseState
from satark.core.errors import SatarkError
from satark.web.acts import refusal_of
from satark.web.case.acting import CaseActs, case_of
from satark.web.case.offers import EXPIRY_DAYS
from satark.web.case.reading import read_case
from satark.web.case.timeline import add_timeline_words
from satark.web.entity.names import EntityNames
from satark.web.flash import Flash
from satark.web.forms import number_of
from satark.web.routing import Page
from satark.web.webhooks.words import add_outbox_words
from satark.web.wording import add_case_words

if TYPE_CHECKING:
    from starlette.requests import Request

    from satark.web.desk import Desk
    from satark.web.sessions import Session

_MAX_ID = 1 << 62


class CasePages:
    """Handlers of one case."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._acts = CaseActs(desk)
        EntityNames.of(desk)
        add_case_words(desk.renderer)
        add_timeline_words(desk.renderer)
        add_outbox_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/cases/{case:int}", self.case, "cases.view"),
            Page("/cases/{case:int}/files/{file:int}", self.file, "cases.view"),
            Page("/cases/{case:int}/clock", self.clock, "cases.view", touch=False),
            # The page itself renews its lock while it is open; that is nobody's being there.
            Page("/cases/{case:int}/lock", self.lock, "cases.work", ("POST",), touch=False),
            Page("/cases/{case:int}/unlock", self.unlock, "cases.work", ("POST",), touch=False),
            *self._acts.pages(),
        ]

    async def case(self, request: Request, session: Session) -> Response:
        """Show one case."""
        desk, case_id = self._desk, case_of(request)
        view = await asyncio.to_thread(
            lambda: read_case(
                desk,
                session,
                case_id,
                alerts_before=_place(request, "alerts"),
                events_before=_place(request, "events"),
            )
        )
        if view is None:
            raise HTTPException(404)
        await desk.note(session.username, "case_viewed", f"case {case_id}")
        return desk.page(
            request,
            "case/case.html",
            view=view,
            case=view.case,
            terms=view.terms,
            expiry_days=EXPIRY_DAYS,
            now_us=desk.clock.now_us(),
            may_work=session.may("cases.work") and view.case.state != CaseState.CLOSED,
            lock_seconds=LOCK_SECONDS,
            has_graph=desk.navigation.has("/graph"),
        )

    async def file(self, request: Request, session: Session) -> Response:
        """Hand out a file of the case, as a download that no browser runs."""
        desk, case_id, file_id = self._desk, case_of(request), request.path_params["file"]
        found = await asyncio.to_thread(desk.cases.attachment, file_id) if file_id < _MAX_ID else None
        if found is None or found[0].case_id != case_id:
            raise HTTPException(404)
        about, data = found
        await desk.note(session.username, "case_file_read", f"case {case_id}", file=str(file_id))
        name = quote(about.name, safe="")
        return Response(
            data,
            media_type=about.media_type,
            headers={
                "content-disposition": f"attachment; filename*=UTF-8''{name}",
                "content-security-policy": "sandbox; default-src 'none'",
            },
        )

    async def clock(self, request: Request, _: Session) -> Response:
        """Return how much time the case has left, as it is now."""
        desk = self._desk
        case = await asyncio.to_thread(desk.cases.get, case_of(request))
        if case is None:
            raise HTTPException(404)
        if case.closed_us is not None:
            return Response(status_code=204)
        return desk.piece(request, "case/clock.html", case=case, now_us=desk.clock.now_us())

    async def lock(self, request: Request, session: Session) -> Response:
        """Take or renew the lock that tells others who has the case open."""
        desk, case_id = self._desk, case_of(request)
        try:
            case = await asyncio.to_thread(desk.cases.lock, case_id, session.username, LOCK_SECONDS)
        except SatarkError as error:
            reason = refusal_of(error)
            if reason is None:
                raise
            if not _by_script(request):
                return desk.after(f"/cases/{case_id}", Flash(reason))
            held = await asyncio.to_thread(desk.cases.get, case_id)
            if held is None:
                raise HTTPException(404) from error
            case = held
        if not _by_script(request):
            return desk.after(f"/cases/{case_id}", Flash("case_locked"))
        return desk.piece(request, "case/lock.html", case=case, session=session, now_us=desk.clock.now_us())

    async def unlock(self, request: Request, session: Session) -> Response:
        """Give the lock back."""
        desk, case_id = self._desk, case_of(request)
        await asyncio.to_thread(desk.cases.unlock, case_id, session.username)
        if _by_script(request):
            return Response(status_code=204)
        return desk.after(f"/cases/{case_id}", Flash("case_unlocked"))


def _place(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return number_of(text) if text else None


def _by_script(request: Request) -> bool:
    """Whether our script asks, which wants a piece of the page, or a plain form, which wants a page."""
    return "x-csrf-token" in request.headers or request.query_params.get("leaving") == "1"
