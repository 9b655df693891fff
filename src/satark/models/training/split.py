"""Splits in time: one learns from what was before and known, and is judged by what came after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.models.training.table import Table

FOLDS = 4
TESTED_SHARE = 0.6
LEAST_FRAUDS_IN_FOLD = 15


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of prequential validation.

    Attributes
    ----------
    train, test
        Places of rows, ascending.
    start_us, end_us
        The span that is tested.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Folds:
    """All steps, the latest last.

    Attributes
    ----------
    gap_us
        How long before a tested span training ends.
    honest
        Whether every training row's label was known when the tested span began.
    """

    steps: tuple[Fold, ...]
    gap_us: int
    honest: bool


def prequential(table: Table, folds: int = FOLDS) -> Folds:
    """Cut the later part of a table into spans of equal length, each tested by what was known before it.

    Payments of customers whose fraud had been reported are learnt from but not tested: they are known already. The gap
    is the usual delay of labels. Where the table is too short for it, the delay is disregarded rather than
    nothing being judged at all, and `honest` is false.

    Parameters
    ----------
    table
        In the order of time.
    folds
        How many spans; fewer come back when spans have too few frauds.
    """
    delay_us = int(np.median(table.known - table.times)) if len(table) else 0
    judged = ~table.compromised
    for gap_us, honest, wanted in (
        (max(0, delay_us), True, judged),
        (0, False, judged),
        (0, False, np.ones_like(judged)),
    ):
        for count in range(folds, 0, -1):
            steps = _steps(table, count, gap_us, wanted, honest=honest)
            if len(steps) == count and (count > 1 or not honest):
                return Folds(steps, gap_us, honest)
    return Folds((), 0, honest=False)


def _steps(
    table: Table, folds: int, gap_us: int, judged: NDArray[np.bool_], *, honest: bool
) -> tuple[Fold, ...]:
    first, last = int(table.times[0]), int(table.times[-1]) + 1
    edges = np.linspace(last - (last - first) * TESTED_SHARE, last, folds + 1).astype(np.int64)
    steps = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        before = table.times < start - gap_us
        if honest:
            before &= table.known <= start
        train = np.flatnonzero(before)
        test = np.flatnonzero((table.times >= start) & (table.times < end) & judged)
        if min(_rarer(table, train), _rarer(table, test)) < LEAST_FRAUDS_IN_FOLD:
            return ()
        steps.append(Fold(train, test, start, end))
    return tuple(steps)


def _rarer(table: Table, places: NDArray[np.int64]) -> int:
    frauds = int(table.fraud[places].sum())
    return min(frauds, len(places) - frauds)
