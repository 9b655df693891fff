"""Counts of decisions per hour and day in India, for the dashboard.

After the log: a batch of entries becomes a `Tally`, which storage adds to the rows that it keeps, in the transaction
that also moves its place in the log. A count is of decisions at the time of the act (not of its arrival), so that a
batch that is read late still lands in its own hour.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

from satark.core.clock import IST_OFFSET_US, MICROS_PER_SECOND
from satark.decisions.stored import base_amount_of
from satark.features.geo import state_of_pin, state_of_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from satark.decisions.ports import LogEntry

HOUR_US = 3_600 * MICROS_PER_SECOND
HOURS_PER_DAY = 24
HOUR_GRAIN, DAY_GRAIN = 1, HOURS_PER_DAY
"""How many hours a row covers."""

ACTION, METHOD, SCORE, STATE = "action", "method", "score", "state"
"""Measures whose keys end with the action after a dot (`ACTION`'s is the action alone)."""
RULE, LATENCY, DEGRADED = "rule", "latency", "degraded"
MEASURES = (ACTION, METHOD, SCORE, STATE, RULE, LATENCY, DEGRADED)

SCORE_BUCKETS = 20
LATENCY_BOUNDS_US = (
    25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000,
)  # fmt: skip
"""Upper bounds (inclusive) of the latency histogram; one more bucket holds what is slower."""
NO_STATE = "-"
"""The key of decisions that name no place in India."""
MAX_KEY_LENGTH = 80
_STOPPING = frozenset({"hold", "block"})

RollupRow = tuple[int, int, str, str, int, int]
"""Grain, bucket (hours or days since 1970 in India), measure, key, count, minor units of the base currency."""


class _Reason(msgspec.Struct):
    code: str


class _Decision(msgspec.Struct):
    action: str
    score: float
    reasons: list[_Reason] = []
    degraded: list[str] = []
    latency_us: dict[str, int] = {}
    would: str | None = None
    released: bool = False


class _Place(msgspec.Struct):
    pin: str | None = None


class _Location(msgspec.Struct):
    lat: float
    lon: float


class _Event(msgspec.Struct):
    amount_minor: int = 0
    currency: str = "INR"
    method: str = ""
    shipping: _Place | None = None
    billing: _Place | None = None
    location: _Location | None = None


_DECISION = msgspec.json.Decoder(_Decision)
_EVENT = msgspec.json.Decoder(_Event)


class Tally:
    """What a batch of log entries adds to the counts.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.count(hour_of(0), "action", "hold", 500)
    >>> tally.rows()
    [(1, 5, 'action', 'hold', 1, 500), (24, 0, 'action', 'hold', 1, 500)]
    """

    __slots__ = ("_hours",)

    def __init__(self) -> None:
        self._hours: dict[tuple[int, str, str], list[int]] = {}

    def take(self, entries: Iterable[LogEntry]) -> None:
        """Count the decisions among entries of the log."""
        for entry in entries:
            if entry.decision:
                self._take(entry)

    def count(self, hour: int, measure: str, key: str, amount_minor: int) -> None:
        """Add one to a measure."""
        row = self._hours.setdefault((hour, measure, key), [0, 0])
        row[0] += 1
        row[1] += amount_minor

    def rows(self) -> list[RollupRow]:
        """Return the counts of each hour and of each day, in order."""
        days: dict[tuple[int, str, str], list[int]] = {}
        for (hour, measure, key), (n, minor) in self._hours.items():
            row = days.setdefault((hour // HOURS_PER_DAY, measure, key), [0, 0])
            row[0] += n
            row[1] += minor
        return [
            (grain, bucket, measure, key, n, minor)
            for grain, counts in ((HOUR_GRAIN, self._hours), (DAY_GRAIN, days))
            for (bucket, measure, key), (n, minor) in sorted(counts.items())
        ]

    def _take(self, entry: LogEntry) -> None:
        try:
            decision = _DECISION.decode(entry.decision or b"")
            event = _EVENT.decode(entry.body) if entry.body else _Event()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        hour = hour_of(entry.occurred_us)
        action = decision.action if decision.released else decision.would or decision.action
        amount = base_amount(event.amount_minor, event.currency, entry.features)
        self.count(hour, ACTION, action, amount)
        self.count(hour, SCORE, f"{score_bucket(decision.score):02d}.{action}", amount)
        self.count(hour, STATE, f"{_state_of(event)}.{action}", amount)
        if event.method:
            self.count(hour, METHOD, f"{event.method}.{action}", amount)
        for code in dict.fromkeys(reason.code for reason in decision.reasons):
            self.count(hour, RULE, code[:MAX_KEY_LENGTH], amount if action in _STOPPING else 0)
        if decision.degraded:
            self.count(hour, DEGRADED, action, amount)
        total = decision.latency_us.get("total")
        if total is not None:
            self.count(hour, LATENCY, f"{bisect_left(LATENCY_BOUNDS_US, total):02d}", 0)


def hour_of(at_us: int) -> int:
    """Return the hour in India (hours since 1970-01-01 00:00 IST).

    Examples
    --------
    >>> hour_of(0), hour_of(30 * 60 * 1_000_000)
    (5, 6)
    """
    return (at_us + IST_OFFSET_US) // HOUR_US


def hour_start_us(hour: int) -> int:
    """Return when an hour in India begins.

    Examples
    --------
    >>> hour_of(hour_start_us(481_234)), hour_of(hour_start_us(481_234) - 1)
    (481234, 481233)
    """
    return hour * HOUR_US - IST_OFFSET_US


def score_bucket(score: float) -> int:
    """Return which of the twenty equal parts of 0 to 1 a score is in; 1 belongs to the last.

    Examples
    --------
    >>> score_bucket(0.0), score_bucket(0.05), score_bucket(0.6), score_bucket(1.0), score_bucket(7.0)
    (0, 1, 12, 19, 19)
    """
    return max(0, min(SCORE_BUCKETS - 1, int(score * SCORE_BUCKETS + 1e-9)))


def base_amount(amount_minor: int, currency: str, features: bytes | None) -> int:
    """Return an amount in rupees; of another currency the one that the decision was made with, 0 if unknown."""
    if currency == "INR":
        return amount_minor
    return base_amount_of(features)


def quantile_us(histogram: Sequence[int], share: float) -> int | None:
    """Return the latency below which a share of the decisions lies, to the precision of the histogram.

    Parameters
    ----------
    histogram
        Counts per bucket of `LATENCY_BOUNDS_US`, the slower ones last.
    share
        0 to 1.

    Examples
    --------
    >>> quantile_us([0, 10, 0, 10], 0.5), quantile_us([0, 10, 0, 10], 0.75), quantile_us([], 0.5)
    (50, 88, None)
    """
    total = sum(histogram)
    if not total:
        return None
    wanted = share * total
    before = 0
    for place, count in enumerate(histogram):
        if count and before + count >= wanted:
            low = LATENCY_BOUNDS_US[place - 1] if place else 0
            high = LATENCY_BOUNDS_US[min(place, len(LATENCY_BOUNDS_US) - 1)]
            return round(low + (high - low) * (wanted - before) / count)
        before += count
    return LATENCY_BOUNDS_US[-1]


def _state_of(event: _Event) -> str:
    """Return the state to which the goods go, else where the bill goes, else where the payer is."""
    for place in (event.shipping, event.billing):
        state = state_of_pin(place.pin) if place is not None and place.pin else None
        if state is not None:
            return state
    location = event.location
    state = None if location is None else state_of_place(location.lat, location.lon)
    return NO_STATE if state is None else state
