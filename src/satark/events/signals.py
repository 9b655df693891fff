"""What a signal is: a fact that is computed from other facts of the same event.

The distance between shipping and billing address is a signal; how often a card was seen is a feature. Signals
live in `satark.features.signals`, one per file; this folder only knows their shape, so that the reader can
compute them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.events.facts import FactType

SIGNAL_INPUTS = frozenset({"lines", "shipping", "billing"})
"""Whole parts that a signal may ask for besides facts: the tuple of order lines, and an `Address` or None."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One derived fact.

    Attributes
    ----------
    name
        As expressions write it.
    type
        Of its value.
    inputs
        Names of facts, other signals or `SIGNAL_INPUTS`; their values are the arguments of `compute`, in this
        order.
    compute
        A pure function. Missing facts come as None; it returns None when it has no answer. If it raises, the
        signal is missing and the decision is degraded by `signal:<name>`.
    about
        One line for the documentation.
    choices
        The only values it can have, where they are a closed set.
    """

    name: str
    type: FactType
    inputs: tuple[str, ...]
    compute: Callable[..., Any]
    about: str = ""
    choices: tuple[str, ...] | None = None


def in_order(names: list[str], signals: Mapping[str, Signal]) -> list[Signal]:
    """Return the signals among `names` and those they need, each after its inputs.

    Raises
    ------
    ValueError
        Signals need each other in a circle.
    """
    ordered: dict[str, Signal] = {}
    open_names: set[str] = set()

    def visit(name: str) -> None:
        signal = signals.get(name)
        if signal is None or name in ordered:
            return
        if name in open_names:
            message = f"the signal {name} needs itself"
            raise ValueError(message)
        open_names.add(name)
        for needed in signal.inputs:
            visit(needed)
        ordered[name] = signal

    for name in names:
        visit(name)
    return list(ordered.values())
