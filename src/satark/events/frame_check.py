"""The door for many events at once: types, bounds and normal forms of a frame's columns.

The rules are those of `satark.events.rules` and the bounds those of the events' annotations; each different value is
looked at once. A row that breaks a rule is left out and told by its number, its field and the rule, never its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from satark.core.clock import MICROS_PER_SECOND, to_us
from satark.events.cards import MIN_CARD_DIGITS, find_card_number, is_card_number, replace_card_numbers
from satark.events.check import FIRST_YEAR, LAST_YEAR
from satark.events.facts import CUSTOM_PREFIX, PAYEE_CHANGE, PAYMENT
from satark.events.fields import Moment
from satark.events.frame_columns import DEFAULTS, DTYPES, REQUIRED, ROW, TYPE, Column, Kind
from satark.events.frame_lines import canonical_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satark.events.rules import Rule
    from satark.events.tokens import CardTokens

_PLAIN_ID = r"^[A-Za-z0-9._:@+\-|/]+$"
_INT = r"^[+-]?[0-9]{1,19}$"
_CARD_EXPECTED = "free of full card numbers"
_FIRST_US = 0
_END_US = 4_102_444_800 * MICROS_PER_SECOND  # 2100-01-01T00:00:00Z
_YEARS = f"a time from {FIRST_YEAR} to {LAST_YEAR}"
_CUSTOMER_PARTS = ("customer_added_at", "phone", "email")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row of a file is not an event.

    Attributes
    ----------
    row
        From 1, the first row after a header.
    field
        The column, as facts are named.
    expected
        The rule that was broken, in words.
    found
        What was there instead; a type or a length, never the value.
    """

    row: int
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.field} must be {self.expected} (found {self.found})"


