"""What a policy says about models: which one scores, who is released to learn, how training is bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL_SCORE = "model_score"
"""The name by which rules read what the model says: a probability, null while there is no model."""
STORED = "sha256:"
"""How a model of the store is named instead of by a file."""
MISSING_MODEL_ACTION = "hold"
"""What a decision is at least while a model that says `if_missing: closed` cannot be asked."""
MAX_SHARE = 0.05
MAX_CHALLENGERS = 4
MAX_GRAPHS = 4
"""Pairs of facts that a model may have a graph of."""
CONTROLLED = ("challenge", "hold", "block")
"""The actions of which some may be let through to learn what would have happened."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model as a policy names it.

    Attributes
    ----------
    use
        A file beside the policy, or `sha256:<hash>` for one of the store.
    hash
        The hash of the model, in hexadecimal.
    if_missing
        `open`: without the model, rules that need its score do not fire. `closed`: besides, a decision is at least
        `MISSING_MODEL_ACTION`.
    challengers
        Models whose scores are stored beside and act on nothing.
    """

    use: str
    hash: str
    if_missing: str = "open"
    challengers: tuple[ModelRef, ...] = ()

    @property
    def name(self) -> str:
        """How people and `degraded` name it.

        Examples
        --------
        >>> ModelRef("card_fraud.model", "51ab").name, ModelRef("sha256:51ab", "51ab").name
        ('card_fraud', '51ab')
        """
        if self.use.startswith(STORED):
            return self.hash[:12]
        return PurePosixPath(self.use).stem


@dataclass(frozen=True, slots=True)
class ControlRule:
    """A small share of what would be stopped is let through, drawn by lot, so that its outcome becomes known.

    Attributes
    ----------
    share
        0 to `MAX_SHARE`.
    actions
        Which answers may be drawn.
    most_minor
        The greatest amount that may be drawn, in minor units of the base currency.
    """

    share: float
    actions: frozenset[str]
    most_minor: int


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """What a policy's author asks of training; it changes no answer.

    Attributes
    ----------
    monotone
        A fact or feature to 1 (more of it never lowers the score) or -1 (never raises it).
    exclude
        Facts and features that no model may use.
    graph
        Pairs of text facts; a model may read how near their names lie in the graph of past payments.
    """

    monotone: Mapping[str, int] = field(default_factory=dict)
    exclude: frozenset[str] = frozenset()
    graph: Mapping[str, str] = field(default_factory=dict)
