"""bytewax: how often and how much on average each card paid within a day, as a dataflow with state per key.

Its own sliding windows hop by a fixed step and so are not exact; an exact window is a state that the author keeps in
Python, which is what is measured here.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import bytewax.operators as op
from benchmarks.peers_work import DAY_US, TWO_FEATURES, compare, make_events, named, time_satark
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

if TYPE_CHECKING:
    from benchmarks.peers_work import Event, Sizes

SOURCE_BATCH = 1_000


class _Day:
    """The payments of one card within a day."""

    __slots__ = ("entries", "total")

    def __init__(self) -> None:
        self.entries: deque[tuple[int, int]] = deque()
        self.total = 0


def _slide(state: _Day | None, event: Event) -> tuple[_Day, tuple[int, int, float]]:
    state = state or _Day()
    at, _, _, amount = event
    entries = state.entries
    entries.append((at, amount))
    state.total += amount
    while entries[0][0] <= at - DAY_US:
        state.total -= entries.popleft()[1]
    return state, (at, len(entries), state.total / len(entries))


def measure(sizes: Sizes) -> dict[str, float]:
    """Time one worker from the first event in to the last one out."""
    events = make_events(sizes.streamed)
    found: list[Any] = []
    flow = Dataflow("cards")
    payments = op.input("payments", flow, TestingSource(events, batch_size=SOURCE_BATCH))
    keyed = op.key_on("card", payments, lambda event: event[1])
    op.output("out", op.stateful_map("day", keyed, _slide), TestingSink(found))
    started = time.perf_counter()
    run_main(flow)
    theirs_us = (time.perf_counter() - started) / len(events) * 1e6
    ours_us, ours = time_satark(TWO_FEATURES, [], events)
    # Between keys the order is its own; times are unique, so they bring the order back.
    compare("bytewax", ours, [value[1:] for value in sorted(value for _, value in found)])
    return named("bytewax", theirs_us, ours_us)