class Checker:
    """Checks frames of one file.

    Parameters
    ----------
    columns
        What each column may hold (`stored_columns`).
    tokens
        The keys in force; without them a row whose account number looks like a card is refused.
    """

    def __init__(self, columns: Mapping[str, Column], tokens: CardTokens | None = None) -> None:
        self._columns = columns
        self._tokens = tokens

    def check(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
        """Return the good rows in their normal form, and why the others are refused.

        Parameters
        ----------
        frame
            `ROW` (Int64), `TYPE`, and columns named as facts, of whatever type the file had.

        Returns
        -------
        tuple
            A frame whose columns have the types of `DTYPES`, and the refusals by row, the first of each row.
        """
        bad: dict[int, tuple[str, str, str]] = {}
        rows = frame[ROW].to_numpy()
        types = frame[TYPE]

        def refuse(
            mask: np.ndarray[Any, Any], field: str, expected: str, found: Callable[[int], str]
        ) -> None:
            for place in np.flatnonzero(mask).tolist():
                bad.setdefault(place, (field, expected, found(place)))

        unknown = ~types.is_in(list(REQUIRED)).fill_null(value=False).to_numpy()
        refuse(unknown, TYPE, f"one of {', '.join(REQUIRED)}", lambda _: "another text")
        checked = [frame[ROW].cast(pl.Int64), types]
        present: dict[str, np.ndarray[Any, Any]] = {}
        for name in frame.columns:
            column = self._columns.get(name)
            if column is None:
                continue
            raw = frame[name]
            if raw.dtype == pl.String and column.kind is not Kind.TEXT:
                raw = raw.set(raw == "", None)
            values, wrong, expected = self._column(raw, column)
            given = raw.is_not_null().to_numpy()
            refuse(wrong, name, expected, lambda place, raw=raw: _found(raw, place))
            elsewhere = given & ~types.is_in(list(column.types)).fill_null(value=False).to_numpy() & ~unknown
            refuse(
                elsewhere, name, "absent in an event of this type", lambda place, raw=raw: _found(raw, place)
            )
            present[name] = given
            checked.append(values.alias(name))
        for event_type, names in REQUIRED.items():
            of_type = (types == event_type).fill_null(value=False).to_numpy()
            for name in names:
                absent = of_type if name not in present else of_type & ~present[name]
                refuse(absent, name, "present", lambda _: "nothing")
        self._check_together(present, len(rows), refuse)
        result = _with_defaults(pl.DataFrame(checked))
        refusals = [Refusal(int(rows[place]), *why) for place, why in sorted(bad.items())]
        if bad:
            keep = np.ones(len(rows), dtype=np.bool_)
            keep[list(bad)] = False
            result = result.filter(pl.Series(keep))
        return result, refusals

    def _check_together(
        self,
        present: Mapping[str, np.ndarray[Any, Any]],
        height: int,
        refuse: Callable[[np.ndarray[Any, Any], str, str, Callable[[int], str]], None],
    ) -> None:
        none = np.zeros(height, dtype=np.bool_)
        customer = present.get("customer", none)
        for name in _CUSTOMER_PARTS:
            refuse(
                present.get(name, none) & ~customer,
                "customer",
                f"present where {name} is",
                lambda _: "nothing",
            )
        lat, lon = present.get("lat", none), present.get("lon", none)
        refuse(lon & ~lat, "lat", "present where lon is", lambda _: "nothing")
        refuse(lat & ~lon, "lon", "present where lat is", lambda _: "nothing")
        refuse(
            present.get("accuracy_m", none) & ~lat, "lat", "present where accuracy_m is", lambda _: "nothing"
        )

    def _column(self, raw: pl.Series, column: Column) -> tuple[pl.Series, np.ndarray[Any, Any], str]:
        """Return the values in normal form, where they are wrong, and the rule in words."""
        if raw.dtype == pl.Null:
            return pl.Series([None], dtype=DTYPES[column.kind]).new_from_index(0, len(raw)), _never(raw), ""
        match column.kind:
            case Kind.TEXT:
                return self._text(raw, column)
            case Kind.CHOICE:
                values = raw.cast(pl.String, strict=False)
                right = values.is_in(list(column.choices))
                return values, _wrong(raw, right), f"one of {', '.join(column.choices)}"
            case Kind.INT:
                return _int(raw, column)
            case Kind.FLOAT:
                return _float(raw, column)
            case Kind.BOOL:
                values = _bool(raw)
                return values, _wrong(raw, values.is_not_null()), "true or false"
            case Kind.TIME:
                values, expected = _time(raw)
                return values, _wrong(raw, values.is_between(_FIRST_US, _END_US - 1)), expected
            case Kind.LINES:
                values = canonical_lines(raw)
                return (
                    values,
                    _wrong(raw, values.is_not_null() | (raw == "" if raw.dtype == pl.String else False)),
                    ("a list of at most 100 order lines, each with its fields alone"),
                )

    def _text(self, raw: pl.Series, column: Column) -> tuple[pl.Series, np.ndarray[Any, Any], str]:
        if not (
            raw.dtype == pl.String
            or raw.dtype.is_integer()
            or isinstance(raw.dtype, (pl.Categorical, pl.Enum))
        ):
            return raw.cast(pl.String, strict=False), _given(raw), "str"
        values = raw.cast(pl.String)
        rule = column.rule
        expected = rule.expected if rule is not None else "text"
        low, high = column.low or 0, column.high or 1 << 20
        lengths = values.str.len_chars()
        wrong = _wrong(values, lengths.is_between(low, high))
        if wrong.any():
            expected = f"{expected}, of {low:g} to {high:g} characters"
        unique = values.drop_nulls().unique()
        if rule is not None and rule.name in {"id", "account"}:
            digits = unique.str.count_matches("[0-9]")
            unique = unique.filter(~unique.str.contains(_PLAIN_ID) | (digits >= MIN_CARD_DIGITS))
        before: list[str] = []
        after: list[str | None] = []
        for text in unique.to_list():
            normal = self._normal(text, rule)
            if normal != text:
                before.append(text)
                after.append(normal)
        if before:
            refused = (text for text, normal in zip(before, after, strict=True) if normal is None)
            if any(find_card_number(text) for text in refused):
                expected = _CARD_EXPECTED
            changed = values.replace_strict(
                pl.Series(before, dtype=pl.String),
                pl.Series(after, dtype=pl.String),
                default=values,
                return_dtype=pl.String,
            )
            wrong |= _wrong(values, changed.is_not_null())
            values = changed
        return values, wrong, expected

    def _normal(self, text: str, rule: Rule | None) -> str | None:
        if rule is None:
            return text
        if rule.cards == "seal":
            if self._tokens is None:
                text = "" if replace_card_numbers(text, lambda _: "x") != text else text
            else:
                text = replace_card_numbers(text, self._tokens.account_token)
        elif rule.cards != "skip" and find_card_number(text, rule.cards):
            return None
        return rule.normal(text)


def _int(raw: pl.Series, column: Column) -> tuple[pl.Series, np.ndarray[Any, Any], str]:
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
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(raw)), _given(raw), expected
    right = values.is_not_null()
    if column.name.startswith(CUSTOM_PREFIX):
        right &= _no_cards(values)
    if column.low is not None:
        right &= (values >= int(column.low)).fill_null(value=False)
    if column.high is not None:
        right &= (values <= int(column.high)).fill_null(value=False)
    return values, _wrong(raw, right), expected


