"""The lists' pages; whatever is changed here is asked of the engine, which alone writes lists, into its log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from satark.cases.lists import Held
from satark.core.errors import InputInvalid
from satark.web.acts import back_of
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.lists import reading
from satark.web.lists.book import Book, OwnEntry, mask_for, summaries
from satark.web.lists.words import (
    ACT_NAMES,
    DEFAULT_EXPIRY,
    EXPIRY_NAMES,
    FLASHES,
    MISSING_NAMES,
    PROBLEM_NAMES,
)
from satark.web.policy.shelf import Shelf
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.policies import PolicyList
    from satark.web.desk import Desk
    from satark.web.sessions import Session

ROWS = 100
HISTORY_ROWS = 30
MAX_NOTE = 500
MAX_QUERY = 200
MAX_FILE_BYTES = 1_000_000


class ListPages:
    """Handlers of the list pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shelf = Shelf(desk.reader)
        self._book: Book | None = None
        renderer = desk.renderer
        renderer.add_names("expiry_name", EXPIRY_NAMES)
        renderer.add_names("act_name", ACT_NAMES)
        renderer.add_names("missing_name", MISSING_NAMES)
        renderer.add_names("problem_name", PROBLEM_NAMES)
        renderer.add_flashes(FLASHES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/lists", self.overview, "lists.view"),
            Page("/lists/undo/{act:int}", self.undo, "lists.edit", ("POST",)),
            Page("/lists/{name}", self.one, "lists.view"),
            Page("/lists/{name}/add", self.add, "lists.edit", ("POST",)),
            Page("/lists/{name}/remove", self.remove, "lists.edit", ("POST",)),
            Page("/lists/{name}/import", self.take_file, "lists.edit", ("POST",), upload=True),
        ]

    async def overview(self, request: Request, session: Session) -> Response:
        """Show all lists."""
        desk = self._desk

        def read() -> tuple[list[Any], list[Any]]:
            book = self._current()
            lines = [] if book is None else summaries(book, desk.store.lists.counts(desk.clock.now_us()))
            return lines, desk.store.lists.acts(user=session.username)

        lines, acts = await asyncio.to_thread(read)
        return desk.page(request, "lists/lists.html", lines=lines, acts=acts, now_us=desk.clock.now_us())

    async def one(self, request: Request, session: Session) -> Response:
        """Show one list."""
        values = await self._values(request, session, request.path_params["name"])
        return self._desk.page(request, "lists/list.html", **values)

    async def add(self, request: Request, session: Session) -> Response:
        """Put a value on the list, or change until when it counts."""
        form = await self._desk.form(request)
        one = await self._list(request.path_params["name"])
        value = reading.read_value(text_of(form, "value", reading.MAX_VALUE_LENGTH), one)
        if value is None:
            raise HTTPException(400)
        held = Held(on=True, expires_us=self._expiry(form))
        return await self._change(request, session, form, {value: held}, "add")

    async def remove(self, request: Request, session: Session) -> Response:
        """Take values off the list."""
        form = await self._desk.form(request)
        one = await self._list(request.path_params["name"])
        wanted: dict[str | int, Held] = {}
        for text in form.getlist("value"):
            value = reading.read_value(text, one) if isinstance(text, str) else None
            if value is None:
                raise HTTPException(400)
            wanted[value] = Held(on=False)
        if not wanted:
            return self._desk.after(self._back(form, one.name), Flash("list_unchanged"))
        return await self._change(request, session, form, wanted, "remove")

    async def take_file(self, request: Request, session: Session) -> Response:
        """Put the values of a file on the list: all of them, or none when a line is wrong."""
        desk = self._desk
        form = await desk.form(request, upload=True)
        one = await self._list(request.path_params["name"])
        text = await _file_text(form)
        now_us = desk.clock.now_us()
        found = await asyncio.to_thread(reading.read_file, text, one, now_us)
        if found.problems or not found.values:
            values = await self._values(request, session, one.name)
            values.update(problems=found.problems, nothing=not found.problems)
            return desk.page(request, "lists/list.html", status=400, **values)
        otherwise = self._expiry(form)
        wanted = {
            value: Held(on=True, expires_us=otherwise if until is None else until)
            for value, until in found.values.items()
        }
        return await self._change(request, session, form, wanted, "import")

    async def undo(self, request: Request, session: Session) -> Response:
        """Take one's own act back."""
        desk, act = self._desk, request.path_params["act"]
        form = await desk.form(request)
        if act >= 1 << 62:
            raise HTTPException(404)
        try:
            name, count = await asyncio.to_thread(desk.store.lists.undo, act, session.username)
        except InputInvalid as error:
            return desk.after(back_of(form, "/lists"), Flash(f"list_{error.fields.get('reason')}"))
        return desk.after(f"/lists/{name}", Flash("list_undone", count))

    # Parts.

    async def _change(
        self, request: Request, session: Session, form: FormData, wanted: Mapping[str | int, Held], kind: str
    ) -> Response:
        desk, name = self._desk, request.path_params["name"]
        note = text_of(form, "note", MAX_NOTE)
        back = self._back(form, name)

        def ask() -> int | None:
            book = self._current()
            base = {} if book is None else book.base(name, map(str, wanted))
            made: int | None = desk.store.lists.change(
                name, wanted, kind=kind, actor=session.username, note=note, base=base
            )
            return made

        try:
            act = await asyncio.to_thread(ask)
        except InputInvalid as error:
            return desk.after(back, Flash(f"list_{error.fields.get('reason')}"))
        if act is None:
            return desk.after(back, Flash("list_unchanged"))
        code = "list_removed" if kind == "remove" else "list_added"
        return desk.after(back, Flash(code, len(wanted), f"/lists/undo/{act}"))

    async def _values(self, request: Request, session: Session, name: str) -> dict[str, Any]:
        """Read what the page of one list shows, and note that it was read."""
        desk, query = self._desk, request.query_params
        one = await self._list(name)
        begins = query.get("q", "").strip()[:MAX_QUERY]
        mask = mask_for(one.of)
        full = query.get("show") == "full" and session.may("lists.edit")
        before = number_of(query["before"]) if query.get("before") else None
        start = number_of(query["from"]) if query.get("from") else 0
        await desk.note(
            session.username, "list_viewed", name, shown="full" if full or mask is None else "masked"
        )

        def read() -> dict[str, Any]:
            store, book = desk.store.lists, self._current()
            rows = store.values(name, begins=begins, before_seq=before, limit=ROWS)
            page, total = ([], 0) if book is None else book.own(name, begins=begins, start=start, limit=ROWS)
            edited = store.edited(name, [value for value, _ in page])
            return {
                "rows": rows,
                "next_before": rows[-1].seq if len(rows) == ROWS else None,
                "own": [OwnEntry(value, until, value in edited) for value, until in page],
                "own_total": total,
                "own_size": None if book is None else book.size(name),
                "next_from": start + ROWS if start + ROWS < total else None,
                "waiting": store.waiting(name),
                "history": store.history(name, HISTORY_ROWS),
                "acts": store.acts(name, user=session.username, limit=5),
                "asking": next(
                    (
                        line.rules
                        for line in ([] if book is None else summaries(book, {}))
                        if line.one.name == name
                    ),
                    (),
                ),
            }

        return {
            "one": one,
            "begins": begins,
            "full": full,
            "masked": mask is not None and not full,
            "show": (lambda value: value) if mask is None or full else mask,
            "can_edit": session.may("lists.edit"),
            "may_read_policy": session.may("policies.view"),
            "choices": list(EXPIRY_NAMES),
            "chosen": DEFAULT_EXPIRY,
            "now_us": desk.clock.now_us(),
            "problems": [],
            "nothing": False,
            **await asyncio.to_thread(read),
        }

    async def _list(self, name: str) -> PolicyList:
        """Return a list of the policy in force.

        Raises
        ------
        HTTPException
            404: it has no such list.
        """
        book = await asyncio.to_thread(self._current)
        one = None if book is None else book.lists().get(name)
        if one is None:
            raise HTTPException(404)
        return one

    def _current(self) -> Book | None:
        """Return the lists of the policy in force, indexed anew only when it is another; blocks."""
        kept = self._shelf.current(self._desk.store.rollups)
        if kept is None:
            return None
        if self._book is None or self._book.seq != kept.logged.seq:
            self._book = Book(kept)
        return self._book

    def _expiry(self, form: FormData) -> int | None:
        try:
            return reading.expiry_of(
                text_of(form, "expiry", 10), text_of(form, "until", 10), self._desk.clock.now_us()
            )
        except ValueError as error:
            raise HTTPException(400) from error

    @staticmethod
    def _back(form: FormData, name: str) -> str:
        return back_of(form, f"/lists/{name}")


async def _file_text(form: FormData) -> str:
    """Return the text of the uploaded file, else of the text field.

    Raises
    ------
    HTTPException
        400: it is not UTF-8; 413: it is too large.
    """
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return text_of(form, "text", MAX_FILE_BYTES)
    raw = await file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise HTTPException(413)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HTTPException(400) from error
