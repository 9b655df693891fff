"""Who gets the money: the merchant, else the account, else the UPI address."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal


def payee_key(merchant: str | None, payee_account: str | None, payee_vpa: str | None) -> str | None:
    """Return one name for the receiver, so that one window covers all methods of payment.

    Examples
    --------
    >>> payee_key("M1", None, None), payee_key(None, None, "shop@upi")
    ('merchant:M1', 'vpa:shop@upi')
    """
    if merchant is not None:
        return f"merchant:{merchant}"
    if payee_account is not None:
        return f"account:{payee_account}"
    return None if payee_vpa is None else f"vpa:{payee_vpa}"


SIGNAL = Signal(
    name="payee_key",
    type=FactType.STR,
    inputs=("merchant", "payee_account", "payee_vpa"),
    compute=payee_key,
    about="who gets the money: the merchant, else the account, else the UPI address",
)
