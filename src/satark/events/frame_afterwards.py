"""Results and labels that stand in a payment's own row of a foreign file, as events of their own.

They take the payment's facts and their own time: a result the time that the map names, a label the payment's time and
the delay after which it was reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from satark.events.facts import LABEL, RESULT
from satark.events.frame_columns import ROW, TYPE
from satark.events.frame_map import LABEL_COLUMN, RESULT_COLUMN, FrameMap

if TYPE_CHECKING:
    from satark.events.frame_check import Checker, Refusal

ARRIVAL = "__arrival"
RESULT_AT = "__result_at"
TIE = "__tie"
PLACE = "__place"
OWN_OF_MAP = (
    ARRIVAL,
    RESULT_COLUMN,
    RESULT_AT,
    LABEL_COLUMN,
    "label_kind",
    "result_code",
    "result_amount_minor",
)
BEFORE, AT_ITS_PLACE = 0, 1
"""Among events of one microsecond a label that was delayed stands first: by then it was reported."""
PAYMENT_PLACE, RESULT_PLACE, LABEL_PLACE, WAITED_PLACE = range(4)
"""Among events of one row: the payment, its result, its label, and what had waited for it."""


def afterwards(
    mapping: FrameMap, mapped: pl.DataFrame, payments: pl.DataFrame, checker: Checker
) -> tuple[pl.DataFrame | None, list[Refusal]]:
    """Return the results and labels of the payments of a mapped frame, and what is refused.

    Parameters
    ----------
    mapping
        The map.
    mapped
        The frame as the map made it, with `OWN_OF_MAP`.
    payments
        The checked payments, without `OWN_OF_MAP`.
    checker
        For the results.
    """
    made: list[pl.DataFrame] = []
    refused: list[Refusal] = []
    facts = payments.drop(TYPE, "id", "occurred_at")
    if mapping.result is not None:
        raw = mapped.filter(pl.col(RESULT_COLUMN).is_not_null() & pl.col(ROW).is_in(payments[ROW].implode()))
        at = RESULT_AT if RESULT_AT in mapped.columns else "occurred_at"
        own = [name for name in ("result_code", "result_amount_minor") if name in mapped.columns]
        results, refused = checker.check(
            raw.select(
                ROW,
                pl.lit(RESULT).alias(TYPE),
                "id",
                pl.col(at).alias("occurred_at"),
                pl.col("id").alias("payment"),
                pl.col(RESULT_COLUMN).alias("outcome"),
                *own,
            )
        )
        results = results.select(
            ROW, TYPE, pl.col("id") + ":result", "occurred_at", "payment", "outcome", *own
        )
        made.append(
            results.join(facts, on=ROW, how="left").with_columns(
                pl.lit(AT_ITS_PLACE, dtype=pl.Int8).alias(TIE),
                pl.lit(RESULT_PLACE, dtype=pl.Int8).alias(PLACE),
            )
        )
    if mapping.label is not None:
        told = mapped.filter(pl.col(LABEL_COLUMN).is_not_null() & pl.col(ROW).is_in(payments[ROW].implode()))
        verdicts = told.select(ROW, pl.col(LABEL_COLUMN).alias("label"))
        if "label_kind" in mapped.columns:
            verdicts, broken = _with_kinds(told, checker)
            refused = [*refused, *broken]
        labels = payments.join(verdicts, on=ROW, how="inner")
        delay = mapping.label.delay_us
        made.append(
            labels.with_columns(
                pl.lit(LABEL).alias(TYPE),
                pl.col("id").alias("payment"),
                pl.col("id") + ":label",
                pl.col("occurred_at") + delay,
                pl.lit(mapping.label.reporter).alias("reporter"),
                pl.lit(BEFORE if delay else AT_ITS_PLACE, dtype=pl.Int8).alias(TIE),
                pl.lit(LABEL_PLACE, dtype=pl.Int8).alias(PLACE),
            )
        )
    return (pl.concat(made, how="diagonal") if made else None), refused


def _with_kinds(told: pl.DataFrame, checker: Checker) -> tuple[pl.DataFrame, list[Refusal]]:
    """Return the labels with their kinds, which are text of the file and so go through the checks."""
    labels, refused = checker.check(
        told.select(
            ROW,
            pl.lit(LABEL).alias(TYPE),
            "id",
            "occurred_at",
            pl.col("id").alias("payment"),
            pl.col(LABEL_COLUMN).alias("label"),
            pl.lit("file").alias("reporter"),
            "label_kind",
        )
    )
    return labels.select(ROW, "label", "label_kind"), refused
