"""The cells of one column to values: ints, floats, truth and times as a file may write them.

Each function returns the values (null where a cell cannot be read), where a cell is wrong, and the rule in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from satark.core.clock import MICROS_PER_SECOND, to_us
from satark.events.cards import MIN_CARD_DIGITS, is_card_number
from satark.events.check import FIRST_YEAR, LAST_YEAR
from satark.events.facts import CUSTOM_PREFIX
from satark.events.fields import Moment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.events.frame_columns import Column

Cells = tuple[pl.Series, "NDArray[np.bool_]", str]
"""Values, where they are wrong, and the rule."""
_INT = r"^[+-]?[0-9]{1,19}$"
FIRST_US = 0
END_US = 4_102_444_800 * MICROS_PER_SECOND  # 2100-01-01T00:00:00Z
_YEARS = f"a time from {FIRST_YEAR} to {LAST_YEAR}"


def int_cells(raw: pl.Series, column: Column) -> Cells:
    """Return whole numbers."""
    expected = "an int"
    if column.low is not None or column.high is not None:
        expected = (
            f"an int from {column.low:g} to {column.high:g}"
            if column.high
            else f"an int of at least {column.low:g}"
        )
    if raw.dtype.is_integer():
        values = raw.cast(pl.Int64, strict=False)
    elif raw.dtype == pl.String:
        values = raw.set(~raw.str.contains(_INT).fill_null(value=False), None).cast(pl.Int64, strict=False)
    else:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(raw)), given(raw), expected
    right = values.is_not_null()
    if column.name.startswith(CUSTOM_PREFIX):
        right &= _no_cards(values)
    if column.low is not None:
        right &= (values >= int(column.low)).fill_null(value=False)
    if column.high is not None:
        right &= (values <= int(column.high)).fill_null(value=False)
    return values, wrong_where(raw, right), expected


def float_cells(raw: pl.Series, column: Column) -> Cells:
    """Return finite numbers."""
    expected = "a number" if column.low is None else f"a number from {column.low:g} to {column.high:g}"
    if not (raw.dtype.is_numeric() or raw.dtype == pl.String):
        return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(raw)), given(raw), expected
    values = raw.cast(pl.Float64, strict=False)
    right = values.is_finite().fill_null(value=False)
    if column.name.startswith(CUSTOM_PREFIX):
        right &= _no_cards(values.set(~right, None).cast(pl.Int64, strict=False))
    if column.low is not None:
        right &= values.is_between(column.low, column.high).fill_null(value=False)
    return values, wrong_where(raw, right), expected


def _no_cards(numbers: pl.Series) -> pl.Series:
    """Return where a number does not spell a full card number."""
    large = numbers.filter(numbers >= 10 ** (MIN_CARD_DIGITS - 1)).unique()
    cards = [number for number in large.to_list() if is_card_number(str(number))]
    return ~numbers.is_in(cards).fill_null(value=False)


def bool_cells(raw: pl.Series) -> pl.Series:
    """Return truth, written as true or false in text."""
    if raw.dtype == pl.Boolean:
        return raw
    if raw.dtype == pl.String:
        return raw.replace_strict(["true", "false"], [True, False], default=None, return_dtype=pl.Boolean)
    return pl.Series([None], dtype=pl.Boolean).new_from_index(0, len(raw))


def time_cells(raw: pl.Series) -> tuple[pl.Series, str]:
    """Return microseconds, and what a time must look like where it cannot be read."""
    if isinstance(raw.dtype, pl.Datetime):
        if raw.dtype.time_zone is None:
            return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(raw)), "a time with an offset"
        return micros(raw), _YEARS
    if raw.dtype != pl.String:
        return pl.Series([None], dtype=pl.Int64).new_from_index(
            0, len(raw)
        ), "a time (RFC 3339) with an offset"
    unique = raw.drop_nulls().unique()
    parsed = [moment_us(text) for text in unique.to_list()]
    if not parsed:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(raw)), _YEARS
    values = raw.replace_strict(
        unique, pl.Series(parsed, dtype=pl.Int64), default=None, return_dtype=pl.Int64
    )
    return values, f"{_YEARS}, RFC 3339 with an offset"


def micros(times: pl.Series) -> pl.Series:
    """Return a Datetime's microseconds since 1970 (of nanoseconds the whole microseconds)."""
    return times.dt.cast_time_unit("us").cast(pl.Int64)


def moment_us(text: str) -> int | None:
    """Return an RFC 3339 time's microseconds as the door reads them, None when it is not one."""
    try:
        return to_us(msgspec.convert(text, Moment))
    except (msgspec.ValidationError, OverflowError):
        return None


def given(raw: pl.Series) -> NDArray[np.bool_]:
    """Return where there is a cell at all."""
    there: NDArray[np.bool_] = raw.is_not_null().to_numpy()
    return there


def never(raw: pl.Series) -> NDArray[np.bool_]:
    """Return nowhere."""
    return np.zeros(len(raw), dtype=np.bool_)


def wrong_where(raw: pl.Series, right: pl.Series) -> NDArray[np.bool_]:
    """Return where there is a value that is not right."""
    right_there: NDArray[np.bool_] = right.fill_null(value=False).to_numpy()
    return given(raw) & ~right_there
