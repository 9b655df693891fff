"""Windows filled from kept rows answer as those that saw the same events one by one."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.features.kernel.test_windows import BOTH, LATE_US, draw_events, lay_out

from satark.core.errors import WindowsFull
from satark.features.kernel import windows as windows_module
from satark.features.kernel.layout import FLAG_INSERT
from satark.features.kernel.windows import Windows

SMALL = {"memory_bytes": 1 << 25, "max_keys": 1 << 12, "max_entries": 1 << 12, "lateness_us": LATE_US}


@pytest.fixture(scope="module")
def layout():
    return lay_out()[0]


def ran(windows, layout, rows, flags):
    out = np.zeros((len(rows), layout.n_outputs), dtype=np.int64)
    nul = np.zeros((len(rows), layout.n_outputs), dtype=np.uint8)
    windows.run(rows, flags, out, nul)
    return np.where(nul == 1, 0, out), nul


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [1, 4, 64])
def test_later_answers_are_the_same(layout, seed, threshold, monkeypatch):
    monkeypatch.setattr(windows_module, "SLICE_ROWS", 37)
    rows, _, flags, _ = draw_events(seed, 700)
    cut = 300 + 50 * seed
    live = Windows(layout, busy_threshold=threshold, **SMALL)
    ran(live, layout, rows[:cut], flags[:cut])
    refilled = Windows(layout, busy_threshold=threshold, **SMALL)
    refilled.note_time(live.max_time_us)
    refilled.refill(np.ascontiguousarray(rows[:cut][flags[:cut] & FLAG_INSERT != 0]))
    refilled.warm()
    assert refilled.max_time_us == live.max_time_us
    for one, other in zip(
        ran(live, layout, rows[cut:], flags[cut:]),
        ran(refilled, layout, rows[cut:], flags[cut:]),
        strict=True,
    ):
        assert np.array_equal(one, other)


def test_only_what_a_window_can_still_reach_enters(layout):
    rows = np.zeros((1_000, 8), dtype=np.int64)
    rows[:, 1] = np.arange(1_000) * 60_000_000
    rows[:, 2:5] = 1
    windows = Windows(layout, **SMALL)
    windows.refill(rows)
    # The longest window reaches back 30 minutes, and an event may be 5 minutes late.
    assert windows.stats()["entries"] == 35
    assert windows.stats()["keys"] == 1


def test_full_memory_is_told(layout):
    rows, _, _, _ = draw_events(1, 20_000)
    rows[:, 1] = 5
    windows = Windows(layout, **(SMALL | {"max_entries": 1 << 11}))
    with pytest.raises(WindowsFull):
        windows.refill(rows)


def test_memory_that_just_suffices_is_used(layout):
    rows = np.zeros((1_500, 8), dtype=np.int64)
    rows[:, 1] = 5
    rows[:, 2:5] = 1
    one, other = (Windows(layout, **(SMALL | {"max_entries": 1 << 11})) for _ in range(2))
    one.refill(rows)
    ran(other, layout, rows, np.full(len(rows), BOTH, dtype=np.uint8))
    assert one.stats()["entries"] == other.stats()["entries"] == 1_500
