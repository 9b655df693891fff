"""The texts behind the words of windows, for as long as a window may hold them.

The kernel knows texts as hashes. What `first` or `last` gives back must be the text again, so it is kept beside the
windows, and let go of once every event that brought it has left the longest window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKETS = 256
"""Texts lie in so many parts by their word, so that neither a copy nor letting go of many stops anybody for long."""
_PART = BUCKETS - 1
FOR_EVER = 1 << 62


class Texts:
    """Word to text, each for at least `keep_us` after the last event that brought it, and at most about twice as long.

    Parameters
    ----------
    keep_us
        How far windows can still reach back, in microseconds of event time.

    Notes
    -----
    Each part has a young and an older half. Every `keep_us` the young one becomes the older, and the older one goes:
    what lay in it was not brought again for as long. One thread notes; others may copy meanwhile.
    """

    def __init__(self, keep_us: int = FOR_EVER) -> None:
        self._keep_us = keep_us
        self._young: list[dict[int, str]] = [{} for _ in range(BUCKETS)]
        self._older: list[dict[int, str]] = [{} for _ in range(BUCKETS)]
        self._until_us: list[int | None] = [None] * BUCKETS

    def __len__(self) -> int:
        """Return how many are kept; one that lies in both halves counts twice."""
        return sum(map(len, self._young)) + sum(map(len, self._older))

    def note(self, word: int, text: str, time_us: int) -> None:
        """Keep a text that an event of this time brings."""
        part = word & _PART
        until_us = self._until_us[part]
        if until_us is None:
            self._until_us[part] = time_us + self._keep_us
        elif time_us >= until_us:
            self._until_us[part] = time_us + self._keep_us
            self._older[part], self._young[part] = self._young[part], {}
        self._young[part][word] = text

    def get(self, word: int) -> str | None:
        """Return the text of a word, None when it is not known (any more)."""
        part = word & _PART
        text = self._young[part].get(word)
        return self._older[part].get(word) if text is None else text

    def copy(self) -> dict[int, str]:
        """Return all that is kept; from any thread."""
        found: dict[int, str] = {}
        for part in range(BUCKETS):
            # What becomes older between the two is then seen twice and not missed.
            young = self._young[part].copy()
            found |= self._older[part].copy()
            found |= young
        return found

    def restore(self, texts: Mapping[int, str], time_us: int) -> None:
        """Keep what a copy held, as if an event of this time had brought it."""
        for word, text in texts.items():
            self.note(word, text, time_us)
