"""GET /graph/{token}, the page of a graph, and the data that `static/graph.js` asks for.

The panel (`templates/graph/panel.html`) can stand on any page: it needs `graph_url`, where its first data comes from,
or a `case`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse

from satark.web import i18n
from satark.web.entity.labels import KIND_NAMES, label_of
from satark.web.entity.names import EntityNames
from satark.web.graph.reading import AROUND, GraphReader
from satark.web.routing import Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.model import EntityRef
    from satark.web.desk import Desk
    from satark.web.sessions import Session

THINGS_READ = 500
_MAX_ID = 1 << 62


class GraphPages:
    """The page and its data."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names = EntityNames.of(desk)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/graph", self.begin, "entities.view"),
            Page("/graph/case/{case:int}", self.case, "cases.view", touch=False),
            Page("/graph/around/{token}", self.around, "entities.view"),
            Page("/graph/way/{token}/{other}", self.way, "entities.view"),
            Page("/graph/{token}", self.show, "entities.view"),
        ]

    async def begin(self, _: Request, __: Session) -> Response:
        """Send to the search, where every graph begins."""
        return RedirectResponse("/search", status_code=303)

    async def show(self, request: Request, session: Session) -> Response:
        """Show the graph around one thing; without JavaScript it is a list."""
        desk = self._desk
        ref = self._ref(request, "token")
        entities = desk.entities
        found = await asyncio.to_thread(entities.surroundings, ref, AROUND)
        if found is None:
            raise HTTPException(404)
        links = found[1]
        token = request.path_params["token"]
        await desk.note(session.username, "graph_viewed", f"{ref.kind.value} {label_of(ref)}", token=token)
        return desk.page(
            request,
            "graph/page.html",
            ref=ref,
            links=links,
            graph_url=f"/graph/around/{token}",
        )

    async def around(self, request: Request, _: Session) -> Response:
        """Return a thing with its nearest neighbours."""
        ref = self._ref(request, "token")
        return self._answer(await asyncio.to_thread(self._reader(request).around, ref))

    async def case(self, request: Request, _: Session) -> Response:
        """Return the things of a case and what they share among themselves."""
        number = request.path_params["case"]
        return self._answer(await asyncio.to_thread(self._of_case, self._reader(request), number))

    async def way(self, request: Request, _: Session) -> Response:
        """Return the shortest way between two things."""
        a, b = self._ref(request, "token"), self._ref(request, "other")
        return self._answer(await asyncio.to_thread(self._reader(request).way, a, b))

    def _of_case(self, reader: GraphReader, number: int) -> dict[str, Any] | None:
        cases = self._desk.cases
        if number >= _MAX_ID or cases.get(number) is None:
            return None
        return reader.of_case(cases.entities(number, THINGS_READ))

    def _reader(self, request: Request) -> GraphReader:
        translate = i18n.translations(self._desk.lang(request)).gettext
        return GraphReader(
            self._desk.entities, self._names, lambda kind: translate(KIND_NAMES.get(kind, kind))
        )

    def _ref(self, request: Request, name: str) -> EntityRef:
        ref = self._names.ref(request.path_params[name])
        if ref is None:
            raise HTTPException(404)
        return ref

    @staticmethod
    def _answer(found: dict[str, Any] | None) -> Response:
        if found is None:
            raise HTTPException(404)
        return JSONResponse(found)
