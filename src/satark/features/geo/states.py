"""In which state or union territory of India a PIN code lies, from a file that ships with Satark.

The file holds beginnings of PIN codes: the longest one that fits says the state. So a PIN that is newer than the file
is still found by its sorting district.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PIN_DIGITS = 6
SHORTEST = 2
"""The first two digits name a postal circle; fewer say nothing about a state."""

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


@cache
def _prefixes() -> dict[str, str]:
    """Read the file once: the beginning of a PIN code to the code of its state."""
    text = files("satark.features.geo").joinpath("data", "pin_states.csv").read_text("ascii")
    pairs = (line.partition(",") for line in text.splitlines())
    return {prefix: state for prefix, _, state in pairs}
