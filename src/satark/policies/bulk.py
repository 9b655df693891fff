"""The rules of a policy over a whole frame of events, for replay and backtests.

The same checked conditions as online, written for Polars; actions, scores and the codes of the rules equal
those of `CompiledRules.evaluate` row by row (property test). Reasons are not written in bulk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from satark.language import to_polars
from satark.policies.model import ACTIONS, GRAVITY, MISSING_LIST_ACTION

if TYPE_CHECKING:
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


def evaluate_frame(policy: Policy, frame: pl.DataFrame, book: ListBook) -> pl.DataFrame:
    """Return what the rules say about every row.

    Parameters
    ----------
    policy
        A checked policy.
    frame
        One column per name of `CompiledRules.order`, and `occurred_at` where lists are asked.
    book
        The lists.

    Returns
    -------
    pl.DataFrame
        `action` (str), `score` (float) and `rules` (list of codes, in the order of the policy), one row per
        row.
    """
    conditions = rule_conditions(policy, book)
    # Not `select`: a condition without columns must still have a value per row.
    fired = frame.with_columns(conditions).select([rule.code for rule in policy.rules])
    exempted: dict[str, list[str]] = {}
    for rule in policy.rules:
        for code in rule.exempt:
            exempted.setdefault(code, []).append(rule.code)
    counts = [
        (
            pl.col(rule.code) & ~pl.any_horizontal(exempted[rule.code])
            if rule.code in exempted
            else pl.col(rule.code)
        ).alias(rule.code)
        for rule in policy.rules
    ]
    counting = fired.select(counts) if counts else fired
    floor = _floor(policy, book)
    if not counts:
        return pl.DataFrame(
            {
                "action": [ACTIONS[floor]] * frame.height,
                "score": [0.0] * frame.height,
                "rules": [[]] * frame.height,
            },
            schema={"action": pl.String, "score": pl.Float64, "rules": pl.List(pl.String)},
        )
    score = pl.max_horizontal(
        pl.when(rule.code).then(pl.lit(rule.score)).otherwise(0.0) for rule in policy.rules
    ).alias("score")
    some = pl.any_horizontal([rule.code for rule in policy.rules])
    gravities = [
        *(pl.when(rule.code).then(GRAVITY[rule.action]).otherwise(floor) for rule in policy.rules),
        *(
            pl.when(some & (score >= threshold)).then(GRAVITY[action]).otherwise(floor)
            for action, threshold in policy.thresholds.items()
        ),
        pl.lit(floor),
    ]
    action = pl.max_horizontal(gravities).replace_strict(
        list(range(len(ACTIONS))), list(ACTIONS), return_dtype=pl.String
    )
    rules = pl.concat_list(
        [pl.when(rule.code).then(pl.lit(rule.code)) for rule in policy.rules]
    ).list.drop_nulls()
    return counting.select(action.alias("action"), score, rules.alias("rules"))


def _floor(policy: Policy, book: ListBook) -> int:
    closed = any(
        policy.lists[name].if_missing == "closed" for name in book.unavailable if name in policy.lists
    )
    return GRAVITY[MISSING_LIST_ACTION] if closed else 0
