"""Very many payment bodies, cheaply: for load tests that must not be slowed by making their own load.

A few hundred realistic templates are encoded once; each body is a template with its id, time, card and
customer patched in. Every body is valid, at least as long as asked, and has an id of its own. A card stays in its
town, nine orders of ten go home, and few are for gift cards or coins, so that most payments are what most payments
are: honest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from satark.events import Address, Card, Customer, Device, Line, Location, Payee, Payer, Payment
from satark.payments.simulation.identities import EPOCH, moment
from satark.payments.simulation.instruments import ISSUERS, USER_AGENTS
from satark.payments.simulation.places import CITIES, STREETS, City
from satark.payments.simulation.wares import PRICES_MINOR, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEMPLATES = 256
TOWNS = 16
SHOPS = 20_000
SHIPPED_HOME = 0.9
CASH_LIKE = frozenset({"gift_card", "gold", "silver", "jewellery", "laptop", "phone"})
CASH_LIKE_KEPT = 0.1
_ID, _TIME, _CARD, _PERSON, _PLACE = (
    "@@ID@@",
    "1971-02-03T04:05:06.789012Z",
    "@@CARD@@",
    "@@CUS@@",
    "@@LINE@@",
)
_IP, _SHOP = "@@IP@@", "@@SHOP@@"
_MARGIN_BYTES = 32
"""The marks above are at most this much longer than what replaces them."""


@dataclass(frozen=True, slots=True)
class BodyMaker:
    """Makes bodies from templates cut at the places that change.

    Attributes
    ----------
    templates
        Each a format with ``%`` places for id, time, customer, card (token), shop, address line and IP.
    cards
        How many different cards there are.
    """

    templates: tuple[bytes, ...]
    cards: int

    def body(self, event_id: bytes, at: bytes, draw: int) -> bytes:
        """Return one body.

        Parameters
        ----------
        event_id
            Fresh, at most 64 characters of the alphabet of ids.
        at
            RFC 3339 with an offset.
        draw
            Any whole number; the same draw has the same card, customer and template.
        """
        card = draw % self.cards
        # The templates lie town after town: what varies is the order, not where the card lives.
        per_town = len(self.templates) // TOWNS
        order = draw // self.cards % per_town
        return self.templates[card % TOWNS * per_town + order] % {
            b"id": event_id,
            b"at": at,
            b"card": b"%08d" % card,
            b"person": b"%08d" % (card * 7 % self.cards),
            b"place": b"%d" % (card % 977),
            b"shop": b"%06d" % (draw // 7 % SHOPS),
            b"ip": b"49.%d.%d.%d" % (32 + card % 16, card >> 4 & 255, card >> 12 & 255),
        }


def body_maker(*, cards: int = 100_000, min_bytes: int = 1024, seed: int = 1) -> BodyMaker:
    """Make the templates of a load: card payments with order lines, addresses, device, IP and location."""
    rng = np.random.Generator(np.random.PCG64([seed, 9]))
    templates = []
    for number in range(TEMPLATES):
        payment = _template(rng, number * TOWNS // TEMPLATES)
        while len(body := msgspec.json.encode(payment)) < min_bytes + _MARGIN_BYTES:
            lines = (*payment.lines, _line(rng))
            payment = msgspec.structs.replace(payment, lines=lines, amount_minor=_sum_minor(lines))
        templates.append(_cut(body))
    return BodyMaker(tuple(templates), cards)


def bulk_payload_bodies(
    n: int,
    *,
    cards: int = 100_000,
    min_bytes: int = 1024,
    seed: int = 1,
    start_us: int = 0,
    step_us: int = 1_000,
) -> Iterator[bytes]:
    """Yield `n` payment bodies with unique ids.

    Parameters
    ----------
    n
        How many.
    cards
        Over how many cards; which one is drawn uniformly.
    min_bytes
        The least length of a body.
    seed
        The same seed gives the same bodies, byte for byte.
    start_us, step_us
        The time of the first, and the distance of each from the one before.

    Examples
    --------
    >>> bodies = list(bulk_payload_bodies(3, cards=10))
    >>> len(set(bodies)), min(map(len, bodies)) >= 1024
    (3, True)
    """
    maker = body_maker(cards=cards, min_bytes=min_bytes, seed=seed)
    rng = np.random.Generator(np.random.PCG64([seed, 10]))
    chunk = 100_000
    for first in range(0, n, chunk):
        draws = rng.integers(0, 2**31, min(chunk, n - first)).tolist()
        for place, draw in enumerate(draws, start=first):
            yield maker.body(b"bulk_%d_%d" % (seed, place), rfc3339(start_us + place * step_us), draw)


def rfc3339(at_us: int) -> bytes:
    """Return microseconds since 1970 as RFC 3339 text; quick for times that follow each other.

    Examples
    --------
    >>> rfc3339(1_500_000)
    b'1970-01-01T00:00:01.500000Z'
    """
    second, rest = divmod(at_us, 1_000_000)
    return b"%b.%06dZ" % (_second_text(second), rest)


@lru_cache(maxsize=64)
def _second_text(second: int) -> bytes:
    return moment(second * 1_000_000).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _line(rng: np.random.Generator) -> Line:
    place = int(rng.integers(0, len(PRODUCTS)))
    while PRODUCTS[place].category in CASH_LIKE and rng.random() >= CASH_LIKE_KEPT:
        place = int(rng.integers(0, len(PRODUCTS)))
    product = PRODUCTS[place]
    return Line(
        category=product.category,
        sku=product.sku,
        title=product.title,
        quantity=int(rng.integers(1, 3)),
        price_minor=int(PRICES_MINOR[place, 3]),
    )


def _sum_minor(lines: Iterable[Line]) -> int:
    return sum((line.price_minor or 0) * line.quantity for line in lines)


def _template(rng: np.random.Generator, town: int) -> Payment:
    def draw(low: int, high: int) -> int:
        return int(rng.integers(low, high))

    lines = [_line(rng) for _ in range(draw(1, 4))]
    home, issuer = CITIES[town], ISSUERS[draw(0, len(ISSUERS))]
    street = STREETS[draw(0, len(STREETS))]
    ships_home = rng.random() < SHIPPED_HOME
    to, to_street = (home, street) if ships_home else (CITIES[draw(0, 25)], STREETS[draw(0, len(STREETS))])
    agent = USER_AGENTS[draw(0, len(USER_AGENTS))]
    return Payment(
        id=_ID,
        occurred_at=datetime.fromisoformat(_TIME),
        amount_minor=_sum_minor(lines),
        method="card",
        channel="web" if draw(0, 2) else "app",
        customer=Customer(id=f"cus_{_PERSON}", added_at=EPOCH.replace(year=2023), phone=f"+9198{_PERSON}"),
        payer=Payer(account=f"acc_{_PERSON}"),
        card=Card(
            token=f"tok_load_{_CARD}",
            bin=issuer.bin,
            last4="4242",
            issuer_country="IN",
            three_ds="authenticated",
        ),
        payee=Payee(merchant=f"mer_{_SHOP}", mcc="5262"),
        lines=tuple(lines),
        shipping=_address(to, to_street),
        billing=_address(home, street),
        device=Device(id=f"dev_{_CARD}", fingerprint=f"fp_{_CARD}", user_agent=agent),
        ip=_IP,
        ip_country="IN",
        location=Location(lat=home.lat, lon=home.lon, accuracy_m=50.0),
    )


def _address(city: City, street: str) -> Address:
    return Address(line=f"Flat {_PLACE}, {street}", city=city.name, pin=city.pins[0], country="IN")


def _cut(body: bytes) -> bytes:
    body = body.replace(b"%", b"%%")
    for mark, name in (
        (_ID, "id"),
        (_TIME, "at"),
        (_CARD, "card"),
        (_PERSON, "person"),
        (_PLACE, "place"),
        (_IP, "ip"),
        (_SHOP, "shop"),
    ):
        body = body.replace(mark.encode(), f"%({name})s".encode())
    return body
