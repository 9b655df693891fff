"""The country of the bank that issued a card, by the card's first digits."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import bin_facts


def bin_country(bin_: str | None) -> str | None:
    """Return the ISO 3166-1 alpha-2 country, or None when the number range is unknown.

    Examples
    --------
    >>> bin_country("437551")
    'IN'
    """
    return None if bin_ is None else bin_facts(bin_).country


SIGNAL = Signal(
    name="bin_country",
    type=FactType.STR,
    inputs=("bin",),
    compute=bin_country,
    about="the country of the bank that issued a card, by the card's first digits",
)
