"""How fast the windows are, by themselves.

100 features: 4 entities x 5 windows x (count, sum, max, std, distinct), with keys drawn by Zipf's law. Events come at
such a pace that the windows really fill and expire within the run.

=============================== ======================================================================
kernel_bulk_events_per_s        one call for many events, as replay does
kernel_online_p50_us, _p99_us   one call per event, the call from Python included
kernel_bytes_per_event          memory of the windows divided by the events that they hold
kernel_p99_ratio_30d_to_5m      p99 with windows of 1 minute to 30 days over that with 1 to 5 minutes, both
                                at 1,000 events a second, so that both hold hundreds of thousands
memory_days_at_1000_per_s       how long the machine's memory holds 1,000 events a second, at these bytes
=============================== ======================================================================

    python -m benchmarks.kernel
"""

from __future__ import annotations

import gc
import os
import time
from typing import TYPE_CHECKING

import numpy as np

from satark.features.kernel.layout import ColumnDef, FeatureDef, LogDef, build_layout
from satark.features.kernel.windows import Windows
from satark.features.spec import Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.features.kernel.layout import Layout

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 86_400 * SECOND_US
LONG_US = (MINUTE_US, 10 * MINUTE_US, 60 * MINUTE_US, DAY_US, 30 * DAY_US)
SHORT_US = tuple(minutes * MINUTE_US for minutes in range(1, 6))
STATISTICS = (Statistic.COUNT, Statistic.SUM, Statistic.MAX, Statistic.STD, Statistic.DISTINCT)
KEYS = (100_000, 80_000, 60_000, 10_000)
SLOW_PER_S = 0.2
"""So that half a million events span a month, and the longest window holds and lets go of them."""
FAST_PER_S = 1_000.0
BATCH = 50_000


def layout_of(windows_us: tuple[int, ...]) -> Layout:
    """Lay out the 100 features."""
    logs = []
    out = 0
    for entity in range(len(KEYS)):
        log = LogDef(3 + entity, 0, [ColumnDef(7), ColumnDef(3 + (entity + 1) % len(KEYS))])
        for window_us in windows_us:
            for statistic in STATISTICS:
                column = {Statistic.COUNT: -1, Statistic.DISTINCT: 1}.get(statistic, 0)
                log.features.append(FeatureDef(statistic, column, window_us, 0, out))
                out += 1
        logs.append(log)
    return build_layout(logs, n_inputs=8, n_masks=1, n_outputs=out)


def make_rows(count: int, seed: int, per_second: float) -> NDArray[np.int64]:
    """Draw events: times by a Poisson process, keys by Zipf's law, amounts log-normal."""
    draw = np.random.default_rng(seed)
    rows = np.zeros((count, 8), dtype=np.int64)
    rows[:, 1] = np.cumsum(draw.exponential(SECOND_US / per_second, count).astype(np.int64))
    rows[:, 2] = 1
    for entity, keys in enumerate(KEYS):
        share = 1 / np.arange(1, keys + 1)
        chosen = draw.choice(keys, count, p=share / share.sum()) + 1
        rows[:, 3 + entity] = chosen * 7_919 + entity * 1_000_003
    rows[:, 7] = np.exp(draw.normal(10, 1.5, count)).astype(np.int64)
    return rows


def run_once(windows_us: tuple[int, ...], rows: NDArray[np.int64]) -> dict[str, float]:
    """Run the first part in bulk and the rest one by one."""
    layout = layout_of(windows_us)
    windows = Windows(layout)
    windows.compile()
    half = len(rows) * 2 // 3
    flags = np.full(BATCH, 3, dtype=np.uint8)
    out = np.zeros((BATCH, layout.n_outputs), dtype=np.int64)
    nul = np.zeros((BATCH, layout.n_outputs), dtype=np.uint8)
    started = time.perf_counter()
    for start in range(0, half, BATCH):
        part = rows[start : min(start + BATCH, half)]
        windows.run(part, flags[: len(part)], out, nul)
    bulk = half / (time.perf_counter() - started)
    latencies = np.zeros(len(rows) - half)
    one = flags[:1]
    now = time.perf_counter_ns
    gc.collect()
    gc.disable()
    try:
        for place in range(half, len(rows)):
            row = rows[place : place + 1]
            before = now()
            windows.run(row, one, out, nul)
            latencies[place - half] = now() - before
    finally:
        gc.enable()
    p50, p99 = np.percentile(latencies / 1_000, [50, 99])
    stats = windows.stats()
    return {
        "bulk": bulk,
        "p50": float(p50),
        "p99": float(p99),
        "bytes": stats["bytes"] / max(1.0, stats["entries"] / len(KEYS)),
    }


def measure(*, quick: bool = False, runs: int = 5) -> dict[str, list[float]]:
    """Return the values of each run by name."""
    count = 200_000 if quick else 900_000
    found: dict[str, list[float]] = {}
    for run in range(runs):
        long = run_once(LONG_US, make_rows(count, run, SLOW_PER_S))
        fast = make_rows(count, run, FAST_PER_S)
        ratio = run_once(LONG_US, fast)["p99"] / run_once(SHORT_US, fast)["p99"]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        values = {
            "kernel_bulk_events_per_s": long["bulk"],
            "kernel_online_p50_us": long["p50"],
            "kernel_online_p99_us": long["p99"],
            "kernel_bytes_per_event": long["bytes"],
            "kernel_p99_ratio_30d_to_5m": ratio,
            "memory_days_at_1000_per_s": memory / long["bytes"] / 86_400_000,
        }
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    return found


if __name__ == "__main__":
    for name, values in measure().items():
        print(f"{name:32} median {np.median(values):14,.2f}   all {[round(value, 2) for value in values]}")
