"""Fills the filter of known ids from the index of the log's ids, in the background, a little at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from satark.core.errors import StorageUnavailable
from satark.storage.known_ids import KnownIds

if TYPE_CHECKING:
    from collections.abc import Collection

_CHUNK = 2_048
_REST_SECONDS = 0.005
_RETRY_SECONDS = 5.0


class IdIndex(Protocol):
    """The ids of the log in their own order."""

    @property
    def indexed_seq(self) -> int:
        """About how many there are."""

    def ids_after(self, owner: int, event_id: str, limit: int) -> list[tuple[int, str]]:
        """Return (owner, id) pairs in order, those after this one."""


class Filling:
    """A filter that answers once it holds all that the index holds; until then every id may be there.

    Parameters
    ----------
    index
        Asked by a thread that starts with the first question and rests between chunks, so that ten million ids cost
        the deciding thread nothing that it would notice.
    """

    def __init__(self, index: IdIndex) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._filled: KnownIds | None = None
        self._coming: KnownIds | None = None

    @property
    def ready(self) -> bool:
        """Whether the filter is complete."""
        return self._filled is not None

    def may_hold(self, owner: int, event_id: str) -> bool:
        """Return False only if the index does not hold this id; from any thread."""
        filled = self._filled
        if filled is not None:
            return filled.may_hold(owner, event_id)
        if self._thread is None:
            self._start()
        return True

    def add(self, ids: Collection[tuple[int, str]]) -> None:
        """Take ids that the index holds now; called before anybody may rely on the index alone for them."""
        with self._lock:
            if self._coming is not None:
                self._coming.add(ids)

    def stop(self) -> None:
        """Let the thread end."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                # What is merged from here on comes through `add`; what was merged before is read from the file.
                self._coming = KnownIds(self._index.indexed_seq * 5 // 4)
                self._thread = threading.Thread(target=self._run, name="satark-ids", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        coming = self._coming
        owner, event_id = -1, ""
        while coming is not None and not self._stop.is_set():
            try:
                ids = self._index.ids_after(owner, event_id, _CHUNK)
            except StorageUnavailable:
                self._stop.wait(_RETRY_SECONDS)
                continue
            if not ids:
                self._filled = coming
                return
            coming.add(ids)
            owner, event_id = ids[-1]
            self._stop.wait(_REST_SECONDS)
