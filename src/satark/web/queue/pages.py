"""The queue's page, its refreshing list, saved views, and acts on many cases at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.responses import Response

from satark.cases.model import MAX_BULK, CaseState, Cursor
from satark.web.acts import act, back_of
from satark.web.colleagues import colleagues
from satark.web.flash import Flash
from satark.web.forms import numbers_of, text_of
from satark.web.queue.bulk import bulk
from satark.web.queue.filters import MAX_NAME, QueueQuery
from satark.web.routing import Page
from satark.web.wording import add_case_words

if TYPE_CHECKING:
    from starlette.requests import Request

    from satark.cases.model import Case, SavedView
    from satark.policies.case_rules import CaseTerms
    from satark.web.desk import Desk
    from satark.web.sessions import Session

ROWS = 50
MOST_COUNTED = 1_000
_MAX_QUERY = 1_000


@dataclass(frozen=True, slots=True)
class Board:
    """What the list shows.

    Attributes
    ----------
    total
        How many cases the filter finds, counted to `MOST_COUNTED`.
    following
        The address of the next rows, empty on the last ones.
    """

    rows: list[Case]
    total: int
    following: str
    terms: CaseTerms


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the list: queues with their open cases, views, and who can be given cases."""

    queues: dict[str, int]
    views: list[SavedView]
    people: list[str]


class QueuePages:
    """Handlers of the queue."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        add_case_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/queue", self.queue, "cases.view"),
            Page("/queue/rows", self.rows, "cases.view", touch=False),
            Page("/queue/due", self.due, "cases.work", touch=False),
            Page("/queue/next", self.take_next, "cases.work", ("POST",)),
            Page("/queue/act", self.act, "cases.work", ("POST",)),
            Page("/queue/undo/{undo:int}", self.undo, "cases.work", ("POST",)),
            Page("/queue/views", self.save_view, "cases.view", ("POST",)),
            Page("/queue/views/{view:int}/drop", self.drop_view, "cases.view", ("POST",)),
        ]

    async def queue(self, request: Request, session: Session) -> Response:
        """Show the cases that wait."""
        desk, query = self._desk, QueueQuery.read(request.query_params)
        after = _cursor(request)
        board, around = await asyncio.to_thread(self._read, query, session, after)
        return desk.page(
            request,
            "queue/queue.html",
            query=query,
            board=board,
            around=around,
            is_first=after is None,
            states=[state.value for state in CaseState],
            most=MOST_COUNTED,
            now_us=desk.clock.now_us(),
        )

    async def rows(self, request: Request, session: Session) -> Response:
        """Return the list alone, as it is now."""
        desk, query = self._desk, QueueQuery.read(request.query_params)
        after = _cursor(request)

        def read() -> Board:
            with desk.store.reading_together():
                return self._board(query, session.username, after)

        board = await asyncio.to_thread(read)
        return desk.piece(
            request,
            "queue/rows.html",
            due=getattr(request.state, "due", None),
            query=query,
            board=board,
            session=session,
            most=MOST_COUNTED,
            now_us=desk.clock.now_us(),
        )

    async def due(self, request: Request, _: Session) -> Response:
        """Return the badge of one's own pressing cases, as it is now."""
        due = getattr(request.state, "due", None)
        return (
            Response(status_code=204) if due is None else self._desk.piece(request, "queue/due.html", due=due)
        )

    async def take_next(self, request: Request, session: Session) -> Response:
        """Take the case most at risk that nobody has, and open it."""
        desk = self._desk
        form = await desk.form(request)
        queue = text_of(form, "queue", MAX_NAME)
        case = await asyncio.to_thread(desk.cases.take_next, queue or None, session.username)
        if case is None:
            return desk.after(back_of(form, "/queue"), Flash("queue_empty"))
        return desk.after(f"/cases/{case.id}")

    async def act(self, request: Request, session: Session) -> Response:
        """Do one thing to all chosen cases."""
        desk = self._desk
        form = await desk.form(request)
        chosen = numbers_of(form, "case", MAX_BULK)
        back = back_of(form, "/queue")
        if not chosen:
            return desk.after(back, Flash("choose_cases"))
        people = await asyncio.to_thread(colleagues, desk.staff)
        work = bulk(desk.cases, session, form, chosen, people)
        if isinstance(work, Flash):
            return desk.after(back, work)
        return await act(desk, back, work, number=len(chosen))

    async def undo(self, request: Request, session: Session) -> Response:
        """Take one's own act back."""
        desk, undo_id = self._desk, request.path_params["undo"]
        form = await desk.form(request)
        if undo_id >= 1 << 62:
            raise HTTPException(404)

        def work() -> Flash:
            return Flash("act_undone", len(desk.cases.undo(undo_id, session.username)))

        return await act(desk, back_of(form, "/queue"), work)

    async def save_view(self, request: Request, session: Session) -> Response:
        """Keep the filter of the page under a name."""
        desk = self._desk
        form = await desk.form(request)
        name = " ".join(text_of(form, "name", MAX_NAME).split())
        query = QueueQuery.read(dict(parse_qsl(text_of(form, "query", _MAX_QUERY), max_num_fields=20)))
        if not name or not name.isprintable():
            raise HTTPException(400)
        # Who leads may show a view to everybody; a private one is everybody's own affair.
        shared = form.get("shared") == "1" and session.may("cases.assign")

        def work() -> Flash:
            desk.cases.save_view(session.username, name, query.query(), shared=shared)
            return Flash("view_saved")

        return await act(desk, query.address(), work)

    async def drop_view(self, request: Request, session: Session) -> Response:
        """Remove one's own view."""
        desk, view_id = self._desk, request.path_params["view"]
        form = await desk.form(request)
        if view_id >= 1 << 62:
            raise HTTPException(404)

        def work() -> Flash:
            desk.cases.drop_view(session.username, view_id)
            return Flash("view_dropped")

        return await act(desk, back_of(form, "/queue"), work)

    def _read(self, query: QueueQuery, session: Session, after: Cursor | None) -> tuple[Board, Surroundings]:
        with self._desk.store.reading_together():
            return self._board(query, session.username, after), self._around(session)

    def _board(self, query: QueueQuery, user: str, after: Cursor | None) -> Board:
        cases, wanted = self._desk.cases, query.wanted(user)
        page = cases.queue(wanted, ROWS, after)
        # A first page that is also the last one has been counted by being read.
        whole = len(page.rows) if page.next is None and after is None else cases.count(wanted, MOST_COUNTED)
        following = ""
        if page.next is not None:
            address = query.address()
            following = f"{address}{'&' if '?' in address else '?'}after={page.next.text()}"
        return Board(page.rows, whole, following, cases.terms())

    def _around(self, session: Session) -> Surroundings:
        cases = self._desk.cases
        people = colleagues(self._desk.staff) if session.may("cases.assign") else []
        return Surroundings(cases.queues(), cases.views(session.username), people)


def _cursor(request: Request) -> Cursor | None:
    text = request.query_params.get("after", "")
    if not text:
        return None
    cursor = Cursor.parse(text)
    if cursor is None:
        raise HTTPException(400)
    return cursor
