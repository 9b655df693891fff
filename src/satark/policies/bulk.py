"""The rules of a policy over a whole frame of events, for replay and backtests.

The same checked conditions as online, written for Polars; actions, scores and the codes of the rules equal
those of `CompiledRules.evaluate` row by row (property test). Reasons are not written in bulk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.language import to_polars
from satark.policies.model import ACTIONS, GRAVITY, MISSING_LIST_ACTION
from satark.policies.model_rules import MISSING_MODEL_ACTION, MODEL_SCORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.language import Type
    from satark.policies.lists import ListBook
    from satark.policies.model import Policy

AT = "occurred_at"


@dataclass(frozen=True, slots=True)
class BookEnv:
    """Columns by their names, lists at the time of each row (`satark.language.PolarsEnv`)."""

    book: ListBook

    def column(self, name: str, kind: Type, /) -> pl.Expr:  # noqa: ARG002 - the protocol's argument
        """Return the column called like the name."""
        return pl.col(name)

    def listed(self, list_name: str, value: pl.Expr, /) -> pl.Expr:
        """Return whether the list has the value at the row's time; null where that cannot be known."""
        until = self.book.expiries(list_name)
        if until is None:
            return pl.when(value.is_null()).then(None).otherwise(pl.lit(None, dtype=pl.Boolean))
        at_us = pl.col(AT).cast(pl.Int64)
        if self.book.has_networks(list_name):
            # Whole networks have no form in Polars; such a list is asked once per row.
            return pl.struct(value.alias("value"), at_us.alias("at")).map_elements(
                lambda row: (
                    None if row["value"] is None else self.book.has(list_name, row["value"], row["at"])
                ),
                return_dtype=pl.Boolean,
                skip_nulls=False,
            )
        if not until:
            return pl.when(value.is_not_null()).then(statement=False)
        ends = value.replace_strict(list(until), list(until.values()), default=None, return_dtype=pl.Int64)
        return pl.when(value.is_not_null()).then((at_us < ends).fill_null(value=False))


def rule_conditions(policy: Policy, book: ListBook) -> list[pl.Expr]:
    """Return one boolean expression per rule: true where it fires, before exemptions."""
    env = BookEnv(book)
    conditions: list[pl.Expr] = []
    for rule in policy.rules:
        fires = to_polars(rule.when, env).fill_null(value=False)
        if rule.until_us is not None:
            fires &= pl.col(AT).cast(pl.Int64) < rule.until_us
        conditions.append(fires.alias(rule.code))
    return conditions


@dataclass(frozen=True, slots=True)
class FrameVerdicts:
    """What a policy says about every row of a frame.

    Attributes
    ----------
    policy
        Whose rules these are.
    fired
        Shape (n, rules) bool, by column: the rules whose conditions are true.
    floors
        Shape (n,) uint8: what the action is at least, whatever the rules say (something that closes is missing).
    said
        Shape (n,) float64: the scores of the model, NaN where there is none; None without a model.
    counting
        As `fired`, without the rules that another one exempts.
    gravities
        Shape (n,) uint8: the place of each action in `ACTIONS`.
    scores
        Shape (n,) float64: the greatest score of the rules that count, and of the model where it has one.
    """

    policy: Policy
    fired: NDArray[np.bool_]
    floors: NDArray[np.uint8]
    said: NDArray[np.float64] | None
    counting: NDArray[np.bool_]
    gravities: NDArray[np.uint8]
    scores: NDArray[np.float64]

    def actions(self) -> pl.Series:
        """Return the actions as text."""
        return pl.Series("action", list(ACTIONS)).gather(pl.Series(self.gravities))

    def codes(self) -> pl.Series:
        """Return the codes of the rules that count, in the order of the policy, as lists."""
        return listed_codes([rule.code for rule in self.policy.rules], self.counting)

    def rows(self, where: NDArray[np.int64] | NDArray[np.bool_]) -> FrameVerdicts:
        """Return the verdicts of some of the rows."""
        return FrameVerdicts(
            self.policy,
            self.fired[where],
            self.floors[where],
            None if self.said is None else self.said[where],
            self.counting[where],
            self.gravities[where],
            self.scores[where],
        )

    def without(self, place: int) -> tuple[NDArray[np.int64], FrameVerdicts]:
        """Return the rows on which a rule fired, and what the policy would say about them if it had no such rule."""
        rows = np.flatnonzero(self.fired[:, place])
        fired = np.asfortranarray(self.fired[rows])
        fired[:, place] = False
        return rows, _verdicts(
            self.policy, fired, self.floors[rows], None if self.said is None else self.said[rows]
        )


