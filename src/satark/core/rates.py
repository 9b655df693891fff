"""Dated exchange rates into a policy's base currency.

An amount enters sums only in the base currency. Which rate is used depends on the event's own day alone (the
day in India), never on when it is computed, so that a replay gives the same numbers. A rate that is missing
or too old gives None; the caller reports it as degraded and never counts a silent zero.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from satark.core.clock import ist_day
from satark.core.currencies import CURRENCY_EXPONENTS, is_currency
from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_MAX_AGE_DAYS = 7
"""A rate older than this is not used: the longest run of days without a reference rate is well below it."""

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?\Z")


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `currency` is worth `rate` units of the base currency on the day `on` (not minor units)."""

    currency: str
    on: date
    rate: Fraction


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rates of many currencies into one base currency, by day.

    Attributes
    ----------
    base_currency
        What everything is converted into.
    max_age_days
        How old (in days) a rate may be on the day of the event.

    Examples
    --------
    >>> table = RateTable.from_rows("INR", [{"currency": "USD", "date": "2026-01-02", "rate": "83.125"}])
    >>> day = 86_400_000_000
    >>> table.convert(10_00, "USD", 20_455 * day)  # 2026-01-02
    83125
    >>> table.convert(10_00, "USD", 20_454 * day - 20_000_000_000) is None  # the day before
    True
    >>> table.convert(5, "INR", 0), table.convert(5, "EUR", 20_455 * day)
    (5, None)
    """

    base_currency: str
    max_age_days: int = DEFAULT_MAX_AGE_DAYS
    _days: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    _ratios: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def from_rates(
        cls, base_currency: str, rates: Iterable[Rate], max_age_days: int = DEFAULT_MAX_AGE_DAYS
    ) -> Self:
        """Build the table; a later rate of the same currency and day replaces the earlier one.

        Raises
        ------
        InputInvalid
            A currency is unknown, a rate is not above zero, or the age is negative.
        """
        if not is_currency(base_currency):
            message = "the base currency must be an ISO 4217 code"
            raise InputInvalid(message, field="base_currency")
        if max_age_days < 0:
            message = "max_age_days must be at least 0"
            raise InputInvalid(message, field="max_age_days")
        by_currency: dict[str, dict[int, tuple[int, int]]] = {}
        for rate in rates:
            if not is_currency(rate.currency):
                message = f"{rate.currency[:8]!r} is not an ISO 4217 currency"
                raise InputInvalid(message, field="currency")
            if rate.rate <= 0:
                message = f"the rate of {rate.currency} on {rate.on} must be above 0"
                raise InputInvalid(message, field="rate")
            # The ratio of minor units: 1 cent is rate * 10**2 / 10**2 paise, 1 yen is rate * 10**2 / 10**0
            # paise.
            shift = CURRENCY_EXPONENTS[base_currency] - CURRENCY_EXPONENTS[rate.currency]
            ratio = rate.rate * Fraction(10) ** shift
            day = rate.on.toordinal() - _EPOCH_ORDINAL
            by_currency.setdefault(rate.currency, {})[day] = (ratio.numerator, ratio.denominator)
        days = {currency: tuple(sorted(known)) for currency, known in by_currency.items()}
        ratios = {currency: tuple(by_currency[currency][day] for day in days[currency]) for currency in days}
        return cls(base_currency, max_age_days, days, ratios)

    @classmethod
    def from_rows(
        cls,
        base_currency: str,
        rows: Iterable[Mapping[str, object]],
        max_age_days: int = DEFAULT_MAX_AGE_DAYS,
    ) -> Self:
        """Build the table from rows of a YAML list or a CSV file with `currency`, `date` and `rate`.

        Write rates as text or whole numbers: a float such as 83.1 is read by its shortest decimal form.

        Raises
        ------
        InputInvalid
            A row is not usable; `row` (from 1) and `field` say where.
        """
        rates = [_rate_of(row, number) for number, row in enumerate(rows, start=1)]
        return cls.from_rates(base_currency, rates, max_age_days)

    @classmethod
    def from_csv(cls, base_currency: str, text: str, max_age_days: int = DEFAULT_MAX_AGE_DAYS) -> Self:
        r"""Build the table from the text of a CSV file with the columns `currency,date,rate`.

        Examples
        --------
        >>> table = RateTable.from_csv("INR", "currency,date,rate\nJPY,2026-01-02,0.55\n")
        >>> table.convert(1000, "JPY", 20_455 * 86_400_000_000)
        55000
        """
        return cls.from_rows(base_currency, csv.DictReader(text.splitlines()), max_age_days)

    def convert(self, amount_minor: int, currency: str, on_us: int) -> int | None:
        """Convert an amount on the day of a moment, rounding half to even in exact arithmetic.

        Parameters
        ----------
        amount_minor
            In minor units of `currency`.
        currency
            ISO 4217.
        on_us
            The event's own time; its day in India picks the rate.

        Returns
        -------
        int or None
            Minor units of the base currency; None when no rate is dated on or before that day, or only an old
            one.
        """
        if currency == self.base_currency:
            return amount_minor
        days = self._days.get(currency)
        if days is None:
            return None
        day = ist_day(on_us)
        place = bisect_right(days, day) - 1
        if place < 0 or day - days[place] > self.max_age_days:
            return None
        numerator, denominator = self._ratios[currency][place]
        whole, rest = divmod(amount_minor * numerator, denominator)
        if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
            whole += 1
        return whole

    def currencies(self) -> tuple[str, ...]:
        """Return the currencies that have at least one rate, sorted."""
        return tuple(sorted(self._days))


def _rate_of(row: Mapping[str, object], number: int) -> Rate:
    currency, on, rate = row.get("currency"), row.get("date"), row.get("rate")
    if not isinstance(currency, str) or not is_currency(currency):
        message = f"row {number}: currency must be an ISO 4217 code"
        raise InputInvalid(message, row=number, field="currency")
    if isinstance(on, str):
        try:
            on = date.fromisoformat(on)
        except ValueError:
            on = None
    if not isinstance(on, date) or isinstance(on, datetime):
        message = f"row {number}: date must be a day such as 2026-01-31"
        raise InputInvalid(message, row=number, field="date")
    text = "" if isinstance(rate, bool) else str(rate).strip()
    if not _DECIMAL.match(text) or Fraction(text) <= 0:
        message = f"row {number}: rate must be a decimal number above 0, with up to 12 digits on each side"
        raise InputInvalid(message, row=number, field="rate")
    return Rate(currency, on, Fraction(text))
