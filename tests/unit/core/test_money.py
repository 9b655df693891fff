"""Amounts are written as people in India write them."""

from __future__ import annotations

import pytest

from satark.core.money import CURRENCY_EXPONENTS, format_minor, is_currency


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (0, "INR", "₹0.00"),
        (99, "INR", "₹0.99"),
        (1_00_000, "INR", "₹1,000.00"),
        (1_00_000_00, "INR", "₹1,00,000.00"),
        (12_34_56_789_01, "INR", "₹12,34,56,789.01"),
        (-12_345_600, "INR", "-₹1,23,456.00"),
        (1_234_567, "USD", "USD 12,345.67"),
        (1_234_567, "JPY", "JPY 1,234,567"),
        (1_234_567, "KWD", "KWD 1,234.567"),
    ],
)
def test_amount_is_grouped_by_its_currency(amount_minor, currency, text):
    assert format_minor(amount_minor, currency) == text


def test_format_is_refused_when_the_currency_is_unknown():
    with pytest.raises(KeyError):
        format_minor(1, "XXX")


def test_currencies_are_the_active_ones():
    assert is_currency("SLE")
    assert not is_currency("SLL")  # replaced in 2023
    assert not is_currency("XAU")  # a metal
    assert 150 < len(CURRENCY_EXPONENTS) < 170
    assert all(len(code) == 3 and code.isupper() for code in CURRENCY_EXPONENTS)
