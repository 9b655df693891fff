"""What fraud scenarios are made of: drafts of payments, what follows them, and the stage with its props.

A scenario is a function that takes a `Stage` and returns one `Campaign`. It may spread over many days; what
falls behind the plan's last day does not happen. Payments get their ids later, among the honest ones in
order of time, so that an id tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from satark.events import Address, Card, Customer, Device, Line, Location, Payee
from satark.payments.simulation.aftermath import AUTHORISED, CAPTURED, CHARGED_BACK, DECLINED, REFUNDED
from satark.payments.simulation.identities import Identities, moment
from satark.payments.simulation.instruments import (
    EMULATOR_AGENT,
    ISSUERS,
    USER_AGENTS,
    carrier_addresses,
    city_index,
    foreign_address,
)
from satark.payments.simulation.people import FIRST_NAMES, LAST_NAMES, UPI_BANKS
from satark.payments.simulation.places import BUILDINGS, CITIES, STREETS
from satark.payments.simulation.seasons import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from satark.payments.simulation.wares import LEVELS, PRICES_MINOR, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.payments.simulation.population import Population

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One result of a payment: microseconds after it, which outcome, its code and its amount where given."""

    delay_us: int
    outcome: int
    code: str | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One label of a payment: microseconds after it, whether it says fraud, and who reports it."""

    delay_us: int
    reporter: str
    fraud: bool = True


@dataclass(slots=True)
class Draft:
    """A payment before it has an id: its time, its fields, what follows and who reports it.

    `honest` marks a payment that belongs to the story but is not fraud, such as the owner's own before a
    clone's.
    """

    at_us: int
    fields: dict[str, Any]
    steps: tuple[Step, ...] = ()
    reports: tuple[Report, ...] = ()
    honest: bool = False


@dataclass(slots=True)
class Act:
    """A payee change before it has an id."""

    at_us: int
    fields: dict[str, Any]


@dataclass(slots=True)
class Campaign:
    """Everything that one gang does in one go."""

    drafts: list[Draft] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of fraud.

    Attributes
    ----------
    name
        Unique; what `Truth.scenario` says.
    kind
        What labels call it.
    summary
        One sentence for people.
    foreseen
        Whether a rule of the bundled policy is meant to catch it; False for those that no rule names.
    play
        Makes one campaign.
    """

    name: str
    kind: str
    summary: str
    foreseen: bool
    play: Callable[[Stage], Campaign]


