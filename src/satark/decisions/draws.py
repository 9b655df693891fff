"""Numbers that decide by lot: the same for the same payment and installation, and not to be foreseen from outside."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satark.events.kinds import Payment

CANARY, CONTROL = "canary", "control"
_BITS = 53


class Draws:
    """Draws of one installation.

    Parameters
    ----------
    seed
        A secret of the installation.
    """

    def __init__(self, seed: int) -> None:
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32, person=b"satark-draws").digest()

    def draw(self, purpose: str, policy: str, key: str) -> float:
        """Return a number in [0, 1), uniform over keys.

        Examples
        --------
        >>> one = Draws(7)
        >>> one.draw(CANARY, "9c1f", "asha") == one.draw(CANARY, "9c1f", "asha")
        True
        >>> one.draw(CANARY, "9c1f", "asha") == one.draw(CONTROL, "9c1f", "asha")
        False
        """
        told = f"{purpose}\x1f{policy}\x1f{key}".encode()
        digest = hashlib.blake2b(told, digest_size=8, key=self._key).digest()
        # As many bits as a float holds, so that the number stays below 1.
        return (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)


def customer_key(payment: Payment) -> str:
    """Return by what a customer is known, so that all payments of one meet the same policy.

    The customer, else the card, the payer's account or the payer's VPA; a payment with none of them stands for itself.
    """
    if payment.customer is not None:
        return f"customer:{payment.customer.id}"
    if payment.card is not None and payment.card.token:
        return f"card:{payment.card.token}"
    payer = payment.payer
    if payer is not None and payer.account:
        return f"account:{payer.account}"
    if payer is not None and payer.vpa:
        return f"vpa:{payer.vpa}"
    return f"payment:{payment.id}"
