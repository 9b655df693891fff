"""A small, bounded search for the options of the trees; the defaults stay unless something is clearly better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from satark.models.training.trees import DEFAULTS, STEP_ROUNDS, curve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from satark.models.training.split import Fold
    from satark.models.training.table import Table

MOST_ROWS = 60_000
LEAST_FRAUDS = 600
"""With fewer frauds in the spans, differences between choices are chance, and none is tried besides the defaults."""
FRAUDS_PER_ROUND, LEAST_ROUNDS = 3, 100
"""More rounds than a third of the frauds only learn these by heart: what comes later is told apart worse."""
MARGIN_ERRORS = 1.0
"""By how many standard errors of the difference over folds another choice must be better than the defaults."""


class Tried(NamedTuple):
    """One choice of options, judged on the folds.

    Attributes
    ----------
    rounds
        The fewest rounds that are as good as the best number within chance over the folds (`enough`), as many more as
        the folds had fewer rows than there are (`settled`).
    values
        The average precision per fold at that number.
    gain
        What each input gained, shape (folds, inputs), each row adding up to 1.
    """

    options: dict[str, Any]
    rounds: int
    values: tuple[float, ...]
    gain: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over the folds."""
        return float(np.mean(self.values))


def judge(
    table: Table, folds: Sequence[Fold], options: Mapping[str, Any], *, rounds: int, seed: int, threads: int
) -> Tried:
    """Fit one choice on every fold and find the number of rounds."""
    curves, gains, whole, sampled = [], [], 0, 0
    for fold in folds:
        train = table.take(fold.train)
        whole += len(train)
        train = train.sample(MOST_ROWS, seed)
        sampled += len(train)
        test = table.take(fold.test).sample(MOST_ROWS, seed)
        values, gain = curve(train, test, options, rounds, seed=seed, threads=threads)
        curves.append(values)
        gains.append(gain)
    # What has ended early has its last value from there on.
    longest = max(len(values) for values in curves)
    by_rounds = np.array([values + values[-1:] * (longest - len(values)) for values in curves])
    step = enough(by_rounds)
    found = settled((step + 1) * STEP_ROUNDS, rounds, whole / sampled)
    return Tried(dict(options), found, tuple(by_rounds[:, step].tolist()), np.array(gains))


def settled(found: int, most: int, thinned: float) -> int:
    """Return how many rounds are fitted, a multiple of `STEP_ROUNDS`.

    What is fitted has all rows, and learns them by heart later than a fold does that was given a sample of them: the
    rounds grow with the root of the ratio. Few folds with few frauds are noisy, and one that is best early by luck
    would end everything: never less than half of what may be.

    Parameters
    ----------
    found
        Rounds that were enough in the folds.
    most
        At most so many.
    thinned
        How many rows the folds stood for, by how many they had.

    Examples
    --------
    >>> settled(125, 200, 1.0), settled(50, 200, 1.0), settled(150, 400, 5.0), settled(50, 400, 5.0)
    (125, 100, 350, 200)
    """
    wanted = max(found * math.sqrt(thinned), most / 2)
    return min(most, math.ceil(wanted / STEP_ROUNDS) * STEP_ROUNDS)


def most_rounds(frauds: int, asked: int) -> int:
    """Return how many rounds are tried at most, a multiple of `STEP_ROUNDS`.

    Parameters
    ----------
    frauds
        That one learns from.
    asked
        The most that the options allow.

    Examples
    --------
    >>> most_rounds(50, 400), most_rounds(390, 400), most_rounds(5_000, 400), most_rounds(5_000, 75)
    (100, 125, 400, 75)
    """
    third = max(LEAST_ROUNDS, frauds // FRAUDS_PER_ROUND)
    return max(STEP_ROUNDS, min(asked, third) // STEP_ROUNDS * STEP_ROUNDS)


def enough(values: NDArray[np.float64]) -> int:
    """Return the first step from which on more rounds gain nothing that chance over the folds does not explain.

    Rounds beyond it only learn the span by heart: their scores are slower, and worse on what comes later.

    Parameters
    ----------
    values
        Shape (folds, steps).

    Examples
    --------
    >>> enough(np.array([[0.5, 0.7, 0.70, 0.72], [0.4, 0.6, 0.61, 0.60]]))
    2
    """
    # A step's neighbours count too: one lucky step among many would be chosen otherwise.
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    smooth = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    best = int(smooth.mean(axis=0).argmax())
    lost = smooth[:, [best]] - smooth[:, : best + 1]
    error = lost.std(axis=0, ddof=1) / np.sqrt(len(lost)) if len(lost) > 1 else np.zeros(best + 1)
    return int(np.argmax(lost.mean(axis=0) <= error))


def search(
    table: Table,
    folds: Sequence[Fold],
    *,
    trials: int,
    rounds: int,
    seed: int,
    threads: int,
    tell: Callable[[int], None] = lambda _done: None,
) -> tuple[Tried, list[Tried]]:
    """Return the choice to take and all that were tried, the defaults first.

    Parameters
    ----------
    trials
        How many choices are tried besides the defaults.
    rounds
        At most so many; a multiple of `STEP_ROUNDS`.
    tell
        Called with the number of choices done.
    """
    tried = [judge(table, folds, DEFAULTS, rounds=rounds, seed=seed, threads=threads)]
    tell(1)
    if trials and sum(int(table.fraud[fold.test].sum()) for fold in folds) >= LEAST_FRAUDS:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))

        def objective(trial: Any) -> float:  # noqa: ANN401 - Optuna's trial
            options = {
                **DEFAULTS,
                "learning_rate": trial.suggest_categorical("learning_rate", [0.03, 0.05, 0.1]),
                "num_leaves": trial.suggest_int("num_leaves", 6, 48, log=True),
                "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 200, log=True),
                "feature_fraction": trial.suggest_float("feature_fraction", 0.15, 0.8),
                "lambda_l2": trial.suggest_float("lambda_l2", 0.5, 50, log=True),
                "extra_trees": trial.suggest_categorical("extra_trees", [False, True]),
                "fraud_weight": trial.suggest_categorical("fraud_weight", [1.0, 3.0]),
            }
            tried.append(judge(table, folds, options, rounds=rounds, seed=seed, threads=threads))
            tell(len(tried))
            return tried[-1].mean

        study.optimize(objective, n_trials=trials)
    return chosen(tried), tried


def chosen(tried: Sequence[Tried]) -> Tried:
    """Return the best choice if it beats the first by more than chance over the folds explains, else the first."""
    first, best = tried[0], max(tried, key=lambda one: one.mean)
    better = np.subtract(best.values, first.values)
    error = float(better.std(ddof=1) / np.sqrt(len(better))) if len(better) > 1 else float("inf")
    return best if better.mean() > MARGIN_ERRORS * error and better.mean() > 0 else first
