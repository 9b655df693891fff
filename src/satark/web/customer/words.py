"""Words of the customer's pages for codes."""

from __future__ import annotations

from satark.web.i18n import mark as _

FROZEN_NAMES = {
    "card": _("Your card is being blocked for payments."),
    "account": _("Payments from your account are being stopped."),
    "vpa": _("Payments from your UPI ID are being stopped."),
    "customer": _("Payments in your name are being stopped until we have spoken."),
    "device": _("The phone or computer that was used is being blocked."),
}
"""What was frozen, by the fact whose value went on a list."""


def dialled(number: str) -> str:
    """Return a number as a phone dials it.

    Examples
    --------
    >>> dialled("1800 123-4567"), dialled("+91 22 1234 5678")
    ('18001234567', '+912212345678')
    """
    return "".join(sign for sign in number if sign.isdigit() or sign == "+")
