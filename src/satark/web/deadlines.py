"""How many of one's own cases press, for the badge in the bar: asked at most every few seconds, whatever is opened."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import SatarkError

if TYPE_CHECKING:
    from satark.cases.deadlines import Due
    from satark.cases.ports import CaseStore
    from satark.core.clock import Clock

FRESH_US = 5 * MICROS_PER_SECOND
MOST_USERS = 1_000


class DueClock:
    """Pressing cases per member of staff; callable from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[int, Due | None]] = OrderedDict()

    def of(self, cases: CaseStore, user: str) -> Due | None:
        """Return how many of a person's cases press; None when the desk does not answer. Blocks."""
        now_us = self._clock.now_us()
        known = self._known.get(user)
        if known is not None and 0 <= now_us - known[0] < FRESH_US:
            return known[1]
        try:
            due = cases.due(user)
        except SatarkError:
            # A badge is not worth a page: the page itself says when the database does not answer.
            due = None
        self._known[user] = (now_us, due)
        while len(self._known) > MOST_USERS:
            self._known.popitem(last=False)
        return due
