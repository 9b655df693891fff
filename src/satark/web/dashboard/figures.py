"""What the dashboard shows of the counts: one span of time, with the span before it to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from satark.cases.rollups import (
    ACTION,
    DAY_GRAIN,
    DEGRADED,
    HOUR_GRAIN,
    HOURS_PER_DAY,
    LATENCY,
    LATENCY_BOUNDS_US,
    METHOD,
    NO_STATE,
    RULE,
    SCORE,
    SCORE_BUCKETS,
    STATE,
    hour_of,
    hour_start_us,
    quantile_us,
)
from satark.core.clock import format_ist
from satark.web.dashboard.charts import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.core.clock import Lang

STACKED = ("block", "hold", "challenge", "allow")
"""From the bottom of a column up: what was stopped stands on the base line, where it can be compared."""
TOP_RULES = 12
TOP_STATES = 12
_STOPPING = ("hold", "block")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time.

    Attributes
    ----------
    grain, steps
        What its rows are counted by, and how many of these it has.
    fresh_seconds
        How long figures of it are shown before they are read again: the longer it is, the less they move.
    """

    code: str
    grain: int
    steps: int
    fresh_seconds: int


SPANS = {
    span.code: span
    for span in (
        Span("24h", HOUR_GRAIN, 24, 2),
        Span("7d", DAY_GRAIN, 7, 10),
        Span("30d", DAY_GRAIN, 30, 30),
        Span("90d", DAY_GRAIN, 90, 60),
    )
}


class Counts(Protocol):
    """Where the counts are; see `satark.storage.desk.rollups`."""

    def sums(
        self, grain: int, first: int, end: int, measures: Sequence[str]
    ) -> dict[str, dict[str, tuple[int, int]]]:
        """Return measure to key to (count, amount) over first <= bucket < end."""

    def series(self, grain: int, first: int, end: int, measure: str) -> list[tuple[int, str, int, int]]:
        """Return (bucket, key, count, amount) of one measure, in order."""

    def hours_of_day(self, first: int, end: int, measure: str) -> list[tuple[int, str, int]]:
        """Return (hour of the day, key, count) of one measure over first <= hour < end."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Decisions of one action; `before` is the count of the span before."""

    action: str
    n: int
    minor: int
    before: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a ranking."""

    key: str
    n: int
    stopped: int
    minor: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One dashboard.

    Attributes
    ----------
    from_us, to_us
        What it covers.
    buckets
        (start, counts by action) of each hour or day.
    hours
        Counts by action of each hour of the day in India, 0 to 23.
    scores
        Counts by action of each twentieth of the score.
    latency
        Counts per bucket of `LATENCY_BOUNDS_US`.
    states
        Line per state code, all of them together with `NO_STATE`.
    """

    span: Span
    from_us: int
    to_us: int
    tiles: tuple[Tile, ...]
    stopped_minor: int
    stopped_before_minor: int
    held_minor: int
    degraded: int
    buckets: list[tuple[int, dict[str, int]]]
    hours: list[dict[str, int]]
    scores: list[dict[str, int]]
    latency: list[int]
    rules: list[Line]
    methods: list[Line]
    states: list[Line]

    @property
    def total(self) -> int:
        """All decisions."""
        return sum(tile.n for tile in self.tiles)

    @property
    def before(self) -> int:
        """All decisions of the span before."""
        return sum(tile.before for tile in self.tiles)

    def quantile_us(self, share: float) -> int | None:
        """Return a quantile of the latency."""
        return quantile_us(self.latency, share)


