"""The pictures of a backtest as SVG: threshold curves, alerts by hour and by day.

Pure functions from numbers to text, for the report and for pages alike. Colours come from the classes of `CHART_CSS`;
nothing needs a script, and each picture says in words what it shows.
"""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from satark.decisions.backtest.words import day, money, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.core.clock import Lang
    from satark.decisions.backtest.result import Curve, CurvePoint, QueueLoad

WIDTH, HEIGHT = 720, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 14, 40, 56
CHART_CSS = """
.chart { width: 100%; height: auto; display: block; }
.chart { font: 17px system-ui, "Noto Sans", "Noto Sans Devanagari", sans-serif; }
.chart text { fill: var(--quiet, #55616e); }
.chart .grid { stroke: var(--line, #ddd6c8); stroke-width: 1; }
.chart .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.chart .found { stroke: var(--accent, #0b5c63); }
.chart .right { stroke: var(--hold, #9c3d0c); stroke-dasharray: 6 4; }
.chart .costs { stroke: var(--ink, #16212b); }
.chart .key-found { fill: var(--accent, #0b5c63); } .chart .key-right { fill: var(--hold, #9c3d0c); }
.chart .key-costs { fill: var(--ink, #16212b); }
.chart .mark { stroke: var(--ink, #16212b); stroke-width: 1.25; stroke-dasharray: 3 3; }
.chart .mark-dot { fill: var(--card, #fffdf9); stroke: var(--ink, #16212b); stroke-width: 2; }
.chart .mark-word { fill: var(--ink, #16212b); font-weight: 600; }
.chart .bar { fill: var(--accent, #0b5c63); }
.chart .peak { stroke: var(--hold, #9c3d0c); stroke-width: 2.5; }
.chart .other { fill: none; stroke: var(--ink, #16212b); stroke-width: 1.5; }
"""


