"""Ids, handles, cards and homes of simulated people and shops as the parts of events, built once and shared.

Event structs are frozen, so all payments of one person can carry the very same `Customer`; building each
part at its first use is what makes the simulation fast. Ids are hashes of the seed and the place in the
population, never drawn in order of use, so they do not depend on which events are looked at.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from satark.events import Address, Card, Customer, Device, Line, Payee, Payer
from satark.payments.simulation.instruments import FOREIGN_ISSUERS, ISSUERS, PHONES, USER_AGENTS
from satark.payments.simulation.ordinary import contact_of
from satark.payments.simulation.people import EMPLOYERS, FIRST_NAMES, LAST_NAMES, SHOP_WORDS, UPI_BANKS
from satark.payments.simulation.places import BUILDINGS, CITIES, STREETS
from satark.payments.simulation.population import CONTACTS_PER_PERSON, DEVICES_PER_PERSON
from satark.payments.simulation.seasons import DAY_US
from satark.payments.simulation.trades import TRADES
from satark.payments.simulation.wares import LEVELS, PRICES_MINOR, PRODUCTS

if TYPE_CHECKING:
    from satark.payments.simulation.population import Floats, Population

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MASK = (1 << 64) - 1
_BANK_EDGES = np.cumsum([share for _, share in UPI_BANKS])
_ISSUER_EDGES = np.cumsum([issuer.weight for issuer in ISSUERS]) / sum(issuer.weight for issuer in ISSUERS)
FOREIGN_CARD_SHARE = 0.004


def moment(at_us: int) -> datetime:
    """Return microseconds since 1970 as an aware UTC datetime, exactly."""
    return EPOCH + timedelta(microseconds=at_us)


class Identities:
    """The parts of events for every person and shop of a population.

    Parameters
    ----------
    population
        The arrays that say who lives where.
    seed
        The plan's seed, mixed into every id.
    """

    def __init__(self, population: Population, seed: int) -> None:
        self.population = population
        self._seed = seed
        people, shops = population.people, population.shops
        self._customers: list[Customer | None] = [None] * people
        self._homes: list[Address | None] = [None] * people
        self._payers: list[Payer | None] = [None] * people
        self._devices: list[Device | None] = [None] * (people * DEVICES_PER_PERSON)
        self._contacts: list[Payee | None] = [None] * (people * CONTACTS_PER_PERSON)
        self._shops: list[Payee | None] = [None] * shops
        self._shops_upi: list[Payee | None] = [None] * shops
        self._lines: list[Line | None] = [None] * (len(PRODUCTS) * LEVELS * 2)
        self._cards: dict[tuple[int, str | None], Card] = {}

    def mix(self, kind: str, number: int) -> int:
        """Return 64 well-mixed bits of the seed, a kind of thing and its number (SplitMix64's finaliser)."""
        state = (self._seed * 0x9E3779B97F4A7C15 + _KINDS[kind] * 0xD1B54A32D192ED03 + number + 1) & _MASK
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def customer(self, person: int) -> Customer:
        """Return a person as the marketplace knows them."""
        found = self._customers[person]
        if found is None:
            first, last, bits = self._names(person)
            mail = ("gmail.com", "yahoo.co.in", "outlook.com", "rediffmail.com")[bits >> 40 & 3]
            found = Customer(
                id=f"cus_{self.mix('customer', person) & 0xFFFFFFFFFF:010x}",
                added_at=moment(int(self.population.joined_us[person])),
                phone=f"+91{6 + (bits >> 20) % 4}{(bits >> 8) % 1_000_000_000:09d}",
                email=f"{first}.{last}{person % 1000}@{mail}" if bits >> 50 & 3 else None,
            )
            self._customers[person] = found
        return found

    def handle(self, person: int) -> str:
        """Return a person's UPI address."""
        first, last, bits = self._names(person)
        bank = UPI_BANKS[_edge(_BANK_EDGES, bits)][0]
        if bits >> 44 & 1:
            return f"{6 + (bits >> 20) % 4}{(bits >> 8) % 1_000_000_000:09d}@{bank}"
        return f"{first}{last}{person}@{bank}"

    def account(self, person: int) -> str:
        """Return a person's bank account as an opaque id."""
        return f"acc_{self.mix('account', person) & 0xFFFFFFFFFF:010x}"

    def payer(self, person: int) -> Payer:
        """Return a person's account and UPI address as the source of money."""
        found = self._payers[person]
        if found is None:
            found = self._payers[person] = Payer(account=self.account(person), vpa=self.handle(person))
        return found

    def device(self, place: int) -> Device:
        """Return device `place` (person × 2 + k)."""
        found = self._devices[place]
        if found is None:
            bits = self.mix("device", place)
            found = Device(
                id=f"dev_{bits & 0xFFFFFFFFFF:010x}",
                fingerprint=f"fp_{self.mix('fingerprint', place) & 0xFFFFFFFFFFFF:012x}",
                # The first device is a phone, the second any.
                user_agent=USER_AGENTS[(bits >> 42) % (len(USER_AGENTS) if place % 2 else PHONES)],
            )
            self._devices[place] = found
        return found

    def card(self, place: int, three_ds: str | None = None) -> Card:
        """Return card `place` (person × 2 + k) with the 3-D Secure result of one payment."""
        found = self._cards.get((place, three_ds))
        if found is None:
            bits = self.mix("card", place)
            foreign = (bits >> 33) % 10_000 < FOREIGN_CARD_SHARE * 10_000
            issuer = (
                FOREIGN_ISSUERS[bits % len(FOREIGN_ISSUERS)]
                if foreign
                else ISSUERS[_edge(_ISSUER_EDGES, bits)]
            )
            found = Card(
                token=f"tok_sim_{bits & 0xFFFFFFFFFFFF:012x}",
                bin=issuer.bin,
                last4=f"{(bits >> 20) % 10_000:04d}",
                issuer_country=issuer.country,
                three_ds=three_ds,  # type: ignore[arg-type]
            )
            self._cards[(place, three_ds)] = found
        return found

    def home(self, person: int) -> Address:
        """Return a person's home."""
        found = self._homes[person]
        if found is None:
            bits = self.mix("home", person)
            city = CITIES[int(self.population.city[person])]
            flat, street = 1 + bits % 420, STREETS[(bits >> 12) % len(STREETS)]
            building = f"{BUILDINGS[(bits >> 24) % len(BUILDINGS)]}, " if bits >> 60 & 1 else ""
            found = Address(
                line=f"{'Flat' if building else 'H.No.'} {flat}, {building}{street}",
                city=city.name,
                pin=city.pins[int(self.population.pin[person])],
                country="IN",
            )
            self._homes[person] = found
        return found

    def contact(self, person: int, contact: int) -> Payee:
        """Return one of a person's saved payees, added long ago."""
        place = person * CONTACTS_PER_PERSON + contact
        found = self._contacts[place]
        if found is None:
            other = contact_of(person, contact, self.population.people)
            days = 20 + self.mix("contact", place) % 900
            found = Payee(
                account=self.account(other),
                vpa=self.handle(other),
                added_at=moment(int(self.population.joined_us[other]) - days * DAY_US),
            )
            self._contacts[place] = found
        return found

    def new_contact(self, person: int, number: int, added_us: int) -> Payee:
        """Return a payee that a person has just added."""
        other = self.mix("new_contact", person * 4_093 + number) % self.population.people
        return Payee(account=self.account(other), vpa=self.handle(other), added_at=moment(added_us))

    def shop(self, place: int, *, upi: bool) -> Payee:
        """Return a merchant as the payee; by UPI it has an address besides its id."""
        cache = self._shops_upi if upi else self._shops
        found = cache[place]
        if found is None:
            bits = self.mix("shop", place)
            word = SHOP_WORDS[bits % len(SHOP_WORDS)]
            trade = TRADES[int(self.population.trade[place])]
            bank = UPI_BANKS[_edge(_BANK_EDGES, bits)][0]
            found = Payee(
                merchant=f"mer_{place:06d}",
                vpa=f"{word}.{trade.name.replace('_', '')}{place}@{bank}" if upi else None,
                mcc=trade.mcc,
            )
            cache[place] = found
        return found

    def employer(self, person: int) -> tuple[Customer, Payer]:
        """Return who pays a person's salary; about forty people share one employer."""
        number = self.mix("employer", person) % max(1, self.population.people // 40)
        name = EMPLOYERS[number % len(EMPLOYERS)]
        return (
            Customer(id=f"emp_{name}_{number}", added_at=EPOCH + timedelta(days=15_000 + number % 2_000)),
            Payer(account=f"acc_emp_{number:06d}"),
        )

    def contact_account(self, person: int) -> Payee:
        """Return a person's own account as the payee of a salary."""
        return Payee(account=self.account(person))

    def line(self, key: int) -> Line:
        """Return an order line by its key (see `ordinary.DayColumns.line_key`)."""
        found = self._lines[key]
        if found is None:
            product, level = PRODUCTS[key // 2 // LEVELS], key // 2 % LEVELS
            found = Line(
                category=product.category,
                sku=f"{product.sku}-{level}",
                title=product.title,
                quantity=1 + key % 2,
                price_minor=int(PRICES_MINOR[key // 2 // LEVELS, level]),
            )
            self._lines[key] = found
        return found

    def _names(self, person: int) -> tuple[str, str, int]:
        bits = self.mix("name", person)
        return FIRST_NAMES[bits % len(FIRST_NAMES)], LAST_NAMES[(bits >> 10) % len(LAST_NAMES)], bits


_KINDS = {
    kind: number
    for number, kind in enumerate(
        (
            "customer",
            "name",
            "account",
            "device",
            "fingerprint",
            "card",
            "home",
            "contact",
            "new_contact",
            "shop",
            "employer",
            "fresh",
        )
    )
}


def _edge(edges: Floats, bits: int) -> int:
    return min(int(np.searchsorted(edges, (bits >> 8 & 0xFFFFF) / 0x100000, side="right")), len(edges) - 1)
