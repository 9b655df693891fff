"""From a file's own columns to facts, as a map says: renamed, prefixed, translated, brought to minor units and UTC.

A map is data (`FrameMap`); `satark.decisions.replay_map` reads it from YAML. What a cell holds is checked afterwards,
by `satark.events.frame_check`, like everything that comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from satark.core.currencies import CURRENCY_EXPONENTS
from satark.events.facts import PAYMENT
from satark.events.frame_check import Refusal
from satark.events.frame_columns import ROW, TYPE
from satark.events.frame_values import micros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MAJOR = "major"
TIME_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
AMOUNTS = frozenset({"amount_minor", "result_amount_minor"})
LABEL_COLUMN = "__label"
RESULT_COLUMN = "__outcome"
_NAIVE = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one fact comes from.

    Attributes
    ----------
    column
        The file's column; None for a constant.
    constant
        The value of every row.
    prefix
        Put before a text (or number), so that ids of different kinds never meet.
    values
        What to write for each value of the file (as text); a value that is not named is refused.
    unit
        Of an amount: ``minor`` or ``major`` units; of a time given as a number: s, ms, us.
    timezone
        Of times that carry no offset.
    """

    column: str | None = None
    constant: Any = None
    prefix: str = ""
    values: Mapping[str, str] | None = None
    unit: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class LabelSource:
    """A column that tells which payments were fraud.

    Attributes
    ----------
    fraud_values, genuine_values
        As text. When `genuine_values` is None every other value is genuine; otherwise what is in neither is refused. No
        value is no label.
    delay_us
        How long after the payment the label was reported.
    """

    column: str
    fraud_values: frozenset[str]
    genuine_values: frozenset[str] | None = None
    delay_us: int = 0
    reporter: str = "file"
    kind: Source | None = None


@dataclass(frozen=True, slots=True)
class ResultSource:
    """Columns that tell what became of a payment, and when."""

    outcome: Source
    time: Source | None = None
    code: Source | None = None
    amount: Source | None = None


@dataclass(frozen=True, slots=True)
class FrameMap:
    """How a foreign file is read; every row is one payment."""

    facts: Mapping[str, Source]
    label: LabelSource | None = None
    result: ResultSource | None = None
    arrival: Source | None = None
    file: str = "map"
    lines: Mapping[str, int] = field(default_factory=dict)

    def columns(self) -> dict[str, str]:
        """Return every column of the file that is read, and for what."""
        sources = dict(self.facts)
        if self.arrival is not None:
            sources["arrival"] = self.arrival
        if self.result is not None:
            parts = {"outcome": self.result.outcome, "time": self.result.time, "code": self.result.code}
            sources |= {
                f"result.{n}": s for n, s in (parts | {"amount": self.result.amount}).items() if s is not None
            }
        if self.label is not None:
            sources["label"] = Source(self.label.column)
            if self.label.kind is not None:
                sources["label.kind"] = self.label.kind
        return {source.column: name for name, source in sources.items() if source.column is not None}


