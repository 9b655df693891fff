"""Bounds on who asks for links: tokens that are none, by address; one real link, by itself.

A mobile operator puts thousands of phones behind one address, so a real link is never refused because of others who
share its holder's; it has a bound of its own.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_SECONDS = 300.0
MAX_WRONG_BY_ADDRESS = 20
MAX_BY_LINK = 40
_MAX_TRACKED = 20_000


class LinkLimits:
    """What was asked for in the last minutes.

    Parameters
    ----------
    clock
        Seconds.

    Examples
    --------
    >>> limits = LinkLimits(lambda: 0.0)
    >>> [limits.wrong("203.0.113.7") for _ in range(21)][-2:], limits.asked(b"link")
    ([True, False], True)
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: dict[tuple[str, object], deque[float]] = {}

    def wrong(self, address: str) -> bool:
        """Count a token that is none; False when this address sent too many of them."""
        return self._count(("wrong", address), MAX_WRONG_BY_ADDRESS)

    def asked(self, link: bytes) -> bool:
        """Count a request for a real link; False when there were too many of them."""
        return self._count(("link", link), MAX_BY_LINK)

    def _count(self, who: tuple[str, object], most: int) -> bool:
        now = self._clock()
        times = self._times.pop(who, None)
        # Put back at the end, so that the first in the table is the one not heard of for longest.
        self._times[who] = times = deque() if times is None else times
        while len(self._times) > _MAX_TRACKED:
            del self._times[next(iter(self._times))]
        while times and now - times[0] >= WINDOW_SECONDS:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        return True
