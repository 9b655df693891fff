"""The little chart above the list, as numbers that an SVG can take."""

from __future__ import annotations

from typing import NamedTuple

WIDTH = 300
HEIGHT = 48
_GAP = 4


class Bar(NamedTuple):
    """One rectangle: an action's share of one minute."""

    action: str
    x: float
    y: float
    width: float
    height: float


def chart_of(minutes: list[list[tuple[str, int]]]) -> list[Bar]:
    """Return stacked bars, one stack per minute, the gravest action at the bottom.

    Examples
    --------
    >>> chart_of([[("block", 1), ("allow", 3)], [("block", 0), ("allow", 2)]])[0]
    Bar(action='block', x=0.0, y=36.0, width=146.0, height=12.0)
    """
    most = max((sum(count for _, count in minute) for minute in minutes), default=0)
    if most == 0:
        return []
    step = WIDTH / len(minutes)
    bars: list[Bar] = []
    for place, minute in enumerate(minutes):
        foot = float(HEIGHT)
        for action, count in minute:
            if count == 0:
                continue
            # A single block among thousands must still be seen.
            height = max(1.0, HEIGHT * count / most)
            foot -= height
            bars.append(
                Bar(action, round(place * step, 2), round(max(0.0, foot), 2), step - _GAP, round(height, 2))
            )
    return bars
