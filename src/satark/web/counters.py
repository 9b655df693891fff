"""How many decisions of each action came in the last minutes, and how much money was stopped.

Decisions are counted in the minute in which they arrived; old minutes are forgotten.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from satark.web.views import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.web.views import Row

MINUTE_US = 60_000_000
KEPT_MINUTES = 15
SHOWN_MINUTES = 5
_STOPPING = frozenset({"hold", "block"})


class Counters:
    """Counts per minute and action; the times are arguments."""

    def __init__(self) -> None:
        self._minutes: dict[int, Counter[str]] = {}
        self._stopped: Counter[int] = Counter()

    def add(self, rows: Iterable[Row]) -> None:
        """Count decisions."""
        for row in rows:
            minute = row.arrived_us // MINUTE_US
            self._minutes.setdefault(minute, Counter())[row.shown_action] += 1
            if row.shown_action in _STOPPING:
                self._stopped[minute] += row.rupees_minor

    def forget(self, now_us: int) -> None:
        """Drop the minutes that no page shows any more."""
        first = now_us // MINUTE_US - KEPT_MINUTES + 1
        for minute in [minute for minute in self._minutes if minute < first]:
            del self._minutes[minute]
            self._stopped.pop(minute, None)

    def totals(self, now_us: int) -> dict[str, int]:
        """Return the count of each action in the last `SHOWN_MINUTES` minutes, the running one among them."""
        total: Counter[str] = Counter()
        for minute in self._last(now_us, SHOWN_MINUTES):
            total.update(self._minutes.get(minute, {}))
        return {action: total[action] for action in ACTIONS}

    def stopped_minor(self, now_us: int) -> int:
        """Return the paise held or blocked in the last `SHOWN_MINUTES` minutes."""
        return sum(self._stopped[minute] for minute in self._last(now_us, SHOWN_MINUTES))

    def chart(self, now_us: int) -> list[list[tuple[str, int]]]:
        """Return for each of the last `KEPT_MINUTES` minutes, oldest first, the (action, count) pairs."""
        return [
            [(action, self._minutes.get(minute, Counter())[action]) for action in ACTIONS]
            for minute in self._last(now_us, KEPT_MINUTES)
        ]

    @staticmethod
    def _last(now_us: int, minutes: int) -> range:
        last = now_us // MINUTE_US
        return range(last - minutes + 1, last + 1)
