"""Who pays: the customer, else the card, the account or the UPI address."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal


def payer_key(customer: str | None, card: str | None, account: str | None, vpa: str | None) -> str | None:
    """Return one name for the payer, so that one window covers all methods of payment.

    Examples
    --------
    >>> payer_key("C1", "tok_1", None, None), payer_key(None, None, None, "asha@upi")
    ('customer:C1', 'vpa:asha@upi')
    """
    if customer is not None:
        return f"customer:{customer}"
    if card is not None:
        return f"card:{card}"
    if account is not None:
        return f"account:{account}"
    return None if vpa is None else f"vpa:{vpa}"


SIGNAL = Signal(
    name="payer_key",
    type=FactType.STR,
    inputs=("customer", "card", "account", "vpa"),
    compute=payer_key,
    about="who pays: the customer, else the card, the account or the UPI address",
)
