"""What changes between two policies on the same payments: a matrix, differences, and the payments themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.decisions.backtest.result import Cell, Changed, Difference, PolicyResult
from satark.decisions.backtest.sums import exact_sums
from satark.decisions.backtest.tally import STOPPED
from satark.decisions.label_index import FRAUD, GENUINE, NAMES
from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from satark.decisions.backtest.tally import Payments, PolicyTally
    from satark.policies.bulk import FrameVerdicts

MAX_EXAMPLES = 200
_RANK = "__rank"


class Comparison:
    """Adds up where two policies differ."""

    def __init__(self) -> None:
        n = len(ACTIONS)
        self._counts = np.zeros((n, n, len(NAMES)), dtype=np.int64)
        self._worth = np.zeros((n, n, len(NAMES)), dtype=object)
        self._examples: pl.DataFrame | None = None

    def add(
        self, payments: Payments, before: FrameVerdicts, after: FrameVerdicts, ids: pl.DataFrame
    ) -> pl.DataFrame:
        """Count one slice; return the payments with another action, as rows of `CHANGED`.

        Parameters
        ----------
        ids
            `id`, `seq`, `occurred_us`, `amount` (null without a rate) of each payment.
        """
        shape, size = self._counts.shape, self._counts.size
        groups = np.ravel_multi_index(
            (before.gravities.astype(np.int64), after.gravities.astype(np.int64), payments.labels), shape
        )
        self._counts += np.bincount(groups, minlength=size).reshape(shape)
        self._worth += exact_sums(groups, payments.amounts, size).reshape(shape)
        rows = np.flatnonzero(before.gravities != after.gravities)
        then, now = before.rows(rows), after.rows(rows)
        labels = pl.Series(NAMES).gather(pl.Series(payments.labels[rows], dtype=pl.UInt32))
        changed = ids[rows].with_columns(
            labels.alias("label"),
            then.actions().alias("before"),
            now.actions().alias("after"),
            pl.Series("score_before", then.scores),
            pl.Series("score_after", now.scores),
            then.codes().alias("rules_before"),
            now.codes().alias("rules_after"),
        )
        self._keep(changed)
        return changed

    def result(
        self, before: PolicyTally, after: PolicyTally, was: PolicyResult, now: PolicyResult
    ) -> Difference:
        """Return all differences: the second policy less the first."""
        old, new = before.troubled.values(), after.troubled.values()
        newly = int(np.setdiff1d(new, old, assume_unique=True).size)
        no_longer = int(np.setdiff1d(old, new, assume_unique=True).size)
        off = ~np.eye(len(ACTIONS), dtype=np.bool_)
        return Difference(
            changed=int(self._counts[off].sum()),
            matrix=self._cells(),
            stopped_minor=now.stopped_minor - was.stopped_minor,
            fraud_stopped_minor=now.fraud_stopped_minor - was.fraud_stopped_minor,
            fraud_flagged_minor=after.worth(FRAUD) - before.worth(FRAUD),
            fraud_stopped=after.counts(FRAUD, STOPPED) - before.counts(FRAUD, STOPPED),
            fraud_flagged=after.counts(FRAUD) - before.counts(FRAUD),
            genuine_troubled=now.genuine_troubled - was.genuine_troubled,
            customers_troubled=now.customers_troubled - was.customers_troubled,
            newly_troubled=newly,
            no_longer_troubled=no_longer,
            alerts_per_day=now.queue.per_day - was.queue.per_day,
            cost_minor=now.cost_minor - was.cost_minor,
            examples=self._told(),
        )

    def _cells(self) -> list[Cell]:
        cells: list[Cell] = []
        for one, other in np.ndindex(len(ACTIONS), len(ACTIONS)):
            counts, worth = self._counts[one, other], self._worth[one, other]
            if counts.sum():
                cells.append(
                    Cell(
                        before=ACTIONS[one],
                        after=ACTIONS[other],
                        payments=int(counts.sum()),
                        amount_minor=int(worth.sum()),
                        fraud=int(counts[FRAUD]),
                        fraud_minor=int(worth[FRAUD]),
                        genuine=int(counts[GENUINE]),
                    )
                )
        return cells

    def _keep(self, changed: pl.DataFrame) -> None:
        """Keep the most telling rows: frauds first, then genuine payments, then the rest, by amount."""
        rank = pl.col("label").replace_strict(list(NAMES), [2, 1, 0], return_dtype=pl.Int8)
        ranked = changed.with_columns(rank.alias(_RANK))
        every = ranked if self._examples is None else pl.concat([self._examples, ranked])
        self._examples = every.sort(
            _RANK, "amount", descending=[False, True], nulls_last=True, maintain_order=True
        ).head(MAX_EXAMPLES)

    def _told(self) -> list[Changed]:
        if self._examples is None:
            return []
        return [
            Changed(
                id=row["id"],
                seq=row["seq"],
                occurred_us=row["occurred_us"],
                amount_minor=row["amount"],
                label=row["label"],
                before=row["before"],
                after=row["after"],
                score_before=row["score_before"],
                score_after=row["score_after"],
                rules_before=row["rules_before"],
                rules_after=row["rules_after"],
            )
            for row in self._examples.iter_rows(named=True)
        ]
