"""Order lines in a column: checked as at the door, kept as the canonical JSON of the tuple of lines."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from satark.events.cards import find_card_number
from satark.events.parts import Line, Lines
from satark.events.ruled import FIELD_RULES

_ENCODE = msgspec.json.Encoder().encode
_DECODER: msgspec.json.Decoder[tuple[Line, ...]] = msgspec.json.Decoder(Lines)
_RULES = FIELD_RULES[Line]


def canonical_lines(raw: pl.Series) -> pl.Series:
    """Return the JSON of each cell's lines (null for none, and for what breaks a rule).

    Parameters
    ----------
    raw
        JSON texts, or lists of structs.
    """
    if raw.dtype == pl.String:
        cells = [None if text is None else _from_text(text) for text in raw.to_list()]
    elif isinstance(raw.dtype, pl.List):
        cells = [None if many is None else _from_cells(many) for many in raw.to_list()]
    else:
        cells = [None] * len(raw)
    return pl.Series(raw.name, cells, dtype=pl.String)


def encode_lines(lines: tuple[Line, ...]) -> str | None:
    """Return the canonical JSON of checked lines, None when there are none."""
    return _ENCODE(lines).decode() if lines else None


@lru_cache(maxsize=65_536)
def decode_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of a canonical JSON."""
    return _DECODER.decode(text)


def _from_text(text: str) -> str | None:
    try:
        return _checked(_DECODER.decode(text))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _from_cells(many: list[Any]) -> str | None:
    try:
        plain = [{name: value for name, value in one.items() if value is not None} for one in many]
        return _checked(msgspec.convert(plain, Lines))
    except (msgspec.MsgspecError, AttributeError):
        return None


def _checked(lines: tuple[Line, ...]) -> str | None:
    kept = []
    for line in lines:
        changed: dict[str, str] = {}
        for name, rule in _RULES.items():
            text = getattr(line, name)
            if text is None:
                continue
            normal = None if find_card_number(text, rule.cards) else rule.normal(text)
            if normal is None:
                return None
            if normal != text:
                changed[name] = normal
        kept.append(msgspec.structs.replace(line, **changed) if changed else line)
    return _ENCODE(tuple(kept)).decode()
