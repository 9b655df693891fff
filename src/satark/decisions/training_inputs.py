"""Which inputs a model for a policy may have, and which texts occur in its past payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import polars as pl

from satark.events.facts import BASE_FACTS, PAYMENT
from satark.events.frame_columns import TYPE
from satark.models.training.inputs import MAX_CATEGORIES, Candidates, candidates
from satark.policies.names import known_facts, rule_names

if TYPE_CHECKING:
    from satark.decisions.replay_stage import Stage
    from satark.policies import Policy

LEAST_IN_CATEGORY = 20


def candidates_of(policy: Policy) -> Candidates:
    """Return the inputs that a model for a policy may have."""
    names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
    plain = {name for name in names if name in BASE_FACTS or "." in name}
    return candidates(
        names,
        policy.features,
        exclude=policy.training.exclude,
        monotone=policy.training.monotone,
        facts=frozenset(plain | policy.facts_used),
        graph=policy.training.graph,
    )


def with_categories(possible: Candidates, stage: Stage) -> Candidates:
    """Give texts without a closed list of values the most frequent ones of the payments."""
    learnt = []
    for one in possible.inputs:
        if one.type != "str" or one.categories or one.partner:
            learnt.append(one)
            continue
        parts = [
            pl.scan_parquet(part.path)
            .filter(pl.col(TYPE) == PAYMENT)
            .select(pl.col(one.source).cast(pl.String))
            for part in stage.acts
            if one.source in pl.read_parquet_schema(part.path)
        ]
        if not parts:
            continue
        counts = pl.concat(parts).drop_nulls().group_by(one.source).len().collect()
        often = counts.filter(pl.col("len") >= LEAST_IN_CATEGORY).sort(
            ["len", one.source], descending=[True, False]
        )
        found = sorted(often[one.source].head(MAX_CATEGORIES).to_list())
        learnt.append(msgspec.structs.replace(one, categories=tuple(found)))
    names = {one.name: place for place, one in enumerate(learnt)}
    exprs = tuple(
        expr for one, expr in zip(possible.inputs, possible.exprs, strict=True) if one.name in names
    )
    near = tuple(one._replace(place=names[possible.inputs[one.place].name]) for one in possible.near)
    return Candidates(tuple(learnt), exprs, possible.facts, near)
