"""When to ask again: exponential waits with full jitter, within one budget of time.

Asking again is always safe: the id makes the server give the stored answer, and the body is sent byte for
byte as before. Waits are drawn from the whole range (full jitter, Brooker, AWS Architecture Blog 2015), so
that callers who failed together do not come back together.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


class Attempts:
    """The attempts of one call.

    Parameters
    ----------
    budget_seconds
        From the first attempt to giving up.
    most
        The most attempts.
    base_seconds, cap_seconds
        The range of the first wait and the longest range.
    """

    def __init__(
        self,
        budget_seconds: float,
        *,
        most: int = 5,
        base_seconds: float = 0.02,
        cap_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._ends = clock() + budget_seconds
        self._most = most
        self._base = base_seconds
        self._cap = cap_seconds
        self._clock = clock
        self._draw = draw
        self.count = 0

    def remaining_seconds(self) -> float:
        """Return what is left of the budget."""
        return max(0.0, self._ends - self._clock())

    def begin(self) -> float:
        """Count an attempt and return how long it may take, in seconds."""
        self.count += 1
        return max(0.001, self.remaining_seconds())

    def wait_seconds(self, retry_after_seconds: float | None = None) -> float | None:
        """Return how long to wait before the next attempt, or None to give up."""
        if self.count >= self._most:
            return None
        wait = self._draw(0.0, min(self._cap, self._base * 2.0 ** (self.count - 1)))
        if retry_after_seconds is not None:
            wait += retry_after_seconds
        return wait if wait < self.remaining_seconds() else None


def retry_after_of(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header; dates and nonsense count as absent.

    Examples
    --------
    >>> retry_after_of("2"), retry_after_of(None), retry_after_of("Wed, 21 Oct 2026 07:28:00 GMT")
    (2.0, None, None)
    """
    if value is None or not value.isascii() or not value.isdigit():
        return None
    return float(value)
