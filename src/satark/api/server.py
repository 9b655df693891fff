"""Runs the ASGI app on uvicorn: uvloop, httptools, no access log, a graceful stop.

On SIGTERM or SIGINT the server stops accepting, finishes what it accepted, lets the app close (its
lifespan) and returns, so that the caller can close storage and leave with its own exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import uvicorn

from satark.api.edge import EdgeProtocol
from satark.api.gc_schedule import GcSchedule

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from satark.api.options import ServerOptions

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Uvicorn's server that returns after a signal instead of raising it again.

    An app with endless answers (a live page) may have a method `stopping()`; it is called in the loop as soon as the
    signal comes, so that those answers can end.
    """

    loop: asyncio.AbstractEventLoop | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the stop and tell the app."""
        super().handle_exit(sig, frame)
        stopping = getattr(self.config.app, "stopping", None)
        if stopping is not None and self.loop is not None:
            self.loop.call_soon_threadsafe(stopping)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into a graceful stop while serving."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_config(app: Any, options: ServerOptions) -> uvicorn.Config:  # noqa: ANN401 - any ASGI app
    """Return uvicorn's settings for these options."""
    return uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        loop="uvloop",
        http=EdgeProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=options.backlog,
        limit_concurrency=options.max_connections,
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=options.stop_seconds,
    )


def run_server(
    app: Any,  # noqa: ANN401 - any ASGI app
    options: ServerOptions,
    *,
    sockets: list[socket.socket] | None = None,
    on_listening: Callable[[str, int], None] | None = None,
    in_flight: Callable[[], int] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then return.

    Parameters
    ----------
    app
        The ASGI app of `create_app`, or any other.
    options
        Where to listen and how to stop.
    sockets
        Sockets that listen already, instead of host and port.
    on_listening
        Called in the loop with the address and port once connections are accepted (port 0 means a free one).
    in_flight
        How many requests are under way, for the schedule of the garbage collector; by default the app's own
        `in_flight()` if it has one. The app's `settled()`, if it has one, tells when all is built that lives long.
    """
    server = _Server(server_config(app, options))
    busy: Callable[[], int] = in_flight or getattr(app, "in_flight", None) or _never_busy
    before = sys.getswitchinterval()
    if options.switch_interval_seconds is not None:
        sys.setswitchinterval(options.switch_interval_seconds)
    try:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_serve(server, options, sockets, on_listening, busy))
    finally:
        sys.setswitchinterval(before)


async def _serve(
    server: _Server,
    options: ServerOptions,
    sockets: list[socket.socket] | None,
    on_listening: Callable[[str, int], None] | None,
    in_flight: Callable[[], int],
) -> None:
    server.loop = asyncio.get_running_loop()
    if options.threads is not None:
        server.loop.set_default_executor(ThreadPoolExecutor(options.threads, "satark-thread"))
    schedule = GcSchedule(server.loop, in_flight, settled=getattr(server.config.app, "settled", None))
    watcher = asyncio.ensure_future(
        _after_start(server, schedule if options.schedule_gc else None, on_listening)
    )
    try:
        await server.serve(sockets=sockets)
    finally:
        watcher.cancel()
        if options.schedule_gc:
            schedule.stop()


async def _after_start(
    server: uvicorn.Server,
    schedule: GcSchedule | None,
    on_listening: Callable[[str, int], None] | None,
) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    if schedule is not None:
        schedule.start()
    if on_listening is not None:
        name = server.servers[0].sockets[0].getsockname()
        on_listening(str(name[0]), int(name[1]))


def _never_busy() -> int:
    return 0
