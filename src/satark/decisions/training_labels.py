"""What is known of past payments when one trains: their outcome, since when, and who was known as defrauded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from satark.core.clock import MICROS_PER_DAY
from satark.decisions.export import known_labels
from satark.decisions.labels_frame import standing_frame

if TYPE_CHECKING:
    from satark.decisions.replay_stage import Stage
    from satark.policies import Policy

CUSTOMER_FACTS = ("customer", "card", "account", "vpa")
"""Who paid: the first of these that a payment has."""
SEED = 0x7261


class Known:
    """What is known of each payment by the end."""

    def __init__(self, stage: Stage, policy: Policy, as_of_us: int) -> None:
        self.labels = known_labels(stage)
        standing = standing_frame(self.labels, policy.labels.trust, as_of_us=as_of_us)
        self.standing = standing.select(
            pl.col("payment").alias("id"), (pl.col("label") == "fraud").alias("fraud"), "reported_us"
        )
        days = policy.labels.mature_days
        # Silence means genuine only where frauds alone are reported.
        silent = self.labels.filter(pl.col("label") == "genuine").is_empty()
        self.mature_us = days * MICROS_PER_DAY if days is not None and silent else None
        self.as_of_us = as_of_us

    def of(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Return `fraud` (null: unknown) and `known_us` of each payment (columns id, at)."""
        found = payments.join(self.standing, on="id", how="left", maintain_order="left")
        if self.mature_us is not None:
            ripe = pl.col("fraud").is_null() & (pl.col("at") + self.mature_us <= self.as_of_us)
            found = found.with_columns(
                pl.when(ripe).then(pl.lit(value=False)).otherwise("fraud").alias("fraud"),
                pl.when(ripe)
                .then(pl.col("at") + self.mature_us)
                .otherwise("reported_us")
                .alias("reported_us"),
            )
        return found.rename({"reported_us": "known_us"})

    def reports(self, stage: Stage) -> pl.DataFrame:
        """Return who was reported as defrauded when: `customer` (hash) and `at`, in order."""
        frauds = self.labels.filter(pl.col("label") == "fraud")
        wanted = frauds["payment"].unique().implode()
        parts = []
        for part in stage.acts:
            there = [name for name in CUSTOMER_FACTS if name in pl.read_parquet_schema(part.path)]
            frame = pl.read_parquet(part.path, columns=["id", *there])
            frame = frame.filter(pl.col("id").is_in(wanted))
            parts.append(frame.select(pl.col("id").alias("payment"), customer_of(there)))
        if not parts:
            return pl.DataFrame(schema={"customer": pl.UInt64, "at": pl.Int64})
        joined = frauds.join(pl.concat(parts), on="payment", how="inner")
        return joined.select("customer", pl.col("reported_us").alias("at")).drop_nulls().sort("at")


def customer_of(columns: list[str]) -> pl.Expr:
    """Return who paid as a number, given which of `CUSTOMER_FACTS` there are; null for nobody."""
    if not columns:
        return pl.lit(None, dtype=pl.UInt64).alias("customer")
    one = pl.coalesce(pl.col(name).cast(pl.String) for name in columns)
    return pl.when(one.is_not_null()).then(one.hash(SEED)).alias("customer")
