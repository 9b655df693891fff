"""Which rate counts depends on the event's day alone; a missing one is never zero."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from satark.core import IST, RateTable, to_us
from satark.core.errors import InputInvalid

FIRST = {"currency": "USD", "date": "2026-01-05", "rate": "83.1"}
SECOND = {"currency": "USD", "date": date(2026, 1, 7), "rate": "84"}
TABLE = RateTable.from_rows("INR", [FIRST, SECOND])


def at(day: int, hour: int = 12) -> int:
    return to_us(datetime(2026, 1, day, hour, tzinfo=IST))


def test_rate_is_missing_when_the_event_is_before_the_first():
    assert TABLE.convert(100, "USD", at(5, 0) - 1) is None


def test_rate_changes_at_midnight_in_india():
    assert TABLE.convert(100, "USD", at(5, 0)) == 8_310
    assert TABLE.convert(100, "USD", at(7, 0) - 1) == 8_310
    assert TABLE.convert(100, "USD", at(7, 0)) == 8_400


def test_rate_is_missing_when_the_last_is_too_old():
    assert TABLE.convert(100, "USD", at(14)) == 8_400
    assert TABLE.convert(100, "USD", at(15)) is None
    patient = RateTable.from_rows("INR", [SECOND], max_age_days=8)
    assert patient.convert(100, "USD", at(15)) == 8_400


def test_amount_is_unchanged_when_it_is_in_the_base_currency():
    assert RateTable("INR").convert(123, "INR", 0) == 123


def test_rate_is_missing_when_the_currency_has_none():
    assert TABLE.convert(100, "EUR", at(7)) is None
    assert TABLE.currencies() == ("USD",)


@pytest.mark.parametrize(
    ("currency", "rate", "amount_minor", "expected"),
    [
        ("JPY", "0.55", 1_000, 55_000),  # no minor unit: 1000 yen are 550 rupees
        ("KWD", "270", 1_500, 40_500),  # three digits: 1.500 dinar are 405 rupees
        ("USD", "0.005", 100, 0),  # half a paisa, to even
        ("USD", "0.015", 100, 2),  # one and a half, to even
        ("USD", "0.025", 100, 2),  # two and a half, to even
        ("USD", "83.123456789012", 10**15, 83_123_456_789_012_000),
    ],
)
def test_conversion_is_exact_when_units_differ(currency, rate, amount_minor, expected):
    table = RateTable.from_rows("INR", [{"currency": currency, "date": "2026-01-07", "rate": rate}])
    assert table.convert(amount_minor, currency, at(7)) == expected


def test_later_row_wins_when_a_day_is_given_twice():
    table = RateTable.from_rows("INR", [FIRST, {**FIRST, "rate": "85"}])
    assert table.convert(100, "USD", at(5)) == 8_500


def test_csv_is_read_when_it_has_the_three_columns():
    table = RateTable.from_csv("INR", "date,currency,rate\r\n2026-01-07,USD,84\r\n")
    assert table.convert(100, "USD", at(8)) == 8_400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "usd"}, "currency"),
        ({"currency": None}, "currency"),
        ({"date": "5.1.2026"}, "date"),
        ({"date": datetime(2026, 1, 5, tzinfo=IST)}, "date"),
        ({"date": None}, "date"),
        ({"rate": "0"}, "rate"),
        ({"rate": "-1"}, "rate"),
        ({"rate": "nan"}, "rate"),
        ({"rate": "1e3"}, "rate"),
        ({"rate": True}, "rate"),
        ({"rate": "1/3"}, "rate"),
    ],
)
def test_row_is_refused_by_number_and_field_when_it_cannot_be_used(change, field):
    with pytest.raises(InputInvalid) as caught:
        RateTable.from_rows("INR", [SECOND, {**FIRST, **change}])
    assert caught.value.fields == {"row": 2, "field": field}


def test_table_is_refused_when_its_base_is_no_currency_or_its_age_negative():
    with pytest.raises(InputInvalid):
        RateTable.from_rows("RUP", [])
    with pytest.raises(InputInvalid):
        RateTable.from_rows("INR", [], max_age_days=-1)


def test_rates_of_years_are_found_by_day():
    start = date(2020, 1, 1)
    rows = [
        {"currency": "USD", "date": start + timedelta(days=number), "rate": str(number + 1)}
        for number in range(0, 2_000, 2)
    ]
    table = RateTable.from_rows("INR", rows)
    noon = to_us(datetime(2020, 1, 1, 12, tzinfo=IST))
    for number in range(1_999):
        assert table.convert(1, "USD", noon + number * 86_400_000_000) == number - number % 2 + 1
