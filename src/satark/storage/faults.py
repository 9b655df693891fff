"""A log that fails on command: for drills and for tests of whatever stands on the log.

>>> import errno
>>> log = FaultyLog(None)
>>> log.break_with(errno.ENOSPC)
>>> log.append([])
Traceback (most recent call last):
satark.core.errors.StorageUnavailable: the log cannot be written: No space left on device
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from satark.core.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.decisions.ports import LogEntry


class FaultyLog:
    """Stands before an `EventLog` and makes appends fail as a bad disk would; the rest is passed on.

    Parameters
    ----------
    log
        The log behind it.
    """

    def __init__(self, log: Any) -> None:  # noqa: ANN401 - an EventLog or a double of one
        self._log = log
        self._number: int | None = None
        self._left: int | None = None
        self._committed = False
        self.refused = 0

    def break_with(self, number: int, *, times: int | None = None, committed: bool = False) -> None:
        """Let appends fail from now on.

        Parameters
        ----------
        number
            The system's error, for instance `errno.ENOSPC` or `errno.EIO`.
        times
            How many appends; None until `mend`.
        committed
            The batch is committed all the same and the error says that this is not known (``certain=False``).
        """
        self._number, self._left, self._committed = number, times, committed

    def mend(self) -> None:
        """Let appends work again."""
        self._number = None

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Fail while broken, else pass on.

        Raises
        ------
        StorageUnavailable
            While broken.
        """
        if self._number is None:
            self._log.append(entries)
            return
        message = f"the log cannot be written: {os.strerror(self._number)}"
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._number = None
        self.refused += 1
        if self._committed:
            self._log.append(entries)
        raise StorageUnavailable(message, certain=not self._committed)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the log has
        return getattr(self._log, name)
