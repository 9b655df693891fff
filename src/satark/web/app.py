"""`create_web`: the pages as an ASGI app of their own process.

They read the engine's database and never its process, so that a page, however busy, cannot slow a decision.
Each area of the console is a class in `web/<area>/pages.py` that is made of the desk and lists its pages with the
permission each of them needs; `AREAS` names them all.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Protocol

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from satark.core.clock import SystemClock
from satark.core.errors import SatarkError
from satark.web.account import AccountPages
from satark.web.assets import Assets
from satark.web.audit import AuditPages
from satark.web.backtest import BacktestPages
from satark.web.case import CasePages
from satark.web.customer import CustomerPages
from satark.web.dashboard import DashboardPages
from satark.web.deadlines import DueClock
from satark.web.decision.pages import DecisionPages
from satark.web.desk import Desk
from satark.web.entity.pages import EntityPages
from satark.web.feed import Feed
from satark.web.graph.pages import GraphPages
from satark.web.lists import ListPages
from satark.web.login import LoginArea
from satark.web.models import ModelPages
from satark.web.options import WebOptions
from satark.web.pages import Pages
from satark.web.policy import LifecyclePages, PolicyPages
from satark.web.queue import QueuePages
from satark.web.rendering import Renderer
from satark.web.routing import guarded
from satark.web.search.pages import SearchPages
from satark.web.security import LoginTokens, SecurityHeaders
from satark.web.sessions import MemorySessions, Sessions
from satark.web.staff import StaffPages
from satark.web.stream import Stream
from satark.web.supervisor import SupervisorPages
from satark.web.throttle import Throttle
from satark.web.watch import WatchPages
from satark.web.webhooks import WebhooksPages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from satark.core.clock import Clock
    from satark.web.audit.pages import Trail
    from satark.web.identity.ports import IdentityStore
    from satark.web.ports import AuditTrail, DecisionReader, DeskStore, ModelShelf, StaffDirectory
    from satark.web.routing import Page

_log = structlog.get_logger("satark.web")
_STATUS_OF = {"not_found": 404, "forbidden": 403, "input_invalid": 400, "body_too_large": 413}
"""Errors that a page lets through; all others mean that a database does not answer."""


class Area(Protocol):
    """A part of the console."""

    def __init__(self, desk: Desk) -> None: ...

    def pages(self) -> list[Page]:
        """Return its pages, each with the permission that it needs."""


class OpenArea(Protocol):
    """Pages that need no login and guard themselves."""

    def __init__(self, desk: Desk) -> None: ...

    def routes(self) -> list[Route]:
        """Return its routes."""


AREAS: tuple[type[Area], ...] = (
    Pages,
    Stream,
    QueuePages,
    CasePages,
    SupervisorPages,
    DecisionPages,
    EntityPages,
    GraphPages,
    SearchPages,
    DashboardPages,
    ListPages,
    PolicyPages,
    LifecyclePages,
    BacktestPages,
    ModelPages,
    AuditPages,
    StaffPages,
    AccountPages,
    WebhooksPages,
    WatchPages,
)
"""All areas behind the login; each owner adds one line."""

OPEN_AREAS: tuple[type[OpenArea], ...] = (LoginArea, CustomerPages)
"""Areas that anybody may open, such as a customer's answer to a notice."""


class SatarkWeb:
    """The ASGI app of the pages.

    Attributes
    ----------
    desk
        What all pages share.
    pages
        All pages behind the login; what a test of the permissions walks.
    """

    def __init__(self, desk: Desk) -> None:
        areas = [area(desk) for area in AREAS]
        self.desk = desk
        self.pages = [page for area in areas for page in area.pages()]
        desk.navigation.register(page.path for page in self.pages)
        self._app = SecurityHeaders(_starlette(desk, self.pages), secure=desk.options.secure_cookies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the start and stop of the server."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            # Starlette has answered with the error page; the log gets the kind of error, never its text.
            _log.error("page_failed", path=scope["path"], error=type(error).__name__)

    def stopping(self) -> None:
        """Let go of the open live pages, so that the server can stop."""
        self.desk.feed.let_go()


def create_web(  # noqa: PLR0913 - the one place that is handed everything
    reader: DecisionReader,
    staff: StaffDirectory,
    options: WebOptions | None = None,
    *,
    audit: AuditTrail | None = None,
    clock: Clock | None = None,
    ticks: Callable[[], float] = time.monotonic,
    desk_store: DeskStore | None = None,
    identity: IdentityStore | None = None,
    trail: Trail | None = None,
    models: ModelShelf | None = None,
) -> SatarkWeb:
    """Return the pages over a log, a staff directory and the desk database.

    Parameters
    ----------
    reader, staff
        See `satark.web.ports`.
    options
        Bounds and switches.
    audit
        Called for each login, failed login and opened decision.
    clock
        What counters, deadlines, locks and sessions count against.
    ticks
        Seconds that only go forward, for throttling.
    desk_store
        Cases and all else that people work on; without it, pages that need it answer 503.
    identity
        Sessions and second factors of the staff; without it, sessions end with the process and nobody has a factor.
    trail
        The installation's own audit trail, for the auditor's pages.
    models
        The models of the installation's folder, for the authors of policies.
    """
    options = options or WebOptions()
    clock = clock or SystemClock()
    assets = Assets()
    desk = Desk(
        reader=reader,
        staff=staff,
        options=options,
        audit=audit,
        assets=assets,
        feed=Feed(reader, clock, options),
        renderer=Renderer(assets),
        sessions=Sessions(
            MemorySessions() if identity is None else identity.sessions,
            staff,
            clock,
            idle_seconds=options.idle_seconds,
            session_seconds=options.session_seconds,
            second_factor=options.second_factor,
        ),
        throttle=Throttle(ticks),
        tokens=LoginTokens(),
        clock=clock,
        desk_store=desk_store,
        identity=identity,
        trail=trail,
        models=models,
        due_clock=DueClock(clock),
    )
    return SatarkWeb(desk)


def _starlette(desk: Desk, pages: list[Page]) -> Starlette:
    home = Pages(desk)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        desk.feed.start()
        try:
            yield
        finally:
            await desk.feed.stop()

    async def file(request: Request) -> Response:
        found = desk.assets.response(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return found

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def unexpected(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        reason = error.detail if isinstance(error, HTTPException) else ""
        if isinstance(error, SatarkError):
            status = _STATUS_OF.get(error.code, 503)
        return desk.error_page(request, status, reason)

    routes = [
        *guarded(desk, pages),
        *(route for area in OPEN_AREAS for route in area(desk).routes()),
        Route("/settings", home.settings, methods=["POST"]),
        Route("/static/{name}", file, methods=["GET"]),
        Route("/health/live", live, methods=["GET"]),
    ]
    desk.navigation.register_readable(route.path_regex for route in routes if "GET" in (route.methods or ()))
    return Starlette(
        routes=routes,
        exception_handlers={HTTPException: unexpected, SatarkError: unexpected, Exception: unexpected},
        lifespan=lifespan,
    )
