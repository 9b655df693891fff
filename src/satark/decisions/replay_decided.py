"""What a slice of a replay comes to: the answers of each policy as arrays, and as columns where someone wants them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from satark.policies import Policy
    from satark.policies.bulk import FrameVerdicts

AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Answers:
    """What one policy answers to the payments of one slice, in order.

    Attributes
    ----------
    verdicts
        Actions, scores and rules; in `observe` mode what would have been done.
    model
        The model's score per payment; None when the policy names no model.
    degraded
        Where a code counts: a boolean per payment, or None for all of them.
    """

    verdicts: FrameVerdicts
    model: pl.Series | None
    degraded: Mapping[str, pl.Series | None]


@dataclass
class Decided:
    """The answers of one slice, a row per payment, in order.

    Attributes
    ----------
    policy
        The first policy that was asked.
    payments
        The stored columns of the payments.
    facts
        The facts that the policies read, `amount` among them.
    features
        One column per feature of the first policy.
    answers
        One per policy.
    kinds
        How many events of each type.
    late
        How many events of all types came too late to enter the windows.
    late_rows
        Which payments did.
    height
        How many events the slice had.
    """

    policy: Policy
    payments: pl.DataFrame
    facts: pl.DataFrame
    features: pl.DataFrame
    answers: Sequence[Answers]
    kinds: Mapping[str, int]
    late: int
    late_rows: NDArray[np.bool_]
    height: int

    @property
    def amounts(self) -> pl.Series:
        """In minor units of the base currency; null where there is no rate."""
        if not self.payments.height:
            return pl.Series(AMOUNT, [], dtype=pl.Int64)
        return self.facts[AMOUNT]

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """The first policy's answers: id, time, action, score, rules, late, degraded; in `observe` also `would`."""
        return self.decisions_of(0, self.policy)

    def decisions_of(self, place: int, policy: Policy) -> pl.DataFrame:
        """Return the answers of one of the policies as columns."""
        if not self.payments.height:
            return _EMPTY
        answers = self.answers[place]
        actions = answers.verdicts.actions()
        observe = policy.mode == "observe"
        allowed = pl.Series("action", [ACTIONS[0]]).new_from_index(0, len(actions))
        columns = [
            self.payments["id"],
            self.payments["occurred_at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            allowed if observe else actions,
            pl.Series("score", answers.verdicts.scores),
            answers.verdicts.codes().alias("rules"),
            pl.Series("late", self.late_rows),
            _listed(answers.degraded, len(actions)).alias("degraded"),
        ]
        if observe:
            columns.append(actions.alias("would"))
        return pl.DataFrame(columns)


def _listed(degraded: Mapping[str, pl.Series | None], height: int) -> pl.Series:
    """Return for each row the codes that count there."""
    codes = [
        pl.lit(code) if where is None else pl.when(where).then(pl.lit(code))
        for code, where in degraded.items()
    ]
    listed = pl.concat_list(codes).list.drop_nulls() if codes else pl.lit([], dtype=pl.List(pl.String))
    return pl.select(pl.int_range(height).alias("__"), listed.alias("degraded"))["degraded"]


_EMPTY = pl.DataFrame(
    schema={
        "id": pl.String(),
        "occurred_at": pl.Datetime("us", "UTC"),
        "action": pl.String(),
        "score": pl.Float64(),
        "rules": pl.List(pl.String),
        "late": pl.Boolean(),
        "degraded": pl.List(pl.String),
    }
)
