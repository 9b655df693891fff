"""`create_web`: the pages as an ASGI app of their own process.

They read the engine's database and never its process, so that a page, however busy, cannot slow a decision.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from satark.core.clock import SystemClock
from satark.core.errors import SatarkError
from satark.web.assets import Assets
from satark.web.desk import Desk
from satark.web.feed import Feed
from satark.web.login import LoginPages
from satark.web.options import WebOptions
from satark.web.pages import Pages
from satark.web.rendering import Renderer
from satark.web.security import LoginTokens, SecurityHeaders
from satark.web.sessions import Sessions
from satark.web.stream import Stream
from satark.web.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from satark.core.clock import Clock
    from satark.web.ports import AuditTrail, DecisionReader, StaffDirectory

_log = structlog.get_logger("satark.web")


class SatarkWeb:
    """The ASGI app of the pages.

    Attributes
    ----------
    desk
        What all pages share.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._app = SecurityHeaders(_starlette(desk), secure=desk.options.secure_cookies)

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


def create_web(
    reader: DecisionReader,
    staff: StaffDirectory,
    options: WebOptions | None = None,
    *,
    audit: AuditTrail | None = None,
    clock: Clock | None = None,
    ticks: Callable[[], float] = time.monotonic,
) -> SatarkWeb:
    """Return the pages over a log and a staff directory.

    Parameters
    ----------
    reader, staff
        See `satark.web.ports`.
    options
        Bounds and switches.
    audit
        Called for each login, failed login and opened decision.
    clock
        What the counters count against.
    ticks
        Seconds that only go forward, for sessions and throttling.
    """
    options = options or WebOptions()
    assets = Assets()
    desk = Desk(
        reader=reader,
        staff=staff,
        options=options,
        audit=audit,
        assets=assets,
        feed=Feed(reader, clock or SystemClock(), options),
        renderer=Renderer(assets),
        sessions=Sessions(options.idle_seconds, options.session_seconds, ticks),
        throttle=Throttle(ticks),
        tokens=LoginTokens(),
    )
    return SatarkWeb(desk)


def _starlette(desk: Desk) -> Starlette:
    pages, login, stream = Pages(desk), LoginPages(desk), Stream(desk)

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
        if isinstance(error, SatarkError):
            status = 503
        return desk.error_page(request, status)

    return Starlette(
        routes=[
            Route("/", pages.home, methods=["GET"]),
            Route("/live/stream", stream.open, methods=["GET"]),
            Route("/live/rows", pages.rows, methods=["GET"]),
            Route("/decisions/{seq:int}", pages.decision, methods=["GET"]),
            Route("/login", login.form, methods=["GET"]),
            Route("/login", login.enter, methods=["POST"]),
            Route("/logout", login.leave, methods=["POST"]),
            Route("/settings", pages.settings, methods=["POST"]),
            Route("/static/{name}", file, methods=["GET"]),
            Route("/health/live", live, methods=["GET"]),
        ],
        exception_handlers={HTTPException: unexpected, SatarkError: unexpected, Exception: unexpected},
        lifespan=lifespan,
    )
