"""What a training run may be told."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

Tell = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and how much there is."""


MANY_ROW_ROUNDS = 100_000_000
"""Rows times rounds, from which on a fit takes half a minute on a core."""


class TrainingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to train.

    Attributes
    ----------
    name
        Of the model.
    seed
        Everything drawn by lot comes from it.
    fits
        How many fits from different seeds the model is the mean of; None: `usual_fits`.
    trials
        How many choices of options are tried besides the defaults; 0: none.
    rounds
        At most so many trees per fit; how many is found by validation.
    threads
        For LightGBM.
    drop_compromised
        Payments of customers whose fraud had been reported already are no examples. They never count in figures.
    linear
        Make the model the logistic regression instead of trees.
    """

    name: str = "model"
    seed: int = 1
    fits: int | None = None
    trials: int = 4
    rounds: int = 400
    threads: int = 2
    drop_compromised: bool = False
    linear: bool = False


def usual_fits(rows: int, rounds: int) -> int:
    """Return how many fits are averaged unless somebody says how many: fewer where each takes long.

    With many rows a fit hardly depends on its seed, and three are as steady as five with few.

    Examples
    --------
    >>> usual_fits(67_000, 150), usual_fits(400_000, 150), usual_fits(400_000, 350)
    (5, 5, 3)
    """
    return 5 if rows * rounds <= MANY_ROW_ROUNDS else 3


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tell nobody."""