def gather(counts: Counts, span: Span, now_us: int) -> Figures:
    """Read one dashboard; blocks.

    Parameters
    ----------
    now_us
        The running hour or day is the span's last.
    """
    hour = hour_of(now_us)
    end = (hour if span.grain == HOUR_GRAIN else hour // HOURS_PER_DAY) + 1
    first = end - span.steps
    sums = counts.sums(span.grain, first, end, (ACTION, METHOD, SCORE, STATE, RULE, LATENCY, DEGRADED))
    before = counts.sums(span.grain, first - span.steps, first, (ACTION,))[ACTION]
    actions = sums[ACTION]
    return Figures(
        span=span,
        from_us=hour_start_us(first * span.grain),
        to_us=now_us,
        tiles=tuple(
            Tile(action, *actions.get(action, (0, 0)), before.get(action, (0, 0))[0]) for action in STACKED
        ),
        stopped_minor=sum(actions.get(action, (0, 0))[1] for action in _STOPPING),
        stopped_before_minor=sum(before.get(action, (0, 0))[1] for action in _STOPPING),
        held_minor=actions.get("hold", (0, 0))[1],
        degraded=sum(n for n, _ in sums[DEGRADED].values()),
        buckets=_buckets(counts.series(span.grain, first, end, ACTION), span, first, end),
        hours=_hours_of_day(counts.hours_of_day(first * span.grain, end * span.grain, ACTION)),
        scores=_scores(sums[SCORE]),
        latency=_latency(sums[LATENCY]),
        rules=_ranked({key: {"": row} for key, row in sums[RULE].items()})[:TOP_RULES],
        methods=_ranked(_by_action(sums[METHOD])),
        states=_ranked(_by_action(sums[STATE])),
    )


def columns(figures: Figures, lang: Lang) -> list[Column]:
    """Return the columns of the volume over time."""
    return [
        Column(
            _moment(start_us, figures.span, lang),
            tuple((action, counts.get(action, 0)) for action in STACKED),
        )
        for start_us, counts in figures.buckets
    ]


def hour_columns(figures: Figures) -> list[Column]:
    """Return the columns of the hours of the day."""
    return [
        Column(f"{hour:02d}–{hour + 1:02d}", tuple((action, counts.get(action, 0)) for action in STACKED))
        for hour, counts in enumerate(figures.hours)
    ]


def score_columns(figures: Figures) -> list[Column]:
    """Return the columns of the scores, without the lowest twentieth, in which nearly all payments are."""
    width = 1 / SCORE_BUCKETS
    return [
        Column(
            f"{place * width:.2f}–{(place + 1) * width:.2f}",
            tuple((action, counts.get(action, 0)) for action in STACKED),
        )
        for place, counts in enumerate(figures.scores)
        if place
    ]


def latency_columns(figures: Figures) -> list[Column]:
    """Return the columns of the latency, without the empty ends."""
    used = [place for place, count in enumerate(figures.latency) if count]
    if not used:
        return []
    names = [f"≤ {_duration(bound)}" for bound in LATENCY_BOUNDS_US] + [
        f"> {_duration(LATENCY_BOUNDS_US[-1])}"
    ]
    return [
        Column(names[place], (("plain", figures.latency[place]),)) for place in range(used[0], used[-1] + 1)
    ]


def _moment(start_us: int, span: Span, lang: Lang) -> str:
    """Write the hour or the day at which a column begins."""
    text = format_ist(start_us, lang)
    day, _, time = text.partition(", ")
    return f"{day.rpartition(' ')[0]}, {time[:5]}" if span.grain == HOUR_GRAIN else day.rpartition(" ")[0]


def _duration(microseconds: int) -> str:
    """Write a bound of the latency.

    Examples
    --------
    >>> _duration(750), _duration(20_000)
    ('750 µs', '20 ms')
    """
    return f"{microseconds} µs" if microseconds < 1_000 else f"{microseconds // 1_000} ms"  # noqa: PLR2004


def _buckets(
    rows: list[tuple[int, str, int, int]], span: Span, first: int, end: int
) -> list[tuple[int, dict[str, int]]]:
    found: dict[int, dict[str, int]] = {bucket: {} for bucket in range(first, end)}
    for bucket, action, n, _ in rows:
        found[bucket][action] = n
    return [(hour_start_us(bucket * span.grain), counts) for bucket, counts in found.items()]


def _hours_of_day(rows: list[tuple[int, str, int]]) -> list[dict[str, int]]:
    found: list[dict[str, int]] = [{} for _ in range(HOURS_PER_DAY)]
    for hour, action, n in rows:
        found[hour][action] = n
    return found


def _scores(rows: dict[str, tuple[int, int]]) -> list[dict[str, int]]:
    found: list[dict[str, int]] = [{} for _ in range(SCORE_BUCKETS)]
    for key, (n, _) in rows.items():
        bucket, _, action = key.partition(".")
        found[int(bucket)][action] = n
    return found


def _latency(rows: dict[str, tuple[int, int]]) -> list[int]:
    return [rows.get(f"{place:02d}", (0, 0))[0] for place in range(len(LATENCY_BOUNDS_US) + 1)]


def _by_action(rows: dict[str, tuple[int, int]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Part keys like `MH.hold` into the thing and the action."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for key, row in rows.items():
        thing, _, action = key.rpartition(".")
        found.setdefault(thing, {})[action] = row
    return found


def _ranked(rows: dict[str, dict[str, tuple[int, int]]]) -> list[Line]:
    """Return a line per thing: most stopped first, then most; what is not known comes last."""
    lines = [
        Line(
            key,
            sum(n for n, _ in by_action.values()),
            sum(by_action[action][0] for action in _STOPPING if action in by_action),
            sum(minor for action, (_, minor) in by_action.items() if action in (*_STOPPING, "")),
        )
        for key, by_action in rows.items()
    ]
    return sorted(lines, key=lambda line: (line.key == NO_STATE, -line.stopped, -line.n, line.key))
