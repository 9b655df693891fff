"""What reading one event's facts needs besides the event, and what it leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satark.core.rates import RateTable


class Context:
    """One call's context: the rates in force, the policy's base currency, and what was degraded.

    Attributes
    ----------
    rates
        None when the installation has no rates at all; foreign amounts are then missing.
    base_currency
        ISO 4217.
    degraded
        Codes such as ``rate:USD`` or ``signal:shipping_billing_km``, appended while facts are read.

    Examples
    --------
    >>> context = Context()
    >>> context.in_base(500, "USD", 0), context.degraded
    (None, ['rate:USD'])
    """

    __slots__ = ("base_currency", "degraded", "rates")

    def __init__(self, rates: RateTable | None = None, base_currency: str = "INR") -> None:
        self.rates = rates
        self.base_currency = base_currency
        self.degraded: list[str] = []

    def in_base(self, amount_minor: int, currency: str, on_us: int) -> int | None:
        """Convert an amount into the base currency; a missing rate is None and reported, never a zero."""
        if currency == self.base_currency:
            return amount_minor
        rates = self.rates
        amount = None
        if rates is not None and rates.base_currency == self.base_currency:
            amount = rates.convert(amount_minor, currency, on_us)
        if amount is None:
            self.degrade(f"rate:{currency}")
        return amount

    def degrade(self, code: str) -> None:
        """Report that something was missing, once."""
        if code not in self.degraded:
            self.degraded.append(code)
