"""river: how often and how much on average each card paid within a day, one event at a time."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from benchmarks.peers_work import TWO_FEATURES, compare, make_events, named, time_satark
from river import stats, utils

if TYPE_CHECKING:
    from benchmarks.peers_work import Sizes


def measure(sizes: Sizes) -> dict[str, float]:
    """Time river's rolling mean per key, which also knows its count."""
    events = make_events(sizes.streamed)
    times = [dt.datetime.fromtimestamp(event[0] / 1e6, dt.UTC).replace(tzinfo=None) for event in events]
    day = dt.timedelta(days=1)
    rolling: dict[str, utils.TimeRolling[stats.Mean]] = {}
    found = []
    started = time.perf_counter()
    for (_, card, _, amount), at in zip(events, times, strict=True):
        mean = rolling.get(card)
        if mean is None:
            mean = rolling[card] = utils.TimeRolling(stats.Mean, period=day)
        mean.update(amount, t=at)
        found.append((int(mean.obj.n), mean.obj.get()))
    theirs_us = (time.perf_counter() - started) / len(events) * 1e6
    ours_us, ours = time_satark(TWO_FEATURES, [], events)
    compare("river", ours, found)
    return named("river", theirs_us, ours_us)
