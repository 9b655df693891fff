"""Charts as lists of rectangles: the server draws, the template only writes them out, and no style stands inline.

A chart is drawn in a box of 1,000 by 200 units that the page stretches; words stand beside it as text, never in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 1_000, 200
_GAP_SHARE = 0.2
_LEAST_HEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; `kind` is its class."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart with its parts from the bottom up, and what it is called.

    Attributes
    ----------
    label
        For the table and the tip of the column.
    parts
        (kind, count) in the order of the stack.
    """

    label: str
    parts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(count for _, count in self.parts)


def stack(columns: Sequence[Column]) -> list[tuple[Column, list[Bar]]]:
    """Return the rectangles of each column, scaled to the highest.

    Examples
    --------
    >>> [(bar.y, bar.height) for _, bars in stack([Column("a", (("hold", 1), ("allow", 3)))]) for bar in bars]
    [(150.0, 50.0), (0.0, 150.0)]
    >>> stack([Column("a", (("hold", 0),))])[0][1]
    []
    """
    highest = max((column.total for column in columns), default=0)
    if not highest:
        return [(column, []) for column in columns]
    step = WIDTH / len(columns)
    width = round(step * (1 - _GAP_SHARE), 2)
    drawn = []
    for place, column in enumerate(columns):
        bars, top = [], float(HEIGHT)
        for kind, count in column.parts:
            if count:
                height = max(_LEAST_HEIGHT, round(HEIGHT * count / highest, 2))
                top = max(0.0, top - height)
                bars.append(
                    Bar(kind, round(place * step + step * _GAP_SHARE / 2, 2), round(top, 2), width, height)
                )
        drawn.append((column, bars))
    return drawn


def shares(counts: Mapping[str, int]) -> dict[str, int]:
    """Return each count in per cent of the greatest, at least 1 for what is there.

    Examples
    --------
    >>> shares({"a": 200, "b": 1, "c": 0})
    {'a': 100, 'b': 1, 'c': 0}
    """
    most = max(counts.values(), default=0)
    return {key: max(1, round(100 * count / most)) if count else 0 for key, count in counts.items()}


def level(count: int, most: int, levels: int = 5) -> int:
    """Return the shade of a count on the map: 0 for none, then 1 to `levels` by its share of the greatest.

    Examples
    --------
    >>> level(0, 10), level(1, 10), level(10, 10), level(5, 10)
    (0, 1, 5, 3)
    """
    if not count or not most:
        return 0
    return min(levels, int(levels * count / most) + 1)
