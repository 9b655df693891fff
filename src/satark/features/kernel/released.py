"""The windows for many rows at once, without holding the interpreter's lock: for replays and backtests.

The very code that runs online is called; only the lock is let go of meanwhile, so that other work goes on beside it on
another core. Online it is kept: an event takes some microseconds, and getting the lock back would cost more than that.
"""

from __future__ import annotations

from numba import njit

from satark.features.kernel.step import run


@njit(cache=True, nogil=True)
def run_released(where, rows, flags, start, stop, outputs, nulls, word):
    """Call `satark.features.kernel.step.run` with the lock let go of; arguments and answer are the same."""
    return run(where, rows, flags, start, stop, outputs, nulls, word)
