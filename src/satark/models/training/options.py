"""What a training run may be told."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

Tell = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and how much there is."""


class TrainingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to train.

    Attributes
    ----------
    name
        Of the model.
    seed
        Everything drawn by lot comes from it.
    fits
        How many fits from different seeds the model is the mean of.
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
    fits: int = 5
    trials: int = 4
    rounds: int = 400
    threads: int = 2
    drop_compromised: bool = False
    linear: bool = False


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tell nobody."""
