"""Properties of money: exact conversion against an independent decimal one; readable text loses nothing."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

from hypothesis import given
from hypothesis import strategies as st

from satark.core.money import CURRENCY_EXPONENTS, RateTable, format_minor

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@given(
    st.integers(0, 10**15),
    st.sampled_from(["USD", "JPY", "KWD", "EUR"]),
    st.decimals(Decimal("0.000001"), Decimal(999_999), places=6),
    st.sampled_from(["INR", "JPY", "KWD"]),
)
def test_conversion_equals_decimal_arithmetic(amount_minor, currency, rate, base):
    if currency == base:
        return
    table = RateTable.from_rows(base, [{"currency": currency, "date": date(1970, 1, 1), "rate": f"{rate:f}"}])
    shift = CURRENCY_EXPONENTS[base] - CURRENCY_EXPONENTS[currency]
    exact = _EXACT.multiply(Decimal(amount_minor), _EXACT.scaleb(rate, shift))
    assert table.convert(amount_minor, currency, 0) == int(exact.to_integral_value(ROUND_HALF_EVEN, _EXACT))


@given(st.integers(-(10**18), 10**18), st.sampled_from(sorted(CURRENCY_EXPONENTS)))
def test_written_amount_reads_back_as_the_same_number(amount_minor, currency):
    text = format_minor(amount_minor, currency)
    number = text.replace(",", "").replace("₹", "").replace(currency, "").replace(" ", "")
    assert Decimal(number).scaleb(CURRENCY_EXPONENTS[currency]) == amount_minor