class Stage:
    """The market on one day, as a scenario sees it.

    Parameters
    ----------
    rng
        The day's random source for scenarios.
    identities
        People and shops as parts of events.
    day_us
        Indian midnight.
    first_serial
        Where numbering of things that only gangs have starts, so that no two days share one.
    """

    def __init__(
        self, rng: np.random.Generator, identities: Identities, day_us: int, first_serial: int
    ) -> None:
        self.rng = rng
        self.identities = identities
        self.day_us = day_us
        self._serial = first_serial

    @property
    def population(self) -> Population:
        """The arrays behind `identities`."""
        return self.identities.population

    def at_us(self, from_hour: float, to_hour: float) -> int:
        """Draw a time between two Indian hours of this day, at a whole millisecond."""
        hours = self.rng.uniform(from_hour, to_hour)
        return self.day_us + int(hours * 3_600_000) * 1000

    def wait_us(self, low_seconds: float, high_seconds: float) -> int:
        """Draw a pause in microseconds, at a whole millisecond."""
        return int(self.rng.uniform(low_seconds, high_seconds) * 1000) * 1000

    def number(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, things: Sequence[T]) -> T:
        """Draw one of several things."""
        return things[int(self.rng.integers(len(things)))]

    def chance(self, probability: float) -> bool:
        """Draw whether something happens."""
        return bool(self.rng.random() < probability)

    def rupees(self, median: float, sigma: float, step: int = 1) -> int:
        """Draw a log-normal amount, rounded to `step` rupees, in paise."""
        return max(round(median * float(np.exp(sigma * self.rng.normal())) / step) * step, step) * 100

    def victims(self, count: int) -> list[int]:
        """Draw different people who are customers already."""
        people = self.population.people
        drawn = (
            self.rng.permutation(people)[: count * 3]
            if people < 5_000
            else self.rng.integers(0, people, count * 3)
        )
        known = [
            int(who) for who in dict.fromkeys(drawn.tolist()) if self.population.joined_us[who] < self.day_us
        ]
        return known[:count] or [0]

    def victim(self) -> int:
        """Draw one person who is a customer already."""
        return self.victims(1)[0]

    def shop(self, *trades: str) -> int:
        """Draw a shop of one of the named trades that sells over the net."""
        shops = self.population.shops_of(*trades)
        online = shops[self.population.online[shops]]
        return int(self.one_of((online if len(online) else shops).tolist()))

    def fresh(self) -> int:
        """Return 64 bits that nothing else in the market shares."""
        self._serial += 1
        return self.identities.mix("fresh", self._serial)

    def device(self, *, emulator: bool = False) -> Device:
        """Make a device that no honest customer has."""
        return Device(
            id=f"dev_{self.fresh() & 0xFFFFFFFFFF:010x}",
            fingerprint=f"fp_{self.fresh() & 0xFFFFFFFFFFFF:012x}",
            user_agent=EMULATOR_AGENT if emulator else self.one_of(USER_AGENTS),
        )

    def customer(self, added_us: int) -> Customer:
        """Make a customer account that was opened at `added_us`."""
        bits = self.fresh()
        return Customer(
            id=f"cus_{bits & 0xFFFFFFFFFF:010x}",
            added_at=moment(added_us),
            phone=f"+91{6 + bits % 4}{(bits >> 8) % 1_000_000_000:09d}",
            email=f"{self.one_of(FIRST_NAMES)}{(bits >> 30) % 100_000}@gmail.com",
        )

    def card(self, bin_: str | None = None, last4: str | None = None, three_ds: str | None = None) -> Card:
        """Make a card that belongs to nobody in the market, such as a guessed or foreign one."""
        bits = self.fresh()
        return Card(
            token=f"tok_sim_{bits & 0xFFFFFFFFFFFF:012x}",
            bin=bin_ or self.one_of(ISSUERS).bin,
            last4=last4 or f"{bits % 10_000:04d}",
            issuer_country="IN",
            three_ds=three_ds,  # type: ignore[arg-type]
        )

    def payee(self, added_us: int) -> Payee:
        """Make a person's UPI address and account under a gang's control, added by a victim at `added_us`."""
        bits = self.fresh()
        name = f"{self.one_of(FIRST_NAMES)}{self.one_of(LAST_NAMES)}{bits % 1000}"
        return Payee(
            account=f"acc_{bits & 0xFFFFFFFFFF:010x}",
            vpa=f"{name}@{self.one_of(UPI_BANKS)[0]}",
            added_at=moment(added_us),
        )

    def address(self, city: str) -> Address:
        """Make a postal address in a city."""
        found = CITIES[city_index(city)]
        flat, building, street = self.number(1, 300), self.one_of(BUILDINGS), self.one_of(STREETS)
        return Address(
            line=f"{flat}, {building}, {street}", city=city, pin=self.one_of(found.pins), country="IN"
        )

    def carrier_ip(self) -> str:
        """Draw an address of an Indian carrier."""
        return carrier_addresses(self.rng, 1)[0]

    def foreign_ip(self) -> tuple[str, str]:
        """Draw a hosting address outside India and its country."""
        return foreign_address(self.rng)

    def spot(self, city: int, accuracy_m: float = 30.0) -> Location:
        """Draw a place in a city."""
        lat, lon = CITIES[city].lat + self.rng.normal(0, 0.02), CITIES[city].lon + self.rng.normal(0, 0.02)
        return Location(lat=round(lat, 5), lon=round(lon, 5), accuracy_m=accuracy_m)

    def goods(
        self, *categories: str, count: int = 1, most_minor: int = 2_00_000_00
    ) -> tuple[tuple[Line, ...], int]:
        """Draw order lines of some categories, none dearer than `most_minor`; returns them and their sum."""
        places = [
            place
            for place, product in enumerate(PRODUCTS)
            if product.category in categories and int(PRICES_MINOR[place, 3]) <= most_minor
        ]
        keys = [(self.one_of(places) * LEVELS + 3) * 2 for _ in range(count)]
        lines = tuple(self.identities.line(key) for key in keys)
        return lines, sum(line.price_minor or 0 for line in lines)

    def reported(self, share: float, median_hours: float, sigma: float, reporter: str) -> tuple[Report, ...]:
        """Draw whether and when the fraud is reported; now and then an analyst first calls it genuine."""
        if not self.chance(share):
            return ()
        hours = float(np.clip(median_hours * np.exp(sigma * self.rng.normal()), 0.1, 24 * 80))
        delay_us = int(hours * 3_600_000) * 1000
        if self.chance(0.02):
            early = max(delay_us // 3 // 1000 * 1000, MINUTE_US)
            return (Report(early, "analyst", fraud=False), Report(delay_us + MINUTE_US, reporter))
        return (Report(delay_us, reporter),)

    def paid(self, *, captured: bool = False) -> tuple[Step, ...]:
        """Make the results of a payment that goes through."""
        first = Step(self.wait_us(0.4, 5), AUTHORISED)
        if not captured:
            return (first,)
        return (first, Step(first.delay_us + self.wait_us(600, 40_000), CAPTURED))

    def declined(self, *codes: str) -> tuple[Step, ...]:
        """Make the result of a payment that is declined with one of the codes."""
        return (Step(self.wait_us(0.4, 4), DECLINED, self.one_of(codes)),)

    def disputed(self, amount_minor: int, low_days: float, high_days: float) -> tuple[Step, ...]:
        """Make the results of a card payment that is charged back days later."""
        back = int(self.rng.uniform(low_days, high_days) * DAY_US) // 1000 * 1000
        return (*self.paid(captured=True), Step(back, CHARGED_BACK, "10.4", amount_minor))

    def sent_back(self, amount_minor: int, low_hours: float, high_hours: float) -> tuple[Step, ...]:
        """Make the results of a payment that is refunded hours later."""
        first = Step(self.wait_us(0.4, 3), AUTHORISED)
        capture = Step(first.delay_us + self.wait_us(20, 120), CAPTURED)
        back = capture.delay_us + int(self.rng.uniform(low_hours, high_hours) * HOUR_US) // 1000 * 1000
        return (first, capture, Step(back + SECOND_US, REFUNDED, None, amount_minor))
