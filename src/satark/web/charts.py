"""Small charts as numbers that an SVG can take: bars over time, lines of values, a value against its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.ports import SeriesPoint

ACTIONS_FROM_THE_FOOT = ("block", "hold", "challenge", "allow")
_GAP_SHARE = 0.18
_HEADROOM = 1.25


class Bar(NamedTuple):
    """One rectangle: an action's share of one bucket of time."""

    action: str
    x: float
    y: float
    width: float
    height: float


class BarChart(NamedTuple):
    """Events over time.

    Attributes
    ----------
    most
        The greatest number of events in one bucket.
    total
        All events in the chart.
    """

    bars: tuple[Bar, ...]
    width: int
    height: int
    most: int
    total: int
    from_us: int
    to_us: int


class Line(NamedTuple):
    """Values one after another.

    Attributes
    ----------
    pieces
        The `points` of polylines; a missing value parts the line in two.
    dots
        Single values that no line would show.
    limit_y
        Where the limit lies, None when there is none or it lies outside.
    """

    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    end: tuple[float, float] | None
    limit_y: float | None


class Bullet(NamedTuple):
    """A value against its limit, in per cent of the width; `tick` is None without a limit."""

    fill: float
    tick: float | None


def bar_chart(
    points: Sequence[SeriesPoint], bucket_seconds: int, from_us: int, to_us: int, *, width: int, height: int
) -> BarChart:
    """Return stacked bars, the gravest action at the foot; buckets without events need no point.

    Examples
    --------
    >>> from satark.cases.ports import SeriesPoint
    >>> points = [SeriesPoint(0, {"block": 1, "allow": 3}, 0), SeriesPoint(60_000_000, {"allow": 2}, 0)]
    >>> chart = bar_chart(points, 60, 0, 120_000_000, width=100, height=40)
    >>> chart.most, chart.total, [(bar.action, bar.x, bar.y, bar.height) for bar in chart.bars]
    (4, 6, [('block', 4.5, 30.0, 10.0), ('allow', 4.5, 0.0, 30.0), ('allow', 54.5, 20.0, 20.0)])
    """
    bucket_us = bucket_seconds * 1_000_000
    n_buckets = max(1, -(-(to_us - from_us) // bucket_us))
    step = width / n_buckets
    inside = [point for point in points if from_us - bucket_us < point.from_us < to_us]
    most = max((sum(point.counts.values()) for point in inside), default=0)
    bars: list[Bar] = []
    for point in inside:
        x = min(n_buckets - 1, max(0, (point.from_us - from_us) // bucket_us)) * step + step * _GAP_SHARE / 2
        foot = float(height)
        for action in ACTIONS_FROM_THE_FOOT:
            count = point.counts.get(action, 0)
            if count:
                # A single event among thousands must still be seen.
                tall = max(1.5, height * count / most)
                foot -= tall
                bar = Bar(
                    action,
                    round(x, 2),
                    round(max(0.0, foot), 2),
                    round(step * (1 - _GAP_SHARE), 2),
                    round(tall, 2),
                )
                bars.append(bar)
    total = sum(sum(point.counts.values()) for point in inside)
    return BarChart(tuple(bars), width, height, most, total, from_us, to_us)


def line(
    values: Sequence[float | None], limit: float | None = None, *, width: int = 120, height: int = 28
) -> Line | None:
    """Return the line of some values, oldest first, from 0 to the greatest; None when there are none.

    Examples
    --------
    >>> line([0, 5, 10, None, 10], 20, width=80, height=20)
    Line(pieces=('0.0,20.0 20.0,15.0 40.0,10.0',), dots=((80.0, 10.0),), end=(80.0, 10.0), limit_y=0.0)
    >>> line([None]) is None
    True
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    top = max([*known, 0.0 if limit is None else limit]) or 1.0
    low = min([*known, 0.0])
    step = width / max(1, len(values) - 1)

    def y_of(value: float) -> float:
        return round(height - height * (value - low) / (top - low), 2)

    pieces: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((round(place * step, 2), y_of(value)))
    lines = tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in pieces if len(piece) > 1)
    dots = tuple(piece[0] for piece in pieces if len(piece) == 1)
    last = [piece for piece in pieces if piece]
    return Line(lines, dots, last[-1][-1], None if limit is None else y_of(limit))


def bullet(value: float, limit: float | None) -> Bullet:
    """Return a value as a bar with its limit as a tick.

    Examples
    --------
    >>> bullet(7, 6), bullet(0, None), bullet(3, 12)
    (Bullet(fill=80.0, tick=68.6), Bullet(fill=0.0, tick=None), Bullet(fill=20.0, tick=80.0))
    """
    top = _HEADROOM * max(abs(value), 0.0 if limit is None else abs(limit)) or 1.0
    fill = round(100 * max(0.0, value) / top, 1)
    return Bullet(fill, None if limit is None else round(100 * max(0.0, limit) / top, 1))