def judge_frame(
    policy: Policy,
    frame: pl.DataFrame,
    book: ListBook,
    *,
    killed: frozenset[str] = frozenset(),
) -> FrameVerdicts:
    """Apply the rules to every row, as `CompiledRules.evaluate` does to one.

    Parameters
    ----------
    policy
        A checked policy.
    frame
        One column per name of `CompiledRules.order` (with `model_score`, null where there is none, when the policy
        names a model), and `occurred_at` where lists are asked.
    book
        The lists.
    killed
        The codes of rules that are switched off: they do not fire and exempt nothing.
    """
    height = frame.height
    fired = np.zeros((height, len(policy.rules)), dtype=np.bool_, order="F")
    if policy.rules and height:
        # Not `select`: a condition without columns must still have a value per row.
        made = frame.with_columns(rule_conditions(policy, book))
        for place, rule in enumerate(policy.rules):
            if rule.code not in killed:
                fired[:, place] = made[rule.code].to_numpy()
    floors = np.full(height, _floor(policy, book), dtype=np.uint8)
    said: NDArray[np.float64] | None = None
    if policy.model is not None:
        scores = frame[MODEL_SCORE].cast(pl.Float64)
        said = scores.fill_null(float("nan")).to_numpy()
        if policy.model.if_missing == "closed":
            np.maximum(floors, GRAVITY[MISSING_MODEL_ACTION], out=floors, where=np.isnan(said))
    return _verdicts(policy, fired, floors, said)


def _verdicts(
    policy: Policy, fired: NDArray[np.bool_], floors: NDArray[np.uint8], said: NDArray[np.float64] | None
) -> FrameVerdicts:
    """Combine what fired: scores by maximum, actions by the gravest."""
    counting = _without_exempted(policy, fired)
    gravities = floors.copy()
    scores = np.zeros(len(fired), dtype=np.float64)
    for place, rule in enumerate(policy.rules):
        where = counting[:, place]
        if where.any():
            np.maximum(scores, rule.score, out=scores, where=where)
            np.maximum(gravities, GRAVITY[rule.action], out=gravities, where=where)
    some = counting.any(axis=1)
    for action, threshold in policy.thresholds.items():
        np.maximum(gravities, GRAVITY[action], out=gravities, where=some & (scores >= threshold))
    if said is not None:
        # The thresholds act on the rules' scores alone, so the model's comes after them.
        scores = np.fmax(scores, said)
    return FrameVerdicts(policy, fired, floors, said, counting, gravities, scores)


def evaluate_frame(policy: Policy, frame: pl.DataFrame, book: ListBook) -> pl.DataFrame:
    """Return the answers of `judge_frame` as columns.

    Returns
    -------
    pl.DataFrame
        `action` (str), `score` (float) and `rules` (list of codes, in the order of the policy), one row per
        row.
    """
    verdicts = judge_frame(policy, frame, book)
    return pl.DataFrame(
        [verdicts.actions(), pl.Series("score", verdicts.scores), verdicts.codes().alias("rules")]
    )


def listed_codes(codes: Sequence[str], where: NDArray[np.bool_]) -> pl.Series:
    """Return for each row of a (n, codes) matrix the codes of its true places, in order, as a list.

    Few rows have any, so only those are looked at one by one.

    Examples
    --------
    >>> listed_codes(["a", "b"], np.array([[True, True], [False, False], [False, True]])).to_list()
    [['a', 'b'], [], ['b']]
    """
    some = np.flatnonzero(where.any(axis=1)) if len(codes) else np.zeros(0, dtype=np.int64)
    rows, places = np.nonzero(where[some])
    of_rows = (
        pl.DataFrame(
            {
                "row": some[rows],
                "code": pl.Series(list(codes), dtype=pl.String).gather(pl.Series(places, dtype=pl.UInt32)),
            },
            schema={"row": pl.Int64, "code": pl.String},
        )
        .group_by("row", maintain_order=True)
        .agg("code")
    )
    every = pl.DataFrame({"row": pl.int_range(len(where), eager=True, dtype=pl.Int64)})
    found = every.join(of_rows, on="row", how="left", maintain_order="left")["code"]
    return found.fill_null(pl.Series([[]], dtype=pl.List(pl.String)))


def _without_exempted(policy: Policy, fired: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rules count: those that fired and that no rule that fired exempts."""
    place_of = {rule.code: place for place, rule in enumerate(policy.rules)}
    exempted: dict[int, list[int]] = {}
    for place, rule in enumerate(policy.rules):
        for code in rule.exempt:
            exempted.setdefault(place_of[code], []).append(place)
    if not exempted:
        return fired
    counting = fired.copy(order="F")
    for place, by in exempted.items():
        counting[:, place] &= ~fired[:, by].any(axis=1)
    return counting


def _floor(policy: Policy, book: ListBook) -> int:
    """Return what every answer is at least while a list that closes is missing."""
    closed = any(
        policy.lists[name].if_missing == "closed" for name in book.unavailable if name in policy.lists
    )
    return GRAVITY[MISSING_LIST_ACTION] if closed else 0
