"""The windows of one policy: the memory behind the kernel and the calls into it."""

from __future__ import annotations

import contextlib
import mmap
from typing import TYPE_CHECKING

import numpy as np

from satark.core.errors import WindowsFull
from satark.features.kernel import memory as mem
from satark.features.kernel import refill, step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.features.kernel.layout import Layout

BUSY_THRESHOLD = 4  # Entries from which a key keeps its state; below it, the state is built at each event.
DEFAULT_LATENESS_US = 300_000_000
LONG_AGO_US = -(1 << 62)
SLICE_ROWS = 4_096
_SCRATCH_AT = 8
_WORD = 8
_MAP_NORESERVE = 0x4000  # Linux; Python names it from 3.12 on.


def _reserve(words: int, *, large_pages: bool = False) -> NDArray[np.int64]:
    """Reserve zeroed memory that costs nothing until it is touched, then 4 KB or 2 MB at a time."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", _MAP_NORESERVE)
    memory = mmap.mmap(-1, words * _WORD, flags=flags)
    # The windows jump about in memory; with large pages the processor finds the places twice as fast.
    if large_pages:
        with contextlib.suppress(AttributeError, OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype=np.int64)


def _power_of_two(number: int) -> int:
    return 1 << max(0, (number - 1).bit_length())


class Windows:
    """Exact sliding windows over one layout.

    Parameters
    ----------
    layout
        From `build_layout`.
    lateness_us
        How much older than the newest event an event may be and still enter; entries are kept that much longer.
    memory_bytes
        Bound on entries and states; `WindowsFull` is raised before it is passed.
    max_keys
        Bound on live keys of all logs together.
    max_entries
        Bound on live entries of each log.

    Notes
    -----
    Not thread-safe: one thread calls `run`. The compiled code keeps the interpreter lock: letting go of it for
    some microseconds would cost a thread switch to get it back. Long runs are cut into slices, so that other threads
    get their turn.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        lateness_us: int = DEFAULT_LATENESS_US,
        memory_bytes: int = 16 << 30,
        max_keys: int = 1 << 26,
        max_entries: int = 1 << 26,
        busy_threshold: int = BUSY_THRESHOLD,
    ) -> None:
        self.layout = layout
        self.lateness_us = lateness_us
        n_logs = max(1, len(layout.logs))
        n_maps = max(1, layout.n_maps)
        region = _power_of_two(max_keys)
        pages_per_log = max(8, _power_of_two(max_entries // 256))
        arena = _reserve(memory_bytes // _WORD, large_pages=True)
        slots = _reserve(max_keys * mem.SLOT_WORDS, large_pages=True)
        keys = _reserve(n_logs * region // 2).view(np.int32).reshape(n_logs, region)
        maps = _reserve(n_maps * region // 2).view(np.int32).reshape(n_maps, region)
        pages = _reserve(n_logs * pages_per_log).reshape(n_logs, pages_per_log)
        self._map_meta = np.zeros((n_maps, 2), dtype=np.int64)
        self._m = np.zeros(mem.M_FIELDS, dtype=np.int64)
        self._lm = np.zeros((n_logs, mem.LM_FIELDS), dtype=np.int64)
        self._lm[:, mem.LM_HORIZON] = LONG_AGO_US
        widest = int(layout.logs[:, 11].max()) if len(layout.logs) else 8
        self._m[mem.M_SCRATCH] = _SCRATCH_AT
        self._m[mem.M_SLOTS] = _SCRATCH_AT + (-(-widest // 8) + 1) * 8
        self._m[mem.M_BUMP] = int(self._m[mem.M_SLOTS]) + (-(-n_logs // 8) + 1) * 8
        self._m[mem.M_LIMIT] = len(arena)
        self._m[mem.M_SLOT_BUMP] = 1
        self._m[mem.M_SLOT_LIMIT] = max_keys
        self._m[mem.M_MAX_TIME] = LONG_AGO_US
        self._m[mem.M_LATENESS] = lateness_us
        self._m[mem.M_PAGES_PER_LOG] = pages_per_log
        self._m[mem.M_KEY_REGION] = region
        self._m[mem.M_MAP_REGION] = region
        self._m[mem.M_RESERVE] = layout.reserve_words
        self._m[mem.M_THRESHOLD] = busy_threshold
        # The same memory again: a memoryview gives plain integers, three times as fast as an array does.
        self._now = self._m.data
        self._word = np.zeros(1, dtype=np.int64)
        self._arrays: tuple[NDArray[np.generic], ...] = (
            arena, arena.view(np.int32), pages, slots, slots.view(np.int32), keys, maps, self._map_meta, self._m,
            self._lm, layout.logs, layout.columns, layout.boundaries, layout.boundary_windows, layout.windows,
            layout.aggregates, layout.features, layout.quotients,
        )  # fmt: skip
        addresses = [array.ctypes.data for array in self._arrays]
        self._where = np.array([*addresses, len(layout.logs), len(layout.quotients)], dtype=np.int64)
        self._one_out = np.zeros((1, max(1, layout.n_outputs)), dtype=np.int64)
        self._one_nul = np.zeros((1, max(1, layout.n_outputs)), dtype=np.uint8)

    @property
    def max_time_us(self) -> int:
        """The greatest event time seen, or `LONG_AGO_US`."""
        return int(self._m[mem.M_MAX_TIME])

    def note_time(self, time_us: int) -> None:
        """Let an event that enters no log count for what is late."""
        self._m[mem.M_MAX_TIME] = max(self._m[mem.M_MAX_TIME], time_us)

    @property
    def on_time_us(self) -> int:
        """The earliest time at which an event may still enter."""
        now = self._now
        return now[mem.M_MAX_TIME] - now[mem.M_LATENESS]

    def is_late(self, time_us: int) -> bool:
        """Return whether an event of this time comes too late to enter."""
        return time_us < self.on_time_us

    def is_forgotten(self, time_us: int) -> bool:
        """Return whether entries of this time have left the longest window for ever."""
        return time_us <= self.horizon_us

    @property
    def horizon_us(self) -> int:
        """No window that can still be asked for reaches back to this time or before."""
        return int(self._m[mem.M_MAX_TIME]) - int(self._m[mem.M_LATENESS]) - self.layout.max_offset_us

    def run(
        self,
        rows: NDArray[np.int64],
        flags: NDArray[np.uint8],
        out: NDArray[np.int64],
        nul: NDArray[np.uint8],
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        """Run rows through the windows in order.

        Parameters
        ----------
        rows
            (n, inputs) int64, C-contiguous: seq, time in microseconds, masks, keys (0 for none), values.
        flags
            (n,) uint8: FLAG_EVALUATE, FLAG_INSERT.
        out, nul
            (n, outputs): values (floats as their bits) and 1 where null.

        Raises
        ------
        WindowsFull
            The bound on memory is reached; rows before the refused one have entered.
        """
        stop = len(rows) if stop is None else stop
        self._done_or_raise(step.run(self._where, rows, flags, start, stop, out, nul, self._word), start)

    def run_released(
        self,
        rows: NDArray[np.int64],
        flags: NDArray[np.uint8],
        out: NDArray[np.int64],
        nul: NDArray[np.uint8],
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        """Do the same as `run` without holding the interpreter's lock, for many rows beside other work."""
        # An engine that decides one event at a time does not load it.
        from satark.features.kernel.released import run_released

        stop = len(rows) if stop is None else stop
        self._done_or_raise(run_released(self._where, rows, flags, start, stop, out, nul, self._word), start)

    @staticmethod
    def _done_or_raise(answer: tuple[int, int], start: int) -> None:
        status, done = answer
        if status != step.DONE:
            raise WindowsFull(
                "the windows have used all the memory that the settings allow", row=start + done
            )

    def run_silent(
        self,
        rows: NDArray[np.int64],
        flags: NDArray[np.uint8],
        out: NDArray[np.int64],
        nul: NDArray[np.uint8],
    ) -> None:
        """Run rows of which none is evaluated; `out` and `nul` may then be as short as one row.

        Raises
        ------
        WindowsFull
            As `run`.
        ValueError
            A row asks to be evaluated.
        """
        if len(flags) and int((flags & 1).max()):
            message = "a row without an output cannot be evaluated"
            raise ValueError(message)
        for start in range(0, len(rows), SLICE_ROWS):
            self.run(rows, flags, out, nul, start, min(start + SLICE_ROWS, len(rows)))

    def refill(self, rows: NDArray[np.int64]) -> None:
        """Let kept rows enter, at a start: quicker than `run_silent`, with the same outcome.

        Parameters
        ----------
        rows
            (n, inputs) int64, none of them a retraction; no key has been asked about since the windows were made.

        Raises
        ------
        WindowsFull
            The bound on memory is reached.
        """
        picked = np.empty(SLICE_ROWS, dtype=np.int64)
        for start in range(0, len(rows), SLICE_ROWS):
            stop = min(start + SLICE_ROWS, len(rows))
            if refill.refill(self._where, rows, start, stop, picked) != step.DONE:
                message = "the windows have used all the memory that the settings allow"
                raise WindowsFull(message, row=start)

    def warm(self) -> None:
        """Build the state of every busy key, so that no later event waits for it."""
        for start in range(1, int(self._m[mem.M_SLOT_BUMP]), SLICE_ROWS):
            step.warm(self._where, start, start + SLICE_ROWS)

    def compile(self) -> None:
        """Compile (or load from the cache) without touching any state."""
        rows = np.zeros((1, max(3, self.layout.n_inputs)), dtype=np.int64)
        self.run(rows, np.zeros(1, dtype=np.uint8), self._one_out, self._one_nul, 0, 0)
        step.warm(self._where, 1, 1)
        refill.refill(self._where, rows, 0, 0, np.empty(1, dtype=np.int64))

    def stats(self) -> dict[str, int]:
        """Return live entries, keys, busy keys and bytes in use."""
        live_keys = int(self._lm[:, mem.LM_KEYS].sum())
        return {
            "entries": int(self._m[mem.M_LIVE]),
            "keys": live_keys,
            "busy_keys": int(self._m[mem.M_HOT]),
            "bytes": int(self._m[mem.M_BUMP]) * _WORD
            + int(self._m[mem.M_SLOT_BUMP]) * mem.SLOT_WORDS * _WORD
            + int(self._lm[:, mem.LM_BUCKETS].sum()) * 4
            + int(self._map_meta[:, 0].sum()) * 4,
        }