def _float(raw: pl.Series, column: Column) -> tuple[pl.Series, np.ndarray[Any, Any], str]:
    expected = "a number" if column.low is None else f"a number from {column.low:g} to {column.high:g}"
    if not (raw.dtype.is_numeric() or raw.dtype == pl.String):
        return pl.Series([None], dtype=pl.Float64).new_from_index(0, len(raw)), _given(raw), expected
    values = raw.cast(pl.Float64, strict=False)
    right = values.is_finite().fill_null(value=False)
    if column.name.startswith(CUSTOM_PREFIX):
        right &= _no_cards(values.set(~right, None).cast(pl.Int64, strict=False))
    if column.low is not None:
        right &= values.is_between(column.low, column.high).fill_null(value=False)
    return values, _wrong(raw, right), expected


def _no_cards(numbers: pl.Series) -> pl.Series:
    """Return where a number does not spell a full card number."""
    large = numbers.filter(numbers >= 10 ** (MIN_CARD_DIGITS - 1)).unique()
    cards = [number for number in large.to_list() if is_card_number(str(number))]
    return ~numbers.is_in(cards).fill_null(value=False)


def _bool(raw: pl.Series) -> pl.Series:
    if raw.dtype == pl.Boolean:
        return raw
    if raw.dtype == pl.String:
        return raw.replace_strict(["true", "false"], [True, False], default=None, return_dtype=pl.Boolean)
    return pl.Series([None], dtype=pl.Boolean).new_from_index(0, len(raw))


def _time(raw: pl.Series) -> tuple[pl.Series, str]:
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


def arrival_us(frame: pl.DataFrame, name: str, shown: str) -> tuple[pl.DataFrame, list[Refusal]]:
    """Return `ROW` and the time of arrival in microseconds, and the rows that have none."""
    values, expected = _time(frame[name])
    known = values.is_between(_FIRST_US, _END_US - 1).fill_null(value=False)
    missing = frame[ROW].filter(~known).to_list()
    arrivals = pl.DataFrame([frame[ROW].cast(pl.Int64), values.alias(name)]).filter(known)
    return arrivals, [Refusal(row, shown, expected, "something else") for row in missing]


def micros(times: pl.Series) -> pl.Series:
    """Return a Datetime's microseconds since 1970 (of nanoseconds the whole microseconds)."""
    return times.dt.cast_time_unit("us").cast(pl.Int64)


def moment_us(text: str) -> int | None:
    """Return an RFC 3339 time's microseconds as the door reads them, None when it is not one."""
    try:
        return to_us(msgspec.convert(text, Moment))
    except (msgspec.ValidationError, OverflowError):
        return None


def _with_defaults(frame: pl.DataFrame) -> pl.DataFrame:
    acts = {"currency": [PAYMENT], "channel": [PAYMENT, PAYEE_CHANGE]}
    for name, value in DEFAULTS.items():
        have = pl.col(name) if name in frame.columns else pl.lit(None, dtype=pl.String)
        default = pl.when(pl.col(TYPE).is_in(acts[name])).then(pl.lit(value))
        frame = frame.with_columns(pl.coalesce(have, default).alias(name))
    if "lat" in frame.columns:
        radius = pl.col("accuracy_m") if "accuracy_m" in frame.columns else pl.lit(None, dtype=pl.Float64)
        frame = frame.with_columns(
            pl.when(pl.col("lat").is_not_null()).then(radius.fill_null(0.0)).alias("accuracy_m")
        )
    return frame


def _given(raw: pl.Series) -> np.ndarray[Any, Any]:
    return raw.is_not_null().to_numpy()


def _never(raw: pl.Series) -> np.ndarray[Any, Any]:
    return np.zeros(len(raw), dtype=np.bool_)


def _wrong(raw: pl.Series, right: pl.Series) -> np.ndarray[Any, Any]:
    """Return where there is a value that is not right."""
    return _given(raw) & ~right.fill_null(value=False).to_numpy()


def _found(raw: pl.Series, place: int) -> str:
    value = raw[place]
    if isinstance(value, str):
        return f"str of length {len(value)}"
    if raw.dtype.is_integer():
        return "int"
    if raw.dtype.is_float():
        return "float"
    if isinstance(raw.dtype, pl.Datetime):
        return "a time without an offset" if raw.dtype.time_zone is None else "a time out of range"
    return str(raw.dtype.base_type().__name__).lower()


def first_of(refusals: Sequence[Refusal]) -> Refusal | None:
    """Return the refusal of the earliest row."""
    return min(refusals, key=lambda one: one.row, default=None)
