"""The pictures and tables of a backtest as numbers that a template writes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.policies import ACTIONS

if TYPE_CHECKING:
    from satark.decisions.backtest.result import (
        BacktestResult,
        Cell,
        Curve,
        CurvePoint,
        Difference,
        PolicyResult,
        RuleResult,
    )

WIDTH, HEIGHT = 1_000, 240
SHOWN_POINTS = 12
MAX_RULES = 300
MAX_EXAMPLES = 100


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the curve that matters: where it lies in the picture, and what it means."""

    kind: str
    x: float
    y: float
    point: CurvePoint


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """The threshold curve: alerts a day to the right, the share of fraud found upwards.

    Attributes
    ----------
    recall, precision
        The `points` of two lines.
    most_per_day
        At the right edge.
    marks
        The cost-optimal and the budget-optimal point.
    rows
        Some points for the table, by falling threshold.
    """

    of: str
    recall: str
    precision: str
    most_per_day: float
    marks: tuple[Mark, ...]
    rows: tuple[CurvePoint, ...]
    auc: float | None
    average_precision: float | None


@dataclass(frozen=True, slots=True)
class HourBars:
    """Alerts by the hour of the day in India: (x, width, y, height, hour, alerts) of each bar."""

    bars: tuple[tuple[float, float, float, float, int, float], ...]
    before: tuple[tuple[float, float, float, float], ...]
    most: float


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule under the candidate beside the same rule before; None where there is none."""

    code: str
    after: RuleResult | None
    before: RuleResult | None


def curve_picture(curve: Curve) -> CurvePicture | None:
    """Return the picture of a curve; None when there is nothing to draw.

    Examples
    --------
    >>> from satark.decisions.backtest.result import Curve, CurvePoint
    >>> points = [CurvePoint(1.0, 0, 0, 0, 0.0, 0, None, 0.0, 9), CurvePoint(0.5, 10, 4, 6, 5.0, 700, 0.4, 1.0, 3)]
    >>> picture = curve_picture(Curve("score", points, 1, None, 0.9, 0.8))
    >>> picture.recall, [(mark.kind, mark.x, mark.y) for mark in picture.marks]
    ('0.0,240.0 1000.0,0.0', [('cost', 1000.0, 0.0)])
    """
    points = curve.points
    most = max((point.per_day for point in points), default=0.0)
    if len(points) < 2 or most <= 0:  # noqa: PLR2004 - a line needs two ends
        return None

    def x_of(point: CurvePoint) -> float:
        return round(WIDTH * point.per_day / most, 2)

    def y_of(share: float) -> float:
        return round(HEIGHT - HEIGHT * min(1.0, max(0.0, share)), 2)

    recall = [(x_of(point), y_of(point.recall)) for point in points if point.recall is not None]
    precision = [(x_of(point), y_of(point.precision)) for point in points if point.precision is not None]
    marks = []
    for kind, place in (("cost", curve.cost_optimal), ("budget", curve.budget_optimal)):
        if place is not None and 0 <= place < len(points) and points[place].recall is not None:
            point = points[place]
            marks.append(Mark(kind, x_of(point), y_of(point.recall or 0.0), point))
    step = max(1, len(points) // SHOWN_POINTS)
    return CurvePicture(
        of=curve.of,
        recall=_line(recall),
        precision=_line(precision),
        most_per_day=most,
        marks=tuple(marks),
        rows=tuple(points[::step][: SHOWN_POINTS + 1]),
        auc=curve.auc,
        average_precision=curve.average_precision,
    )


def hour_bars(after: PolicyResult, before: PolicyResult | None) -> HourBars | None:
    """Return the alerts of each hour of the day; None when there are none."""
    now = after.queue.by_hour
    then = [] if before is None else before.queue.by_hour
    most = max([*now, *then, 0.0])
    if most <= 0:
        return None
    step = WIDTH / 24
    bars = tuple(
        (round(hour * step + step * 0.1, 2), round(step * 0.8, 2), *_tall(alerts, most), hour, alerts)
        for hour, alerts in enumerate(now)
    )
    marks = tuple(
        (round(hour * step, 2), round(step, 2), _tall(alerts, most)[0], 0.0)
        for hour, alerts in enumerate(then)
    )
    return HourBars(bars, marks, most)


def rule_rows(result: BacktestResult) -> list[RuleRow]:
    """Return all rules, those of the candidate first."""
    before = {} if result.against is None else {rule.code: rule for rule in result.against.rules}
    rows = [RuleRow(rule.code, rule, before.pop(rule.code, None)) for rule in result.candidate.rules]
    rows += [RuleRow(code, None, rule) for code, rule in before.items()]
    return rows[:MAX_RULES]


def matrix(difference: Difference | None) -> list[tuple[str, list[Cell | None]]]:
    """Return, per action before, the payments by action after, mildest first; empty without a comparison."""
    if difference is None:
        return []
    cells = {(cell.before, cell.after): cell for cell in difference.matrix}
    return [(before, [cells.get((before, after)) for after in ACTIONS]) for before in ACTIONS]


def _line(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _tall(value: float, most: float) -> tuple[float, float]:
    tall = round(HEIGHT * value / most, 2)
    return round(HEIGHT - tall, 2), tall
