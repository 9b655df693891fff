"""GET /search: one field for any id, last four digits, phone, UPI id, e-mail address, PIN, case or place in the log.

What somebody searches for is often personal, so it does not stay in the address: `/search?q=` sends on to the search's
sealed name, which can be kept and shared among those who may log in.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from satark.events.rules import ID
from satark.web import views
from satark.web.entity.names import EntityNames
from satark.web.permissions import allowed
from satark.web.routing import Page
from satark.web.sealing import Seal
from satark.web.wording import OUTCOME_NAMES, STATE_NAMES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.model import Case
    from satark.decisions.ports import LogEntry
    from satark.web.desk import Desk
    from satark.web.sessions import Session

PURPOSE = "search"
MAX_TEXT = 200
MAX_HITS = 40
_MAX_NUMBER_DIGITS = 18


class SearchPages:
    """The search."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seal = Seal(desk.options.link_key)
        EntityNames.of(desk)
        desk.renderer.add_names("state_name", STATE_NAMES)
        desk.renderer.add_names("outcome_name", OUTCOME_NAMES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/search", self.begin, "entities.view"),
            Page("/search/{token}", self.show, "entities.view"),
        ]

    async def begin(self, request: Request, _: Session) -> Response:
        """Show the empty form, or send on to the search's sealed name."""
        text = _tidy(request.query_params.get("q", ""))
        if text:
            return RedirectResponse(f"/search/{self._seal.close(PURPOSE, text)}", status_code=303)
        return self._desk.page(request, "search/page.html", text="", found=None)

    async def show(self, request: Request, session: Session) -> Response:
        """Show what was found."""
        desk = self._desk
        text = self._seal.open(PURPOSE, request.path_params["token"])
        if text is None:
            raise HTTPException(404)
        found = await asyncio.to_thread(self._search, text, session.role)
        await desk.note(session.username, "searched", "", hits=str(sum(len(part) for part in found.values())))
        return desk.page(request, "search/page.html", text=text, found=found)

    def _search(self, text: str, role: str) -> dict[str, list[Any]]:
        with self._desk.store.reading_together():
            return self._find(text, role)

    def _find(self, text: str, role: str) -> dict[str, list[Any]]:
        desk = self._desk
        entries: dict[int, LogEntry] = {}
        cases: dict[int, Case] = {}
        number = text.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) <= _MAX_NUMBER_DIGITS:
            entry = desk.reader.get(int(number))
            if entry is not None:
                entries[entry.seq] = entry
            if allowed(role, "cases.view"):
                case = desk.cases.get(int(number))
                if case is not None:
                    cases[case.id] = case
        if ID.normal(text) is not None:
            entries |= {entry.seq: entry for entry in desk.reader.find_anywhere(text)}
        if allowed(role, "cases.view"):
            for entry in entries.values():
                case = desk.cases.of_event(entry.seq)
                if case is not None:
                    cases[case.id] = case
        return {
            "rows": [row for row in map(views.row_of, entries.values()) if row is not None],
            "cases": list(cases.values()),
            "hits": desk.entities.find(text, MAX_HITS),
        }


def _tidy(text: str) -> str:
    r"""Return a search without what nobody types on purpose.

    Examples
    --------
    >>> _tidy("  98765   43210\x00 "), len(_tidy("x" * 900))
    ('98765 43210', 200)
    """
    words = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * MAX_TEXT]).split()
    return " ".join(words)[:MAX_TEXT].strip()
