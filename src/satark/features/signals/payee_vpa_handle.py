"""The handle (payment provider) of the payee's UPI address."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal


def payee_vpa_handle(payee_vpa: str | None) -> str | None:
    """Return what follows the @, in small letters.

    Examples
    --------
    >>> payee_vpa_handle("asha@OKbank")
    'okbank'
    """
    return None if payee_vpa is None or "@" not in payee_vpa else payee_vpa.rpartition("@")[2].lower()


SIGNAL = Signal(
    name="payee_vpa_handle",
    type=FactType.STR,
    inputs=("payee_vpa",),
    compute=payee_vpa_handle,
    about="the handle (payment provider) of the payee's UPI address",
)
