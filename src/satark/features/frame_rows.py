"""Input rows of the windows for many events at once, for replay and for backfilling new windows.

The same plan and the same words as `satark.features.encode.RowWriter`, column by column; a property test holds the two
equal bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.features.encode import MAX_EXACT_INT, text_value_columns
from satark.features.hashing import SEPARATOR, key_text
from satark.features.kernel.layout import IN_MASK, IN_SEQ, IN_TIME, MASK_BITS
from satark.features.kernel.texts import words_of_texts
from satark.language import Type, to_polars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.features.plan import Plan, ValueColumn
    from satark.language import PolarsEnv, TypedExpr

LOCATION_PARTS = ("lat", "lon", "accuracy_m")
_LOW63 = np.int64((1 << 63) - 1)
_HEIGHT = "__height"


def rows_from_frame(
    plan: Plan,
    event_type: str,
    frame: pl.DataFrame,
    *,
    seqs: NDArray[np.int64],
    times_us: NDArray[np.int64],
    env: PolarsEnv | None = None,
    seed: int = 0,
    texts: dict[int, str] | None = None,
) -> NDArray[np.int64]:
    """Return the input rows of events of one type.

    Parameters
    ----------
    plan
        Of the policy.
    event_type
        Of every row of the frame.
    frame
        One column per fact, named as the fact; at least ``plan.names_of``. Times are integers of microseconds (or
        Datetime), locations structs of ``lat``, ``lon``, ``accuracy_m``. A key whose facts are no columns is missing.
    seqs, times_us
        Shape (n,): the places of the events in the log and their times.
    env
        For `listed` in filters.
    seed
        Of the text hash.
    texts
        Filled with word -> text for texts that a feature may have to give back.

    Returns
    -------
    NDArray[np.int64]
        Shape (n, ``plan.layout.n_inputs``), C-contiguous, as `Windows.run` takes them.
    """
    rows = np.zeros((frame.height, plan.layout.n_inputs), dtype=np.int64)
    rows[:, IN_SEQ] = seqs
    rows[:, IN_TIME] = times_us
    if not frame.height:
        return rows
    values = _values(plan, event_type, frame, env)
    _write_masks(plan, event_type, frame, values, env, rows)
    for number, key in enumerate(plan.keys):
        if all(name in frame.columns for name in key.by):
            rows[:, plan.first_key + number] = _plain(words_of_keys(frame, key.by, seed))
    kept = text_value_columns(plan)
    for number, column in enumerate(plan.values):
        if column.event_type == event_type:
            words = _words(column, values[column.expr.canonical], seed)
            if texts is not None and plan.first_value + number in kept:
                texts.update(_texts_of(words, values[column.expr.canonical]))
            rows[:, plan.first_value + number] = _plain(words)
    return rows


def words_of_keys(frame: pl.DataFrame, by: Sequence[str], seed: int = 0) -> pl.Series:
    """Return the word of the key of one or two facts (Int64); null where any of them is missing."""
    parts = [_key_part(frame[name]) for name in by]
    if len(parts) == 1:
        return words_of_texts(parts[0], seed)
    joined = frame.select(pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=False).alias("key"))
    return words_of_texts(joined["key"], seed)


def words_of_floats(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return integers that sort as the floats do (`satark.features.hashing.word_of_float`)."""
    bits = (values + 0.0).view(np.int64)
    return np.where(bits < 0, bits ^ _LOW63, bits)


def _values(plan: Plan, event_type: str, frame: pl.DataFrame, env: PolarsEnv | None) -> dict[str, pl.Series]:
    """Compute every expression of values and of presence, by canonical text."""
    wanted: dict[str, TypedExpr] = {}
    for column in plan.values:
        if column.event_type == event_type:
            wanted[column.expr.canonical] = column.expr
    for bit in plan.filters:
        if bit.event_type == event_type and bit.present is not None:
            wanted[bit.present.canonical] = bit.present
    computed = _select(frame, [_value(expr, env) for expr in wanted.values()])
    return dict(zip(wanted, computed, strict=True))


def _value(expr: TypedExpr, env: PolarsEnv | None) -> pl.Expr:
    value = to_polars(expr, env)
    if expr.type is Type.INT:
        value = pl.when(value.is_between(-MAX_EXACT_INT, MAX_EXACT_INT)).then(value)
    return value


def _select(frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> list[pl.Series]:
    """Evaluate expressions; one without any column gives its value on every row all the same."""
    height = pl.int_range(pl.len()).alias(_HEIGHT)
    named = [expression.alias(str(place)) for place, expression in enumerate(expressions)]
    return frame.select(height, *named).get_columns()[1:]


def _write_masks(
    plan: Plan,
    event_type: str,
    frame: pl.DataFrame,
    values: dict[str, pl.Series],
    env: PolarsEnv | None,
    rows: NDArray[np.int64],
) -> None:
    conditions = {
        c.canonical: c for bit in plan.filters if bit.event_type == event_type for c in bit.conditions
    }
    computed = _select(frame, [to_polars(c, env).fill_null(value=False) for c in conditions.values()])
    true = {name: series.to_numpy() for name, series in zip(conditions, computed, strict=True)}
    for number, bit in enumerate(plan.filters):
        if bit.event_type != event_type:
            continue
        set_on = np.ones(frame.height, dtype=np.bool_)
        for condition in bit.conditions:
            set_on &= true[condition.canonical]
        if bit.present is not None:
            set_on &= values[bit.present.canonical].is_not_null().to_numpy()
        word, place = divmod(number, MASK_BITS)
        rows[:, IN_MASK + word] |= set_on.astype(np.int64) << place


def _words(column: ValueColumn, values: pl.Series, seed: int) -> pl.Series:
    if column.part is not None:
        values = values.struct.field(LOCATION_PARTS[column.part])
    if column.is_float:
        words = pl.Series(words_of_floats(values.cast(pl.Float64).fill_null(0.0).to_numpy()))
        return words.zip_with(
            values.is_not_null(), pl.Series([None], dtype=pl.Int64).new_from_index(0, len(words))
        )
    if column.expr.type is Type.STR:
        return words_of_texts(values, seed)
    return values.cast(pl.Int64)


def _texts_of(words: pl.Series, values: pl.Series) -> dict[int, str]:
    pairs = pl.DataFrame({"word": words, "text": values}).drop_nulls().unique(subset="word")
    return dict(pairs.iter_rows())


def _plain(words: pl.Series) -> NDArray[np.int64]:
    return words.fill_null(0).to_numpy()


def _key_part(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values
    if values.dtype.is_integer():
        return values.cast(pl.String)
    unique = values.drop_nulls().unique()
    texts = pl.Series([key_text(value) for value in unique.to_list()], dtype=pl.String)
    return values.replace_strict(unique, texts, default=None, return_dtype=pl.String)
