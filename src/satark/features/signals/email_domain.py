"""The domain of the customer's mail address."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal


def email_domain(email: str | None) -> str | None:
    """Return what follows the last @, in small letters.

    Examples
    --------
    >>> email_domain("Asha@Example.in")
    'example.in'
    """
    return None if email is None or "@" not in email else email.rpartition("@")[2].lower()


SIGNAL = Signal(
    name="email_domain",
    type=FactType.STR,
    inputs=("email",),
    compute=email_domain,
    about="the domain of the customer's mail address",
)
