"""In which state or union territory of India a PIN code lies, from a file that ships with Satark.

The file holds beginnings of PIN codes: the longest one that fits says the state. So a PIN that is newer than the file
is still found by its sorting district.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files

from satark.features.geo.pins import placed_pins

PIN_DIGITS = 6
SHORTEST = 2
"""The first two digits name a postal circle; fewer say nothing about a state."""

_CELL_DEGREES = 0.2
_MOST_CELLS = 5
"""Some 100 km: the emptiest parts of the country have a post office within."""

STATES = (
    "AN", "AP", "AR", "AS", "BR", "CG", "CH", "DH", "DL", "GA", "GJ", "HP", "HR", "JH", "JK", "KA", "KL", "LA",
    "LD", "MH", "ML", "MN", "MP", "MZ", "NL", "OD", "PB", "PY", "RJ", "SK", "TN", "TS", "TR", "UK", "UP", "WB",
)  # fmt: skip
"""The 28 states and 8 union territories by the second part of their ISO 3166-2 code (edition of 2023)."""


def state_of_pin(pin: str) -> str | None:
    """Return the code of the state of a PIN code, None when it is not one of India.

    Examples
    --------
    >>> state_of_pin("400001"), state_of_pin("194101"), state_of_pin("190001"), state_of_pin("000000")
    ('MH', 'LA', 'JK', None)
    """
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        return None
    prefixes = _prefixes()
    for length in range(PIN_DIGITS, SHORTEST - 1, -1):
        state = prefixes.get(pin[:length])
        if state is not None:
            return state
    return None


def state_of_place(lat: float, lon: float) -> str | None:
    """Return the code of the state in which most post offices near a place lie, None far from all of them.

    Good enough for counts: along a border it may say the neighbour.

    Examples
    --------
    >>> state_of_place(12.97, 77.59), state_of_place(34.15, 77.58), state_of_place(51.5, -0.1)
    ('KA', 'LA', None)
    """
    cells, row, column = _cells(), *_cell(lat, lon)
    for reach in range(_MOST_CELLS + 1):
        around = (
            cells.get((row + dy, column + dx))
            for dy in range(-reach, reach + 1)
            for dx in range(-reach, reach + 1)
            if max(abs(dx), abs(dy)) == reach
        )
        found = Counter(state for state in around if state is not None)
        if found:
            return max(sorted(found), key=found.__getitem__)
    return None


def _cell(lat: float, lon: float) -> tuple[int, int]:
    return int(lat // _CELL_DEGREES), int(lon // _CELL_DEGREES)


@cache
def _cells() -> dict[tuple[int, int], str]:
    """Return, per cell of a grid, the state of most PIN codes in it."""
    counts: dict[tuple[int, int], Counter[str]] = {}
    for pin, (lat, lon) in placed_pins():
        state = state_of_pin(pin)
        if state is not None:
            counts.setdefault(_cell(lat, lon), Counter())[state] += 1
    return {cell: max(sorted(states), key=states.__getitem__) for cell, states in counts.items()}


@cache
def _prefixes() -> dict[str, str]:
    """Read the file once: the beginning of a PIN code to the code of its state."""
    text = files("satark.features.geo").joinpath("data", "pin_states.csv").read_text("ascii")
    pairs = (line.partition(",") for line in text.splitlines())
    return {prefix: state for prefix, _, state in pairs}
