"""Garbage collection in idle slices instead of at random moments.

Left alone, Python's collector stops the engine for up to 120 ms when it walks all objects. After start
everything that lives is frozen (never walked again) and the collector is switched off; from then on this
schedule runs it when no request is in flight: the young objects many times a second (well under a
millisecond), all that came since the start only when the server has been idle for a while or the last such
run is long ago.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

TICK_SECONDS = 0.05
YOUNG_OVERDUE_SECONDS = 0.25
MIDDLE_SECONDS = 0.5
"""What has come since the last such run is walked: after five seconds of 1,000 payments each that takes 12 to 38 ms,
during which nobody is answered; after half a second there is a tenth as much to walk."""
FULL_SECONDS = 60.0
FULL_OVERDUE_SECONDS = 1_800.0
IDLE_SECONDS = 0.5


class GcSchedule:
    """Runs the collector from the event loop.

    Parameters
    ----------
    loop
        The loop whose idle slices are used.
    in_flight
        Tells how many requests are being served.
    settled
        Tells whether what shall live for long has been built; everything is then frozen once more. An engine reads
        its log after the server listens, so most of what lives comes after `start`.
    clock
        Seconds that only go forward.

    Attributes
    ----------
    runs
        How often each generation was collected.
    longest_seconds
        The longest pause per generation.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        in_flight: Callable[[], int],
        *,
        settled: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        collect: Callable[[int], int] = gc.collect,
    ) -> None:
        self._loop = loop
        self._in_flight = in_flight
        self._settled = settled
        self._clock = clock
        self._collect = collect
        self._timer: asyncio.TimerHandle | None = None
        now = clock()
        self._last = [now, now, now]
        self._busy_at = now
        self.runs = [0, 0, 0]
        self.longest_seconds = [0.0, 0.0, 0.0]

    def start(self) -> None:
        """Collect once, freeze what lives, switch the collector off and start the schedule."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def stop(self) -> None:
        """Give the collector back to Python."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gc.enable()
        gc.unfreeze()

    def due(self, now: float) -> int | None:
        """Return the generation to collect now, or None."""
        if self._in_flight() > 0:
            self._busy_at = now
            if now - self._last[2] >= FULL_OVERDUE_SECONDS:
                return 2
            return 0 if now - self._last[0] >= YOUNG_OVERDUE_SECONDS else None
        if now - self._busy_at >= IDLE_SECONDS and now - self._last[2] >= FULL_SECONDS:
            return 2
        return 1 if now - self._last[1] >= MIDDLE_SECONDS else 0

    def run(self) -> None:
        """Collect what is due."""
        if self._settled is not None and self._settled():
            self._settled = None
            gc.collect()
            gc.freeze()
        now = self._clock()
        generation = self.due(now)
        if generation is None:
            return
        self._collect(generation)
        ended = self._clock()
        self.runs[generation] += 1
        self.longest_seconds[generation] = max(self.longest_seconds[generation], ended - now)
        for younger in range(generation + 1):
            self._last[younger] = ended

    def _tick(self) -> None:
        self.run()
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)
