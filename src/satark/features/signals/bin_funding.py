"""Whether a card is credit, debit or prepaid, by its first digits."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import bin_facts


def bin_funding(bin_: str | None) -> str | None:
    """Return `credit`, `debit` or `prepaid`, or None when the number range is unknown.

    Examples
    --------
    >>> bin_funding("437551")
    'credit'
    """
    return None if bin_ is None else bin_facts(bin_).funding


SIGNAL = Signal(
    name="bin_funding",
    type=FactType.STR,
    inputs=("bin",),
    compute=bin_funding,
    about="whether a card is credit, debit or prepaid, by its first digits",
    choices=("credit", "debit", "prepaid"),
)
