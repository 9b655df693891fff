"""Cards, phones and addresses on the net: what people pay with and from.

The BINs are issuer ranges as they look in India, joined with made-up tokens and last fours; a full card
number never exists here, so none can leak. User agents are of common phones, shortened; IP ranges are those
of Indian carriers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satark.payments.simulation.places import CITIES


@dataclass(frozen=True, slots=True)
class Issuer:
    """A card range: BIN, scheme, bank and its rough share of cards."""

    bin: str
    scheme: str
    bank: str
    weight: float
    country: str = "IN"


ISSUERS: tuple[Issuer, ...] = (
    Issuer("459150", "visa", "State Bank of India", 9.0),
    Issuer("508500", "rupay", "State Bank of India", 10.0),
    Issuer("607433", "rupay", "Punjab National Bank", 7.0),
    Issuer("652150", "rupay", "Canara Bank", 5.0),
    Issuer("608001", "rupay", "Bank of Baroda", 5.0),
    Issuer("436520", "visa", "HDFC Bank", 8.0),
    Issuer("552260", "mastercard", "HDFC Bank", 6.0),
    Issuer("485498", "visa", "HDFC Bank", 4.0),
    Issuer("437551", "visa", "ICICI Bank", 6.0),
    Issuer("523951", "mastercard", "ICICI Bank", 4.0),
    Issuer("405028", "visa", "ICICI Bank", 3.0),
    Issuer("461796", "visa", "Axis Bank", 5.0),
    Issuer("416644", "visa", "Kotak Mahindra Bank", 3.0),
    Issuer("526468", "mastercard", "SBI Card", 4.0),
    Issuer("431757", "visa", "SBI Card", 3.0),
    Issuer("376916", "amex", "American Express India", 1.0),
)

FOREIGN_ISSUERS: tuple[Issuer, ...] = (
    Issuer("414720", "visa", "Chase", 3.0, "US"),
    Issuer("542418", "mastercard", "Citibank", 2.0, "US"),
    Issuer("465901", "visa", "Barclays", 1.0, "GB"),
    Issuer("450875", "visa", "Co-operative Bank", 1.0, "GB"),
    Issuer("453997", "visa", "Nexi", 1.0, "IT"),
)

USER_AGENTS: tuple[str, ...] = (
    "Mozilla/5.0 (Linux; Android 14; SM-A156E) AppleWebKit/537.36 Chrome/129.0.0.0 Mobile",
    "Mozilla/5.0 (Linux; Android 13; Redmi Note 12) AppleWebKit/537.36 Chrome/128.0.0.0 Mobile",
    "Mozilla/5.0 (Linux; Android 12; vivo 1906) AppleWebKit/537.36 Chrome/127.0.0.0 Mobile",
    "Mozilla/5.0 (Linux; Android 14; CPH2591) AppleWebKit/537.36 Chrome/129.0.0.0 Mobile",
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile",
    "Mozilla/5.0 (Linux; Android 13; realme RMX3690) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 Version/17.6",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/129.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/128.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1",
)

PHONES = 8
"""The first so many user agents are of phones."""

EMULATOR_AGENT = "Mozilla/5.0 (Linux; Android 9; sdk_gphone_x86) AppleWebKit/537.36 Chrome/92.0"
"""The user agent of an Android emulator, as card-testing farms show it."""

CARRIER_RANGES: tuple[tuple[int, int], ...] = (
    ((49 << 24) | (32 << 16), 1 << 20),
    ((106 << 24) | (192 << 16), 1 << 21),
    ((157 << 24) | (32 << 16), 1 << 20),
    ((117 << 24) | (192 << 16), 1 << 22),
    ((223 << 24) | (176 << 16), 1 << 20),
)
"""(first address, size) of ranges used by Indian mobile and home carriers."""

FOREIGN_RANGES: tuple[tuple[str, int, int], ...] = (
    ("NL", (185 << 24) | (220 << 16) | (100 << 8), 1 << 8),
    ("RU", (95 << 24) | (165 << 16), 1 << 12),
    ("HK", (43 << 24) | (154 << 16), 1 << 12),
    ("KH", (103 << 24) | (216 << 16) | (48 << 8), 1 << 8),
    ("US", (104 << 24) | (238 << 16), 1 << 12),
)
"""(country, first address, size) of hosting ranges that gangs come from."""


def ip_text(number: int) -> str:
    """Return an IPv4 address as text.

    Examples
    --------
    >>> ip_text((49 << 24) | 7)
    '49.0.0.7'
    """
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def carrier_addresses(rng: np.random.Generator, size: int) -> list[str]:
    """Draw `size` addresses of Indian carriers as text."""
    which = rng.integers(0, len(CARRIER_RANGES), size)
    first = np.array([low for low, _ in CARRIER_RANGES], dtype=np.int64)[which]
    width = np.array([size for _, size in CARRIER_RANGES], dtype=np.int64)[which]
    return [ip_text(number) for number in (first + (rng.random(size) * width).astype(np.int64)).tolist()]


def foreign_address(rng: np.random.Generator) -> tuple[str, str]:
    """Draw one hosting address outside India; returns (address, country)."""
    country, first, size = FOREIGN_RANGES[int(rng.integers(len(FOREIGN_RANGES)))]
    return ip_text(first + int(rng.integers(size))), country


def city_index(name: str) -> int:
    """Return a city's place in `CITIES`."""
    return next(place for place, city in enumerate(CITIES) if city.name == name)
