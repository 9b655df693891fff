"""The country of the bank that issued a card: as the caller says, else by the card's first digits."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import bin_facts


def card_country(issuer_country: str | None, bin_: str | None) -> str | None:
    """Return the ISO 3166-1 alpha-2 country, or None when nobody knows.

    Examples
    --------
    >>> card_country("SG", "437551"), card_country(None, "437551")
    ('SG', 'IN')
    """
    if issuer_country is not None:
        return issuer_country
    return None if bin_ is None else bin_facts(bin_).country


SIGNAL = Signal(
    name="card_country",
    type=FactType.STR,
    inputs=("issuer_country", "bin"),
    compute=card_country,
    about="the country of the bank that issued a card: as the caller says, else by the card's first digits",
)
