"""From the values of facts to the 64-bit words that the windows hold.

Integers and times stand for themselves; floats become integers in the same order; texts become their seeded XXH3 hash
(ADR 0006: the chance that any two of ten million keys meet is below three in a million).
"""

from __future__ import annotations

import struct
from typing import Any

import xxhash

_SIGN = 1 << 63
_ALL = (1 << 64) - 1
_LOW63 = (1 << 63) - 1
SEPARATOR = "\x1f"  # The unit separator; the door refuses control characters in ids.


def word_of_text(text: str, seed: int = 0) -> int:
    """Return a text's word, never 0 (which means none).

    Examples
    --------
    >>> word_of_text("card-1") == word_of_text("card-1") != word_of_text("card-2")
    True
    """
    hashed = xxhash.xxh3_64_intdigest(text.encode(), seed)
    if hashed >= _SIGN:
        hashed -= 1 << 64
    return hashed or 1


def word_of_float(value: float) -> int:
    """Return an integer that sorts as the floats do.

    Examples
    --------
    >>> sorted([1.5, -2.0, 0.0], key=word_of_float)
    [-2.0, 0.0, 1.5]
    """
    bits: int = struct.unpack("<q", struct.pack("<d", value + 0.0))[0]
    return bits if bits >= 0 else bits ^ _LOW63


def float_of_word(word: int) -> float:
    """Undo `word_of_float`."""
    bits = word if word >= 0 else word ^ _LOW63
    (value,) = struct.unpack("<d", struct.pack("<q", bits))
    return float(value)


def key_text(*parts: Any) -> str:  # noqa: ANN401 - facts of any type make keys
    """Return the text whose hash is the key of one or more facts."""
    return SEPARATOR.join([part if type(part) is str else repr(part) for part in parts])
