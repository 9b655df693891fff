"""What the engine needs from outside, as Protocols; `satark.storage` implements them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

FLAG_LATE = 1
FLAG_PARKED = 2
FLAG_LABELLED = 4


class LogEntry(msgspec.Struct, frozen=True):
    """One line of the log; log order (`seq`) is the order in which the windows moved.

    Attributes
    ----------
    seq
        1, 2, 3, ... without gaps.
    owner
        The owner of the API key that sent it; ids are unique per owner.
    kind
        payment, payment_result, label, payee_change, or an input: list_edit, rates, policy, model, roster.
    ref
        For results and labels the id of their payment, else empty.
    flags
        `FLAG_LATE` (kept out of the windows), `FLAG_PARKED` (its payment is not known yet), `FLAG_LABELLED` (of a
        payment: a label that had waited for it entered the windows with it).
    digest
        SHA-256 of the canonical body, 32 bytes; kept when retention removes the body.
    body
        The canonical JSON of the event; empty once retention has removed it.
    decision, features
        The encoded `Decision` and feature vector of a decided event, else None.
    """

    seq: int
    owner: int
    event_id: str
    kind: str
    occurred_us: int
    arrived_us: int
    flags: int
    ref: str
    digest: bytes
    body: bytes
    decision: bytes | None = None
    features: bytes | None = None


class EventLog(Protocol):
    """The durable log of events and decisions."""

    def probe(self) -> None:
        """Raise `StorageUnavailable` unless a batch can be written now; asked after one that could not."""

    def last_seq(self) -> int:
        """Return the greatest committed seq, 0 when empty."""

    def count(self) -> int:
        """Return how many entries the log holds."""

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Commit all entries in one durable transaction, or none.

        Raises
        ------
        StorageUnavailable
            Nothing of this batch was committed.
        """

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        """Return the owner's entry of this id; callable from any thread."""

    def get(self, seq: int) -> LogEntry | None:
        """Return one entry by its place."""

    def read(
        self, after_seq: int, *, limit: int | None = None, until_seq: int | None = None
    ) -> Iterator[LogEntry]:
        """Stream entries with seq > after_seq in order, without holding them all in memory."""

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the results and labels of one payment in order."""

    def ids(self, after_seq: int = 0) -> Iterator[tuple[int, str]]:
        """Stream (owner, event_id) of all entries with seq > after_seq."""


class RowStore(Protocol):
    """The rows of the windows, kept beside the log so that a start need not read the log from its beginning.

    Rows are in log order. What is kept here can always be made again from the log; nothing is answered from it.
    """

    def place(self) -> tuple[memoryview, int, NDArray[np.int64]]:
        """Return where the next row goes: a buffer, the byte offset in it, and the same place as a (1, width) array.

        Raises
        ------
        StorageUnavailable
            There is no room for it.
        """

    def keep(self) -> None:
        """Make the row that was written at `place` part of the store."""

    def open(self, version: str, width: int) -> int:
        """Return the seq up to which rows of this version are there; 0 when the store had to be made anew."""

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Return the rows in order, in (n, width) blocks."""

    def cut(self, after_seq: int) -> None:
        """Forget the rows of entries with a greater seq (they were never committed)."""

    def restart(self, version: str, width: int) -> None:
        """Forget all rows."""

    def snapshot(self, seq: int, horizon_us: int, state: bytes) -> None:
        """Make the rows up to a committed seq durable with a few bytes of state, and drop rows before the horizon."""

    def state(self) -> bytes:
        """Return the state that came with the last snapshot, empty when there is none."""

    def close(self) -> None:
        """Let go of what is open; nothing is placed here any more."""

    def stand_alone(self) -> None:
        """Remove the rows of other versions of the windows: nobody will go back to them."""
