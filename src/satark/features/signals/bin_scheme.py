"""The card scheme, by the card's first digits."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.geo import bin_facts

SCHEMES = ("amex", "diners", "discover", "jcb", "maestro", "mastercard", "rupay", "unionpay", "visa")
"""The schemes of `satark.features.geo.bins`."""


def bin_scheme(bin_: str | None) -> str | None:
    """Return `visa`, `mastercard`, `rupay`, ..., or None when no published range holds the number.

    Examples
    --------
    >>> bin_scheme("652150"), bin_scheme("411111")
    ('rupay', 'visa')
    """
    return None if bin_ is None else bin_facts(bin_).scheme


SIGNAL = Signal(
    name="bin_scheme",
    type=FactType.STR,
    inputs=("bin",),
    compute=bin_scheme,
    about="the card scheme, by the card's first digits",
    choices=SCHEMES,
)
