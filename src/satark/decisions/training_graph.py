"""Who paid with what before the first payment that trains: what a model's graph is drawn from.

Drawn from the payments that train, a graph would hold each of them, and every pair would look usual; from what was
before, it says of them what it will say of payments to come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from satark.core.errors import InputInvalid
from satark.models.training.graph import embed

if TYPE_CHECKING:
    from satark.decisions.replay_run import Decided
    from satark.models.embedding import Embedding
    from satark.models.training.inputs import Candidates

SEED = 1
FEW_LINKS = 1_000_000
"""So many rows may wait before links that occur again are added up."""


class Graphs:
    """The graphs that the inputs of a training look into; there may be none.

    Attributes
    ----------
    embeddings
        By pair of facts, once they are drawn.
    notes
        For the model card: how much each graph holds.

    Raises
    ------
    InputInvalid
        A graph is wanted, and the training has no first day.
    """

    def __init__(self, possible: Candidates, start_us: int | None) -> None:
        self._pairs = [
            (possible.inputs[one.place].source, possible.inputs[one.place].partner) for one in possible.near
        ]
        if self._pairs and start_us is None:
            raise InputInvalid(
                "`graph` of the policy's training is drawn from the payments before those that train:"
                " say with --from on which day these begin",
                field="graph",
            )
        self._start_us = start_us or 0
        self._links = {pair: _Links() for pair in self._pairs}
        self.embeddings: dict[tuple[str, str], Embedding] = {}
        self.notes: dict[str, Any] = {}

    def drawn(self, decided: Decided, possible: Candidates) -> Candidates:
        """Follow the links of a slice; return the inputs with their graphs from the first payment on that trains."""
        if not self._pairs or self.embeddings:
            return possible
        at = decided.payments["occurred_at"].cast(pl.Int64)
        for (name, partner), links in self._links.items():
            both = {"name": decided.facts[name], "partner": decided.facts[partner]}
            links.add(pl.DataFrame(both).filter(at < self._start_us))
        if (at < self._start_us).all():
            return possible
        for (name, partner), links in self._links.items():
            found = embed(links.all(), name, partner, seed=SEED)
            self.embeddings[name, partner] = found
            self.notes.setdefault("graphs", {})[f"{name}, {partner}"] = {
                "names": found.names,
                "partners": found.partners,
                "dimensions": found.table.dimensions,
            }
        self._links.clear()
        near = (
            one._replace(embedding=self.embeddings[pair])
            for one, pair in zip(possible.near, self._pairs, strict=True)
        )
        return possible._replace(near=tuple(near))


class _Links:
    """How often two names paid together."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []
        self._waiting = 0

    def add(self, both: pl.DataFrame) -> None:
        new = both.drop_nulls().group_by("name", "partner").agg(pl.len().cast(pl.Int64).alias("payments"))
        self._parts.append(new)
        self._waiting += new.height
        if self._waiting > FEW_LINKS:
            self._parts, self._waiting = [self.all()], 0

    def all(self) -> pl.DataFrame:
        links = pl.concat(self._parts)
        return links.group_by("name", "partner").agg(pl.col("payments").sum())
