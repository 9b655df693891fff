"""Slowing down who guesses passwords: by name and by address, over a sliding time.

Failures are counted; a success forgets those of the name. Names that do not exist count as well, so the answer does
not tell which exist.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_SECONDS = 300.0
MAX_BY_NAME = 5
MAX_BY_ADDRESS = 20
_MAX_TRACKED = 10_000


class Throttle:
    """Failed logins of the last minutes.

    Parameters
    ----------
    clock
        Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], deque[float]] = {}

    def wait_seconds(self, name: str, address: str) -> float:
        """Return 0.0, or how long this name or address must wait; an empty name is nobody's and counts for none."""
        return max(
            self._wait(("name", name), MAX_BY_NAME) if name else 0.0,
            self._wait(("address", address), MAX_BY_ADDRESS),
        )

    def failed(self, name: str, address: str) -> None:
        """Count a failure."""
        now = self._clock()
        for who in (("name", name), ("address", address)):
            if not who[1]:
                continue
            times = self._failures.pop(who, None)
            # Put back at the end, so that the first in the table is the one not heard of for longest.
            self._failures[who] = deque(maxlen=MAX_BY_ADDRESS) if times is None else times
            self._failures[who].append(now)
        while len(self._failures) > _MAX_TRACKED:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name, and the one that was counted for this address before the check.

        Of an address no more than that: who knows one password must not thereby be free to guess others. But a whole
        office behind one address may log in in the same minute.
        """
        self._failures.pop(("name", name), None)
        times = self._failures.get(("address", address))
        if times:
            times.pop()

    def _wait(self, who: tuple[str, str], most: int) -> float:
        times = self._failures.get(who)
        if times is None:
            return 0.0
        now = self._clock()
        while times and now - times[0] >= WINDOW_SECONDS:
            times.popleft()
        if len(times) < most:
            return 0.0
        return WINDOW_SECONDS - (now - times[-most])
