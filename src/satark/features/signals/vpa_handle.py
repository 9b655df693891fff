"""The handle (payment provider) of the payer's UPI address."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal


def vpa_handle(vpa: str | None) -> str | None:
    """Return what follows the @, in small letters.

    Examples
    --------
    >>> vpa_handle("asha@OKbank")
    'okbank'
    """
    return None if vpa is None or "@" not in vpa else vpa.rpartition("@")[2].lower()


SIGNAL = Signal(
    name="vpa_handle",
    type=FactType.STR,
    inputs=("vpa",),
    compute=vpa_handle,
    about="the handle (payment provider) of the payer's UPI address",
)
