"""New decisions, read once for all viewers.

One task asks the log a few times a second for what came after the last decision it saw, and hands it to all open
pages. The engine's process is never touched: the pages read its database. A viewer that cannot keep up loses the
oldest news, never the server's memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

import structlog

from satark.core.errors import SatarkError
from satark.web.counters import Counters
from satark.web.views import Row, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.core.clock import Clock
    from satark.web.options import WebOptions
    from satark.web.ports import DecisionReader

_log = structlog.get_logger("satark.web")
_FIRST_LOOK = 2_000
_WAITING_NEWS = 16
_FAILED_POLL_SECONDS = 2.0


class News:
    """What one look at the log brought.

    Attributes
    ----------
    number
        1, 2, 3, ...
    rows
        New decisions, newest first.
    passed_over
        How many log entries were skipped because the log grows faster than pages can show.
    broken
        The database did not answer.
    ended
        The pages are closing.
    """

    __slots__ = ("broken", "ended", "number", "passed_over", "rendered", "rows")

    def __init__(
        self,
        number: int,
        rows: tuple[Row, ...] = (),
        *,
        passed_over: int = 0,
        broken: bool = False,
        ended: bool = False,
    ) -> None:
        self.number = number
        self.rows = rows
        self.passed_over = passed_over
        self.broken = broken
        self.ended = ended
        self.rendered: dict[tuple[str, ...], str] = {}


class Feed:
    """The shared look at the log.

    Attributes
    ----------
    counters
        What came in the last minutes.
    latest
        The newest decisions, newest first.
    broken
        The last look failed.
    """

    def __init__(self, reader: DecisionReader, clock: Clock, options: WebOptions) -> None:
        self._reader = reader
        self._clock = clock
        self._options = options
        self._viewers: set[asyncio.Queue[News]] = set()
        self._closing = False
        self._seen = 0
        self._number = 0
        self._task: asyncio.Task[None] | None = None
        self.counters = Counters()
        self.latest: deque[Row] = deque(maxlen=options.rows)
        self.broken = False

    def start(self) -> None:
        """Begin to look; in the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop looking and let all viewers go."""
        self.let_go()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def let_go(self) -> None:
        """Tell all viewers that the pages are closing."""
        self._closing = True
        self._tell(News(self._number, ended=True))

    @contextlib.contextmanager
    def viewer(self) -> Iterator[asyncio.Queue[News]]:
        """Give a queue of news for as long as a page is open."""
        queue: asyncio.Queue[News] = asyncio.Queue(_WAITING_NEWS)
        if self._closing:
            # A page that was being opened when the others were let go must not hold up the end.
            queue.put_nowait(News(self._number, ended=True))
        self._viewers.add(queue)
        try:
            yield queue
        finally:
            self._viewers.discard(queue)

    def now_us(self) -> int:
        """Return the time that the counters are read at."""
        return self._clock.now_us()

    def look(self, limit: int) -> tuple[list[Row], int]:
        """Read what is new; returns rows, newest first, and how many entries were passed over. Blocks."""
        passed_over = 0
        last = self._reader.last_seq()
        if self._seen == 0 or last - self._seen > 4 * limit:
            entries = self._reader.recent(_FIRST_LOOK if self._seen == 0 else limit)
            if self._seen and entries:
                passed_over = max(0, entries[-1].seq - self._seen - 1)
                entries = [entry for entry in entries if entry.seq > self._seen]
        elif last > self._seen:
            entries = self._reader.recent(limit, after_seq=self._seen)
        else:
            return [], 0
        newest = entries[0].seq if entries else 0
        # Results and labels take places in the log as well. A look that was not cut short has seen them all; `last`
        # was read before the entries, so nothing up to it can be missing among them.
        self._seen = max(self._seen, newest) if len(entries) == limit else max(self._seen, newest, last)
        return [row for row in map(row_of, entries) if row is not None], passed_over

    async def poll(self) -> None:
        """Look once and tell the viewers."""
        try:
            rows, passed_over = await asyncio.to_thread(self.look, self._options.poll_limit)
        except SatarkError as error:
            if not self.broken:
                _log.warning("log_unreadable", code=error.code)
            self.broken = True
            self._tell(News(self._next(), broken=True))
            return
        self.broken = False
        self.counters.add(rows)
        self.counters.forget(self.now_us())
        for row in reversed(rows):
            self.latest.appendleft(row)
        self._tell(News(self._next(), tuple(rows[: self._options.rows]), passed_over=passed_over))

    async def _run(self) -> None:
        while True:
            try:
                await self.poll()
            except Exception as error:  # noqa: BLE001 - the pages live on; the next look tries again
                _log.error("look_failed", error=type(error).__name__)
                self.broken = True
            if self.broken:
                pause = _FAILED_POLL_SECONDS
            else:
                pause = self._options.poll_seconds if self._viewers else self._options.quiet_poll_seconds
            await asyncio.sleep(pause)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _tell(self, news: News) -> None:
        for queue in self._viewers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)
