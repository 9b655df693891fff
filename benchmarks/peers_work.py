"""The work that Satark and its peers are given in benchmarks/peers.py: the same events, the same features.

Payments by 20,000 cards, some of them much busier than others, at 2,000 merchants by Zipf's law; one payment every five
seconds on average, so that windows of a week hold 120,000 of them. No two have the same time: then the windows of
ordinary SQL, which do not know an order among equals, are as exact as Satark's.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from satark.events.facts import BASE_FACTS
from satark.features.encode import RowWriter, compile_decoder
from satark.features.frame_outputs import features_frame
from satark.features.frame_rows import rows_from_frame
from satark.features.kernel.layout import FLAG_EVALUATE, FLAG_INSERT
from satark.features.kernel.windows import Windows
from satark.features.oneline import parse_feature
from satark.features.plan import make_plan
from satark.language import Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
CARDS, MERCHANTS = 20_000, 2_000
SECONDS_BETWEEN = 5.0
BATCH = 50_000
ORDER = ("card", "merchant", "amount")
TEN_FEATURES = {
    "card_count_10m": "count() by card over 10m",
    "card_count_1d": "count() by card over 1d",
    "card_sum_1d": "sum(amount) by card over 1d",
    "card_max_1d": "max(amount) by card over 1d",
    "card_mean_7d": "mean(amount) by card over 7d",
    "card_std_7d": "std(amount) by card over 7d",
    "card_merchants_1d": "distinct(merchant) by card over 1d",
    "merchant_count_1h": "count() by merchant over 1h",
    "merchant_sum_1h": "sum(amount) by merchant over 1h",
    "merchant_cards_1h": "distinct(card) by merchant over 1h",
}
TWO_FEATURES = {
    "card_count_1d": "count() by card over 1d",
    "card_mean_1d": "mean(amount) by card over 1d",
}

Event = tuple[int, str, str, int]
"""Time in microseconds, card, merchant, amount in minor units."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events each kind of peer gets.

    Attributes
    ----------
    stored
        Already in the table, or in the windows, before the first event that is timed.
    streamed
        One by one through those that keep state in memory.
    queried
        One by one through those that are asked in SQL.
    evaluations
        Of 30 rules.
    """

    stored: int = 200_000
    streamed: int = 50_000
    queried: int = 1_000
    evaluations: int = 20_000


QUICK = Sizes(stored=20_000, streamed=5_000, queried=100, evaluations=2_000)


class NumbersDiffer(RuntimeError):
    """A peer and Satark came to different numbers, so that their times cannot be compared."""


def make_events(count: int, seed: int = 1) -> list[Event]:
    """Draw events in order of time."""
    draw = np.random.default_rng(seed)
    gaps = 1 + draw.exponential(SECONDS_BETWEEN * SECOND_US, count).astype(np.int64)
    busy = draw.lognormal(0, 1, CARDS)
    cards = draw.choice(CARDS, count, p=busy / busy.sum())
    share = 1 / np.arange(1, MERCHANTS + 1)
    merchants = draw.choice(MERCHANTS, count, p=share / share.sum())
    amounts = np.exp(draw.normal(10, 1.5, count)).astype(np.int64) + 1
    times = np.cumsum(gaps) + 1_700_000_000 * SECOND_US
    return [
        (at, f"tok_k1_{card:08x}", f"merchant-{merchant}", amount)
        for at, card, merchant, amount in zip(
            times.tolist(), cards.tolist(), merchants.tolist(), amounts.tolist(), strict=True
        )
    ]


def frame_of(events: Sequence[Event]) -> pl.DataFrame:
    """Return events as a table: t, card, merchant, amount."""
    return pl.DataFrame(events, schema=["t", "card", "merchant", "amount"], orient="row")


class Satark:
    """Satark's windows for some features, as the engine uses them: facts in, features out."""

    def __init__(self, features: Mapping[str, str]) -> None:
        specs = []
        for name, line in features.items():
            spec, wrong = parse_feature(name, line, BASE_FACTS, Position("benchmark", 1, 1))
            if spec is None:
                raise ValueError(wrong)
            specs.append(spec)
        self.plan = make_plan(tuple(specs))
        self.windows = Windows(self.plan.layout, memory_bytes=4 << 30, max_keys=1 << 22, max_entries=1 << 22)
        self.windows.compile()
        self._writer = RowWriter(self.plan, "payment", ORDER)
        self._decode = compile_decoder(self.plan, list(features))
        self._buffer = bytearray(8 * self.plan.layout.n_inputs)
        self._row = np.frombuffer(self._buffer, dtype=np.int64).reshape(1, -1)
        self._both = np.full(BATCH, FLAG_EVALUATE | FLAG_INSERT, dtype=np.uint8)
        self._out = np.zeros((BATCH, self.plan.layout.n_outputs), dtype=np.int64)
        self._nul = np.zeros(self._out.shape, dtype=np.uint8)
        self._seq = 0

    def one(self, event: Event) -> list[Any]:
        """Let one event in and return its features."""
        self._seq += 1
        self._writer.write(self._buffer, 0, event[1:], None, self._seq, event[0])  # type: ignore[arg-type]
        self.windows.run(self._row, self._both[:1], self._out, self._nul)
        return self._decode(self._out[0].data.cast("B"), self._nul[0].tobytes(), {})

    def many(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Let many events in, as replay does, and return their features."""
        parts = []
        for start in range(0, frame.height, BATCH):
            part = frame.slice(start, BATCH)
            seqs = np.arange(self._seq + 1, self._seq + 1 + part.height)
            self._seq += part.height
            rows = rows_from_frame(self.plan, "payment", part, seqs=seqs, times_us=part["t"].to_numpy())
            self.windows.run(rows, self._both[: len(rows)], self._out, self._nul)
            parts.append(features_frame(self.plan, self._out[: len(rows)], self._nul[: len(rows)], {}))
        return pl.concat(parts)


def time_satark(
    features: Mapping[str, str], before: Sequence[Event], events: Sequence[Event]
) -> tuple[float, list[list[Any]]]:
    """Return microseconds per event, and the features of each event, with `before` in the windows already."""
    satark = Satark(features)
    if before:
        satark.many(frame_of(before))
    found = []
    started = time.perf_counter()
    for event in events:
        found.append(satark.one(event))  # noqa: PERF401 - the loop is what is timed
    return (time.perf_counter() - started) / len(events) * 1e6, found


def compare(peer: str, ours: Sequence[Sequence[Any]], theirs: Sequence[Sequence[Any]]) -> None:
    """Check that two have the same numbers: integers exactly, floats to 1e-9.

    Raises
    ------
    NumbersDiffer
        With the first event on which they do not.
    """
    if len(ours) != len(theirs):
        raise NumbersDiffer(f"{peer}: {len(theirs)} events instead of {len(ours)}")
    for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        same = len(mine) == len(other) and all(map(_is_same, mine, other))
        if not same:
            raise NumbersDiffer(f"{peer}: event {place} has {list(other)}, Satark says {list(mine)}")


def _is_same(mine: float, other: float) -> bool:
    if isinstance(mine, int):
        return mine == other
    # A spread of nothing comes out of other formulas as almost nothing.
    return math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-4)


def named(peer: str, theirs_us: float, ours_us: float) -> dict[str, float]:
    """Name what was measured of one peer and of Satark on the very same work."""
    return {
        f"peer_{peer}_us_per_event": theirs_us,
        f"peer_{peer}_events_per_s": 1e6 / theirs_us,
        f"peer_{peer}_satark_us_per_event": ours_us,
        f"peer_{peer}_times_satark": theirs_us / ours_us,
    }
