"""Money is an integer of minor units and a currency; floats never touch it.

This module writes amounts for people and gathers what the rest needs of currencies and rates.
"""

from __future__ import annotations

from satark.core.currencies import CURRENCY_EXPONENTS, is_currency
from satark.core.rates import DEFAULT_MAX_AGE_DAYS, Rate, RateTable

__all__ = [
    "CURRENCY_EXPONENTS",
    "DEFAULT_MAX_AGE_DAYS",
    "MAX_AMOUNT_MINOR",
    "Rate",
    "RateTable",
    "format_minor",
    "group_indian",
    "is_currency",
]

MAX_AMOUNT_MINOR = 10**15
"""The largest amount of one event; far above any payment; sums of millions of them stay far below 2**127."""

LAKH = 100_000
_SYMBOLS = {"INR": "₹"}


def format_minor(amount_minor: int, currency: str = "INR") -> str:
    """Write an amount for people: rupees in the Indian grouping, others with their code.

    Raises
    ------
    KeyError
        The currency is not in ISO 4217.

    Examples
    --------
    >>> format_minor(12_345_600), format_minor(-5), format_minor(123_456_789, "USD"), format_minor(500, "JPY")
    ('₹1,23,456.00', '-₹0.05', 'USD 1,234,567.89', 'JPY 500')
    """
    exponent = CURRENCY_EXPONENTS[currency]
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    sign = "-" if amount_minor < 0 else ""
    digits = group_indian(whole) if currency == "INR" else f"{whole:,}"
    tail = f".{rest:0{exponent}d}" if exponent else ""
    return f"{sign}{_SYMBOLS.get(currency, currency + ' ')}{digits}{tail}"


def group_indian(number: int) -> str:
    """Group digits as in India: the last three, then pairs (lakh, crore).

    Examples
    --------
    >>> group_indian(1_23_45_678), group_indian(999), group_indian(-1000)
    ('1,23,45,678', '999', '-1,000')
    """
    if -LAKH < number < LAKH:
        return f"{number:,}"  # Below a lakh the grouping is the same everywhere.
    sign, text = ("-", str(-number)) if number < 0 else ("", str(number))
    head, tail = text[:-3], text[-3:]
    odd = len(head) % 2
    pairs = [head[place : place + 2] for place in range(odd, len(head), 2)]
    return sign + ",".join([*([head[:1]] if odd else []), *pairs, tail])