def curve_svg(curve: Curve, lang: Lang) -> str:
    """Draw precision and the share of frauds found against what is flagged per day; "" without labels."""
    points = [point for point in curve.points if point.flagged and point.recall is not None]
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    x_of, ticks = _log_axis([point.per_day for point in points])
    found = [(x_of(point.per_day), _y(point.recall or 0.0)) for point in points]
    right = [(x_of(point.per_day), _y(point.precision)) for point in points if point.precision is not None]
    parts = [_grid([(share, percent_tick(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)], _y)]
    parts += [_x_axis(ticks, text("flagged_day", lang)), _marks(curve, x_of, lang)]
    parts += [_line(right, "right"), _line(found, "found")]
    parts.append(_keys([("found", text("recall", lang)), ("right", text("precision", lang))]))
    told = f"{text('recall', lang)}, {text('precision', lang)}: {text('curve_hint', lang)}"
    return _svg(parts, told)


def cost_svg(curve: Curve, currency: str, lang: Lang) -> str:
    """Draw the cost against what is flagged per day; "" without a least cost."""
    points = [point for point in curve.points if point.flagged]
    if curve.cost_optimal is None or len(points) < 2:  # noqa: PLR2004 - as above
        return ""
    x_of, ticks = _log_axis([point.per_day for point in points])
    # Far to the right, where everything is flagged, the cost dwarfs all else; it is cut there.
    nothing = curve.points[0].cost_minor
    least = min(point.cost_minor for point in points)
    top = max(1, int(1.6 * max(nothing, least)))

    def y_of(cost: float) -> float:
        return _y(min(1.0, cost / top))

    line = [(x_of(point.per_day), y_of(point.cost_minor)) for point in points if point.cost_minor <= top]
    steps = [
        (top * share, money(round(top * share), currency, lang)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    parts = [
        _grid(steps, y_of, wide=True),
        _x_axis(ticks, text("flagged_day", lang)),
        _marks(curve, x_of, lang),
    ]
    parts += [_line(line, "costs"), _keys([("costs", text("cost", lang))])]
    best = curve.points[curve.cost_optimal]
    return _svg(parts, f"{text('cost_optimal', lang)}: {money(best.cost_minor, currency, lang)}")


def hours_svg(queue: QueueLoad, lang: Lang, other: QueueLoad | None = None) -> str:
    """Draw alerts by the hour of the day: bars of the mean, a stroke at what one day in twenty passes."""
    values = [*queue.by_hour, *queue.by_hour_p95, *(() if other is None else other.by_hour)]
    steps, top = _steps(max(values))
    width = (WIDTH - _LEFT - _RIGHT) / len(queue.by_hour)
    parts = [_grid([(step, number(step)) for step in steps], lambda v: _y(v / top))]
    for hour, (mean, peak) in enumerate(zip(queue.by_hour, queue.by_hour_p95, strict=True)):
        x = _LEFT + hour * width
        y = _y(mean / top)
        told = f"{hour:02d}:00: {number(mean)}, {text('one_in_twenty', lang)} {number(peak)}"
        parts.append(
            f'<rect class="bar" x="{x + width * 0.15:.1f}" y="{y:.1f}" width="{width * 0.7:.1f}" '
            f'height="{_y(0) - y:.1f}" rx="2"><title>{escape(told)}</title></rect>'
        )
        level = _y(peak / top)
        parts.append(
            f'<path class="peak" d="M{x + width * 0.1:.1f} {level:.1f}h{width * 0.8:.1f}"/>' if peak else ""
        )
        if hour % 3 == 0:
            parts.append(_label(x + width / 2, HEIGHT - 32, f"{hour:02d}"))
    keys = [("found", text("mean", lang)), ("right", text("one_in_twenty", lang))]
    if other is not None:
        dots = [(_LEFT + (hour + 0.5) * width, _y(mean / top)) for hour, mean in enumerate(other.by_hour)]
        parts.append(_line(dots, "other"))
        keys.append(("costs", text("other_policy", lang)))
    parts.append(_keys(keys))
    return _svg(parts, text("by_hour", lang))


def days_svg(queue: QueueLoad, lang: Lang, other: QueueLoad | None = None) -> str:
    """Draw alerts by day; "" for less than two days."""
    days = queue.days
    if len(days) < 2:  # noqa: PLR2004 - as above
        return ""
    counts = dict(other.days) if other is not None else {}
    steps, top = _steps(max([count for _, count in days] + list(counts.values())))
    width = (WIDTH - _LEFT - _RIGHT) / len(days)
    parts = [_grid([(step, number(step)) for step in steps], lambda v: _y(v / top))]
    every = max(1, ceil(len(days) / 6))
    for place, (at_us, count) in enumerate(days):
        x, y = _LEFT + place * width, _y(count / top)
        parts.append(
            f'<rect class="bar" x="{x + width * 0.1:.1f}" y="{y:.1f}" width="{max(0.8, width * 0.8):.1f}" '
            f'height="{_y(0) - y:.1f}"><title>{escape(day(at_us, lang))}: {count}</title></rect>'
        )
        if place % every == 0:
            parts.append(_label(x + width / 2, HEIGHT - 32, day(at_us, lang)[:-5]))
    if counts:
        line = [
            (_LEFT + (n + 0.5) * width, _y(counts.get(at_us, 0) / top)) for n, (at_us, _) in enumerate(days)
        ]
        parts += [_line(line, "other"), _keys([("costs", text("other_policy", lang))])]
    return _svg(parts, text("by_day", lang))


def percent_tick(share: float) -> str:
    """Write a share without places.

    Examples
    --------
    >>> percent_tick(0.25)
    '25%'
    """
    return f"{share:.0%}"


def _marks(curve: Curve, x_of: Callable[[float], float], lang: Lang) -> str:
    """Draw where the best points lie; one word when both are one."""
    marks: list[tuple[CurvePoint, str]] = []
    for place, key in ((curve.cost_optimal, "cost_optimal"), (curve.budget_optimal, "budget_optimal")):
        if place is not None and curve.points[place].flagged:
            point = curve.points[place]
            if marks and marks[0][0] is point:
                marks[0] = (point, f"{marks[0][1]} = {text(key, lang)}")
            else:
                marks.append((point, text(key, lang)))
    parts: list[str] = []
    for row, (point, word) in enumerate(marks):
        x = x_of(point.per_day)
        side, shift = ("end", -8) if x > WIDTH * 0.6 else ("start", 8)
        y = _TOP + 18 + 22 * row
        parts.append(
            f'<path class="mark" d="M{x:.1f} {_TOP}V{_y(0):.1f}"/>'
            f'<text class="mark-word" x="{x + shift:.1f}" y="{y}" text-anchor="{side}">{escape(word)}</text>'
        )
        if point.recall is not None:
            parts.append(f'<circle class="mark-dot" cx="{x:.1f}" cy="{_y(0):.1f}" r="4"/>')
    return "".join(parts)


def _log_axis(values: Sequence[float]) -> tuple[Callable[[float], float], list[tuple[float, str]]]:
    low, high = log10(min(values)), log10(max(values))
    span = max(high - low, 1e-9)

    def x_of(value: float) -> float:
        return _LEFT + (log10(value) - low) / span * (WIDTH - _LEFT - _RIGHT)

    powers = range(ceil(low - 1e-9), floor(high + 1e-9) + 1)
    return x_of, [
        (x_of(10.0**power), f"{10**power:,}" if power >= 0 else f"{10.0**power:g}") for power in powers
    ]


def _steps(most: float) -> tuple[list[float], float]:
    """Return round values from 0 to at least a value, and the last of them.

    Examples
    --------
    >>> _steps(37)
    ([0, 10, 20, 30, 40], 40)
    """
    if most <= 0:
        return [0, 1], 1
    raw = most / 4
    power = 10 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    count = ceil(most / step)
    return [step * place for place in range(count + 1)], step * count


def _y(share: float | None) -> float:
    return _TOP + (1.0 - (share or 0.0)) * (HEIGHT - _TOP - _BOTTOM)


def _grid(steps: Sequence[tuple[float, str]], y_of: Callable[[float], float], *, wide: bool = False) -> str:
    parts: list[str] = []
    for value, word in steps:
        y = y_of(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>')
        # A long amount stands on its line, at the right where the costs have left the picture; a short one beside it.
        x, anchor, shift = (WIDTH - _RIGHT, "end", -5) if wide else (_LEFT - 8, "end", 5)
        parts.append(f'<text x="{x}" y="{y + shift:.1f}" text-anchor="{anchor}">{escape(word)}</text>')
    return "".join(parts)


def _x_axis(ticks: Sequence[tuple[float, str]], name: str) -> str:
    words = "".join(_label(x, HEIGHT - 34, word) for x, word in ticks)
    return words + f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 10}" text-anchor="end">{escape(name)} →</text>'


def _label(x: float, y: float, word: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(word)}</text>'


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline class="line {kind}" points="{told}"/>'
        if kind != "other"
        else (f'<polyline class="other" points="{told}"/>')
    )


def _keys(keys: Sequence[tuple[str, str]]) -> str:
    parts: list[str] = []
    x = float(_LEFT)
    for kind, word in keys:
        parts.append(
            f'<rect class="key-{kind}" x="{x:.0f}" y="10" width="16" height="5" rx="2"/>'
            f'<text x="{x + 23:.0f}" y="18">{escape(word)}</text>'
        )
        x += 48 + 9.2 * len(word)
    return "".join(parts)


def _svg(parts: Sequence[str], told: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )
