"""What the first digits of a card say: its scheme, the issuer's country and the funding.

The scheme follows from published number ranges; country and funding from a file that ships with Satark (see
``data/NOTICE.md``). Both answer None for what they do not know; a caller that knows better says so in the
event.
"""

from __future__ import annotations

import gzip
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

BIN_DIGITS = 6
FUNDING_WORDS = {"c": "credit", "d": "debit", "p": "prepaid"}

RUPAY_RANGES = ((508500, 508999), (606985, 607984), (608001, 608500), (652150, 653149), (817200, 820199))
"""Number ranges that the National Payments Corporation of India publishes for RuPay."""
SCHEME_RANGES = (
    *(("rupay", first, last) for first, last in RUPAY_RANGES),
    ("visa", 400000, 499999),
    ("mastercard", 510000, 559999),
    ("mastercard", 222100, 272099),
    ("amex", 340000, 349999),
    ("amex", 370000, 379999),
    ("jcb", 352800, 358999),
    ("diners", 300000, 305999),
    ("diners", 360000, 369999),
    ("diners", 380000, 399999),
    ("discover", 601100, 601199),
    ("discover", 644000, 659999),
    ("unionpay", 620000, 629999),
    ("maestro", 500000, 508499),
    ("maestro", 560000, 589999),
    ("maestro", 670000, 679999),
)


@dataclass(frozen=True, slots=True)
class BinFacts:
    """What is known about a BIN; each part may be None."""

    scheme: str | None
    country: str | None
    funding: str | None


@dataclass(frozen=True, slots=True)
class _Ranges:
    firsts: array[int]
    lasts: array[int]
    said: list[tuple[str | None, str | None]]


UNKNOWN = BinFacts(None, None, None)


@lru_cache(maxsize=65_536)
def bin_facts(digits: str) -> BinFacts:
    """Return what the first six (or more) digits of a card number say.

    Examples
    --------
    >>> bin_facts("652150").scheme, bin_facts("437551").country
    ('rupay', 'IN')
    >>> bin_facts("4375").country is None
    True
    """
    if len(digits) < BIN_DIGITS or not (digits.isascii() and digits.isdigit()):
        return UNKNOWN
    number = int(digits[:BIN_DIGITS])
    scheme = next((name for name, first, last in SCHEME_RANGES if first <= number <= last), None)
    if scheme == "rupay":
        # RuPay is issued in India; the public compilation files these numbers under Discover, its partner
        # abroad.
        return BinFacts(scheme, "IN", None)
    ranges = _ranges()
    place = bisect_right(ranges.firsts, number) - 1
    if place < 0 or number > ranges.lasts[place]:
        return BinFacts(scheme, None, None)
    country, funding = ranges.said[place]
    return BinFacts(scheme, country, funding)


@cache
def _ranges() -> _Ranges:
    raw = files("satark.features.geo").joinpath("data", "bin_ranges.csv.gz").read_bytes()
    firsts, lasts = array("l"), array("l")
    said: list[tuple[str | None, str | None]] = []
    answers: dict[tuple[str, str], tuple[str | None, str | None]] = {}
    for line in gzip.decompress(raw).decode("ascii").splitlines():
        first, length, country, funding = line.split(",")
        firsts.append(int(first))
        lasts.append(int(first) + int(length) - 1)
        said.append(answers.setdefault((country, funding), (country or None, FUNDING_WORDS.get(funding))))
    return _Ranges(firsts, lasts, said)