class Mapper:
    """Applies a map to frames of one file."""

    def __init__(self, mapping: FrameMap) -> None:
        self.mapping = mapping

    def apply(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
        """Return the frame with facts as columns, and the rows whose values the map does not know.

        The frame has `ROW`. The outcome, label and arrival of a row go along in columns of their own.
        """
        bad: dict[int, Refusal] = {}
        rows = frame[ROW]
        made = [rows, pl.Series(TYPE, [PAYMENT], dtype=pl.String).new_from_index(0, frame.height)]
        wanted = dict(self.mapping.facts)
        if self.mapping.arrival is not None:
            wanted["__arrival"] = self.mapping.arrival
        if self.mapping.result is not None:
            wanted |= _result_columns(self.mapping.result)
        if self.mapping.label is not None and self.mapping.label.kind is not None:
            wanted["label_kind"] = self.mapping.label.kind
        currency = _currency(self.mapping.facts.get("currency"), frame)
        for name, source in wanted.items():
            values, wrong = _values(frame, source, currency)
            for place in wrong.arg_true().to_list():
                expected = _expected(source)
                bad.setdefault(
                    place, Refusal(int(rows[place]), source.column or name, expected, "another value")
                )
            made.append(values.alias(name))
        if self.mapping.label is not None:
            values, wrong = _labels(frame, self.mapping.label)
            for place in wrong.arg_true().to_list():
                bad.setdefault(
                    place,
                    Refusal(
                        int(rows[place]), self.mapping.label.column, "a value that the map names", "another"
                    ),
                )
            made.append(values)
        result = pl.DataFrame(made)
        if bad:
            keep = pl.Series([place not in bad for place in range(frame.height)], dtype=pl.Boolean)
            result = result.filter(keep)
        return result, list(bad.values())


def _result_columns(result: ResultSource) -> dict[str, Source]:
    columns = {RESULT_COLUMN: result.outcome}
    if result.time is not None:
        columns["__result_at"] = result.time
    if result.code is not None:
        columns["result_code"] = result.code
    if result.amount is not None:
        columns["result_amount_minor"] = result.amount
    return columns


def _expected(source: Source) -> str:
    if source.values is not None:
        return f"one of {', '.join(list(source.values)[:12])}"
    if source.unit == MAJOR:
        return "an amount with no more places than its currency has"
    if source.timezone is not None:
        return "a time that exists there"
    return "a value that the map can read"


def _values(frame: pl.DataFrame, source: Source, currency: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the values of one fact, and where the file's value could not be read."""
    if source.column is None:
        values = pl.Series([source.constant]).new_from_index(0, frame.height)
        return values, pl.Series([False]).new_from_index(0, frame.height)
    raw = frame[source.column]
    if raw.dtype == pl.String:
        raw = raw.set(raw == "", None)
    values = raw
    if source.values is not None:
        values = as_text(raw).replace_strict(
            list(source.values), list(source.values.values()), default=None, return_dtype=pl.String
        )
    if source.unit == MAJOR:
        values = _minor(values, currency)
    elif source.unit in TIME_UNITS and values.dtype != pl.Null:
        values = _from_number(values, TIME_UNITS[source.unit])
    elif source.timezone is not None:
        values = _localised(values, source.timezone)
    if source.prefix:
        values = pl.select(pl.lit(source.prefix) + as_text(values)).to_series()
    return values, raw.is_not_null() & values.is_null()


def as_text(values: pl.Series) -> pl.Series:
    """Return values as texts: numbers without a point where they are whole, true and false in small letters."""
    if values.dtype == pl.String:
        return values
    if values.dtype.is_float():
        whole = values.cast(pl.Int64, strict=False)
        exact = (whole.cast(pl.Float64) == values).fill_null(value=False)
        return whole.cast(pl.String).zip_with(exact, values.cast(pl.String))
    return values.cast(pl.String, strict=False)


def _minor(values: pl.Series, currency: pl.Series) -> pl.Series:
    """Bring major units to minor ones by decimal arithmetic; a float is read by its shortest form."""
    pairs = pl.DataFrame({"value": values, "currency": currency}).unique()
    exact = [None if v is None or c is None else _exact(v, c) for v, c in pairs.iter_rows()]
    table = pairs.with_columns(minor=pl.Series(exact, dtype=pl.Int64))
    both = pl.DataFrame({"value": values, "currency": currency})
    return both.join(table, on=["value", "currency"], how="left", nulls_equal=True, maintain_order="left")[
        "minor"
    ]


def _exact(value: Any, currency: str) -> int | None:  # noqa: ANN401 - a cell of any type
    exponent = CURRENCY_EXPONENTS.get(currency)
    if exponent is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value).strip()).scaleb(exponent)
        return int(amount) if amount == amount.to_integral_value() and abs(amount) < 2**63 else None
    except (InvalidOperation, ValueError):
        return None


def _from_number(values: pl.Series, factor: int) -> pl.Series:
    if values.dtype == pl.String:
        exact = values.cast(pl.Decimal(38, 9), strict=False)
        us = (exact.cast(pl.Float64) * factor).round().cast(pl.Int64, strict=False)
    elif values.dtype.is_integer():
        us = values.cast(pl.Int64, strict=False) * factor
    elif values.dtype.is_float():
        us = (values * factor).round().cast(pl.Int64, strict=False)
    else:
        return pl.Series([None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(values))
    return us.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _localised(values: pl.Series, timezone: str) -> pl.Series:
    """Read times without an offset as of a place; one that does not exist or exists twice there is none."""
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        return values
    naive = values
    if values.dtype == pl.String:
        parsed = [values.str.to_datetime(form, time_unit="us", strict=False) for form in _NAIVE]
        naive = parsed[0].zip_with(parsed[0].is_not_null(), parsed[1])
    elif values.dtype == pl.Date:
        naive = values.cast(pl.Datetime("us"))
    elif not isinstance(values.dtype, pl.Datetime):
        return pl.Series([None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(values))
    unique = naive.drop_nulls().unique()
    zone = ZoneInfo(timezone)
    moments = pl.Series(
        [_in_zone(moment, zone) for moment in unique.to_list()], dtype=pl.Datetime("us", "UTC")
    )
    if not len(unique):
        return pl.Series([None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(values))
    us = naive.cast(pl.Int64).replace_strict(
        unique.cast(pl.Int64), micros(moments), default=None, return_dtype=pl.Int64
    )
    return us.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime | None:
    early, late = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
    return early.astimezone(ZoneInfo("UTC")) if early.utcoffset() == late.utcoffset() else None


def _currency(source: Source | None, frame: pl.DataFrame) -> pl.Series:
    if source is None:
        source = Source(constant="INR")
    if source.column is None:
        return pl.Series([source.constant], dtype=pl.String).new_from_index(0, frame.height)
    values, _ = _values(frame, source, pl.Series([None], dtype=pl.String))
    return values.cast(pl.String, strict=False)


def _labels(frame: pl.DataFrame, label: LabelSource) -> tuple[pl.Series, pl.Series]:
    raw = frame[label.column]
    if raw.dtype == pl.String:
        raw = raw.set(raw == "", None)
    texts = as_text(raw)
    fraud = texts.is_in(list(label.fraud_values))
    genuine = ~fraud if label.genuine_values is None else texts.is_in(list(label.genuine_values))
    verdicts = pl.select(
        pl.when(fraud).then(pl.lit("fraud")).when(genuine).then(pl.lit("genuine")).alias(LABEL_COLUMN)
    ).to_series()
    return verdicts, raw.is_not_null() & verdicts.is_null()
