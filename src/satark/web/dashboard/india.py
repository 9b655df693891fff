"""The map of India that the dashboard colours: outlines of the states and union territories, and where they come from.

The outlines are a file of a published package, with its licence and what was changed in `data/NOTICE.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec


class IndiaMap(msgspec.Struct, frozen=True):
    """Outlines in the coordinates of one SVG view box.

    Attributes
    ----------
    view_box
        Least x, least y, width and height.
    states
        State code to the `d` of its path.
    """

    view_box: str
    states: dict[str, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """One state on the map: its outline, its shade (0 to 5), its count; `title` is off for strips between states."""

    code: str
    outline: str
    level: int
    count: int
    title: bool


@cache
def india_map() -> IndiaMap:
    """Read the outlines once."""
    raw = files("satark.web.dashboard").joinpath("data", "india.json").read_bytes()
    return msgspec.json.decode(raw, type=IndiaMap)
