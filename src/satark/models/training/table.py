"""Past payments as numbers: what a model is trained on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from satark.models.embedding import Embedding
    from satark.models.head import ModelInput

LEAST_FRAUDS = 30
LEAST_GENUINE = 100


@dataclass(frozen=True, slots=True)
class Table:
    """Payments in the order of time, each with its inputs as they were at its moment, and what became known.

    Attributes
    ----------
    inputs
        One per column of `rows`.
    rows
        Shape (n, inputs), float64; NaN is missing.
    times
        Shape (n,), int64, microseconds since the epoch; ascending.
    fraud
        Shape (n,), bool: what was known at the end.
    known
        Shape (n,), int64, microseconds: since when that was known.
    weights
        Shape (n,), float64: how many payments a row stands for (a sample of genuine ones stands for more).
    customers
        Shape (n,), uint64: a number per customer, 0 for none.
    compromised
        Shape (n,), bool: a fraud of the same customer had been reported by the time of the payment.
    groups
        Name of a grouping to (names of groups, shape (n,) places in them; -1 for none).
    embeddings
        By pair of facts, what inputs with a partner looked into.
    """

    inputs: tuple[ModelInput, ...]
    rows: NDArray[np.float64]
    times: NDArray[np.int64]
    fraud: NDArray[np.bool_]
    known: NDArray[np.int64]
    weights: NDArray[np.float64]
    customers: NDArray[np.uint64]
    compromised: NDArray[np.bool_]
    groups: Mapping[str, tuple[tuple[str, ...], NDArray[np.int64]]] = field(default_factory=dict)
    embeddings: Mapping[tuple[str, str], Embedding] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def n_frauds(self) -> int:
        """How many rows are fraud."""
        return int(self.fraud.sum())

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Table:
        """Return some of the rows, by a mask or by ascending places."""
        return replace(
            self,
            rows=self.rows[rows],
            times=self.times[rows],
            fraud=self.fraud[rows],
            known=self.known[rows],
            weights=self.weights[rows],
            customers=self.customers[rows],
            compromised=self.compromised[rows],
            groups={name: (names, codes[rows]) for name, (names, codes) in self.groups.items()},
        )

    def keep(self, columns: NDArray[np.int64]) -> Table:
        """Return some of the inputs, by ascending places."""
        inputs = tuple(self.inputs[place] for place in columns.tolist())
        return replace(self, inputs=inputs, rows=np.ascontiguousarray(self.rows[:, columns]))

    def sample(self, most: int, seed: int) -> Table:
        """Return all frauds and a sample of the genuine rows, at most about `most` rows; weights make up for it."""
        genuine = np.flatnonzero(~self.fraud)
        room = max(LEAST_GENUINE, most - self.n_frauds)
        if len(genuine) <= room:
            return self
        drawn = np.random.default_rng(seed).choice(genuine, room, replace=False)
        places = np.sort(np.concatenate([np.flatnonzero(self.fraud), drawn]))
        part = self.take(places)
        share = room / len(genuine)
        return replace(part, weights=np.where(part.fraud, part.weights, part.weights / share))


def check(table: Table) -> None:
    """Refuse what nothing can be learnt from.

    Raises
    ------
    InputInvalid
        There are no rows, one class, or too few of one.
    """
    frauds, genuine = table.n_frauds, len(table) - table.n_frauds
    if not len(table):
        raise InputInvalid("there is no payment with a known outcome in the span of the training", payments=0)
    if not frauds or not genuine:
        only = "fraud" if frauds else "genuine"
        message = f"all {len(table):,} payments with a known outcome are {only}: nothing can be told apart"
        raise InputInvalid(message, payments=len(table), frauds=frauds)
    if frauds < LEAST_FRAUDS or genuine < LEAST_GENUINE:
        message = (
            f"{frauds:,} frauds and {genuine:,} genuine payments are too few to learn from;"
            f" at least {LEAST_FRAUDS} and {LEAST_GENUINE} are needed"
        )
        raise InputInvalid(message, payments=len(table), frauds=frauds)


def usable_columns(table: Table) -> tuple[NDArray[np.int64], dict[str, str]]:
    """Return the places of inputs that vary, and why each other one was left out.

    Raises
    ------
    InputInvalid
        None varies.
    """
    left_out: dict[str, str] = {}
    places = []
    for place, one in enumerate(table.inputs):
        column = table.rows[:, place]
        known = column[~np.isnan(column)]
        if not len(known):
            left_out[one.name] = "always missing"
        elif len(known) == len(column) and (known == known[0]).all():
            left_out[one.name] = "always the same"
        elif np.isinf(known).any():
            left_out[one.name] = "has values that are not finite"
        else:
            places.append(place)
    if not places:
        raise InputInvalid(
            f"none of the {len(table.inputs)} inputs says anything: all are missing or constant",
            inputs=len(table.inputs),
        )
    return np.array(places, dtype=np.int64), left_out
