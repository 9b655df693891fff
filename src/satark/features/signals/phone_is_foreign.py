"""Whether the customer's phone number is of another country than India."""

from __future__ import annotations

from satark.events.facts import FactType
from satark.events.signals import Signal


def phone_is_foreign(phone: str | None) -> bool | None:
    """Return whether an international number does not start with +91; None for numbers without a country.

    Examples
    --------
    >>> phone_is_foreign("+91 98450 12345"), phone_is_foreign("+4479460000"), phone_is_foreign("9845012345")
    (False, True, None)
    """
    if phone is None or not phone.startswith("+"):
        return None
    return not phone.startswith("+91")


SIGNAL = Signal(
    name="phone_is_foreign",
    type=FactType.BOOL,
    inputs=("phone",),
    compute=phone_is_foreign,
    about="whether the customer's phone number is of another country than India",
)
