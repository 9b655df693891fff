"""The door for many events at once: types, bounds and normal forms of a frame's columns.

The rules are those of `satark.events.rules` and the bounds those of the events' annotations; each different value is
looked at once. A row that breaks a rule is left out and told by its number, its field and the rule, never its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.events.cards import MIN_CARD_DIGITS, find_card_number, replace_card_numbers
from satark.events.facts import PAYEE_CHANGE, PAYMENT
from satark.events.frame_columns import DEFAULTS, DTYPES, REQUIRED, ROW, TYPE, Column, Kind
from satark.events.frame_lines import canonical_lines
from satark.events.frame_values import (
    END_US,
    FIRST_US,
    Cells,
    bool_cells,
    float_cells,
    given,
    int_cells,
    never,
    time_cells,
    wrong_where,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from satark.events.rules import Rule
    from satark.events.tokens import CardTokens

_PLAIN_ID = r"^[A-Za-z0-9._:@+\-|/]+$"
_CARD_EXPECTED = "free of full card numbers"
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

        def refuse(mask: NDArray[np.bool_], field: str, expected: str, found: Callable[[int], str]) -> None:
            for place in np.flatnonzero(mask).tolist():
                bad.setdefault(place, (field, expected, found(place)))

        unknown = ~types.is_in(list(REQUIRED)).fill_null(value=False).to_numpy()
        refuse(unknown, TYPE, f"one of {', '.join(REQUIRED)}", lambda _: "another text")
        checked = [frame[ROW].cast(pl.Int64), types]
        present: dict[str, NDArray[np.bool_]] = {}
        for name in frame.columns:
            column = self._columns.get(name)
            if column is None:
                continue
            raw = frame[name]
            if raw.dtype == pl.String and column.kind is not Kind.TEXT:
                raw = raw.set(raw == "", None)
            values, wrong, expected = self._column(raw, column)
            there = given(raw)
            found = _Found(raw)
            refuse(wrong, name, expected, found)
            elsewhere = there & ~types.is_in(list(column.types)).fill_null(value=False).to_numpy() & ~unknown
            refuse(elsewhere, name, "absent in an event of this type", found)
            present[name] = there
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
        present: Mapping[str, NDArray[np.bool_]],
        height: int,
        refuse: Callable[[NDArray[np.bool_], str, str, Callable[[int], str]], None],
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

    def _column(self, raw: pl.Series, column: Column) -> Cells:
        """Return the values in normal form, where they are wrong, and the rule in words."""
        if raw.dtype == pl.Null:
            return pl.Series([None], dtype=DTYPES[column.kind]).new_from_index(0, len(raw)), never(raw), ""
        match column.kind:
            case Kind.TEXT:
                return self._text(raw, column)
            case Kind.CHOICE:
                values = raw.cast(pl.String, strict=False)
                right = values.is_in(list(column.choices))
                return values, wrong_where(raw, right), f"one of {', '.join(column.choices)}"
            case Kind.INT:
                return int_cells(raw, column)
            case Kind.FLOAT:
                return float_cells(raw, column)
            case Kind.BOOL:
                values = bool_cells(raw)
                return values, wrong_where(raw, values.is_not_null()), "true or false"
            case Kind.TIME:
                values, expected = time_cells(raw)
                return values, wrong_where(raw, values.is_between(FIRST_US, END_US - 1)), expected
            case Kind.LINES:
                values = canonical_lines(raw)
                return (
                    values,
                    wrong_where(raw, values.is_not_null() | (raw == "" if raw.dtype == pl.String else False)),
                    ("a list of at most 100 order lines, each with its fields alone"),
                )

    def _text(self, raw: pl.Series, column: Column) -> Cells:
        if not (
            raw.dtype == pl.String
            or raw.dtype.is_integer()
            or isinstance(raw.dtype, (pl.Categorical, pl.Enum))
        ):
            return raw.cast(pl.String, strict=False), given(raw), "str"
        values = raw.cast(pl.String)
        rule = column.rule
        expected = rule.expected if rule is not None else "text"
        low, high = column.low or 0, column.high or 1 << 20
        lengths = values.str.len_chars()
        wrong = wrong_where(values, lengths.is_between(low, high))
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
            wrong |= wrong_where(values, changed.is_not_null())
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


def arrival_us(frame: pl.DataFrame, name: str, shown: str) -> tuple[pl.DataFrame, list[Refusal]]:
    """Return `ROW` and the time of arrival in microseconds, and the rows that have none."""
    values, expected = time_cells(frame[name])
    known = values.is_between(FIRST_US, END_US - 1).fill_null(value=False)
    missing = frame[ROW].filter(~known).to_list()
    arrivals = pl.DataFrame([frame[ROW].cast(pl.Int64), values.alias(name)]).filter(known)
    return arrivals, [Refusal(row, shown, expected, "something else") for row in missing]


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


class _Found:
    """Says what stood in a cell, without repeating it."""

    def __init__(self, raw: pl.Series) -> None:
        self._raw = raw

    def __call__(self, place: int) -> str:
        dtype, value = self._raw.dtype, self._raw[place]
        if isinstance(value, str):
            return f"str of length {len(value)}"
        if dtype.is_integer():
            return "int"
        if dtype.is_float():
            return "float"
        if isinstance(dtype, pl.Datetime):
            return "a time without an offset" if dtype.time_zone is None else "a time out of range"
        return str(dtype.base_type().__name__).lower()
