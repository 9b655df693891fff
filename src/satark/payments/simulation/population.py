"""Who lives in the simulated market: people and shops as flat arrays, drawn once per plan.

Everything that a day's draws need is here as numpy arrays; the event structs made of them are in
`identities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from satark.payments.simulation.instruments import carrier_addresses
from satark.payments.simulation.places import CITIES
from satark.payments.simulation.seasons import DAY_US, day_start_us
from satark.payments.simulation.trades import TRADE_NAMES, TRADES

if TYPE_CHECKING:
    from satark.payments.simulation.plan import SimulationPlan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ZIPF_EXPONENT = 1.05
DEVICES_PER_PERSON = 2
CARDS_PER_PERSON = 2
CONTACTS_PER_PERSON = 6
MAX_HOME_ADDRESSES = 200_000
MOBILE_ADDRESSES = 6_000
FOUNDERS = 20
"""The first so many people joined long before every start."""

PAYDAY_SHARES = (0.5, 0.2, 0.3)

_POPULAR = {
    "marketplace": 12.0,
    "recharge": 6.0,
    "grocery_online": 5.0,
    "fashion_online": 3.0,
    "electronics": 2.0,
}
"""Trades whose shops tend to the head of the Zipf curve."""


@dataclass(frozen=True, slots=True)
class Population:
    """Arrays over people (n), shops (m) and IP addresses.

    Attributes
    ----------
    city, pin, home_lat, home_lon
        Shape (n,): place in `CITIES`, place in its PINs, degrees.
    joined_us
        Shape (n,): when each became a customer; some join during the simulation.
    activity
        Shape (n,): relative number of payments.
    payday
        Shape (n,): 0 paid on the 1st, 1 on the 7th, 2 on the last working day.
    trade, shop_city, shop_lat, shop_lon, online, price_level
        Shape (m,): place in `TRADES`, place in `CITIES`, degrees, sells over the net, factor on prices.
    online_shops, online_cumulative
        The shops of the net and the running sum of their Zipf weights, ending at 1.
    local_shops, local_cumulative
        The same per city for shops with a counter.
    cash_machines, subscriptions
        Shops for withdrawals, and those that debit by mandate.
    addresses
        IP addresses as text: first one per home, then `MOBILE_ADDRESSES` that many people share.
    homes
        How many of them are homes.
    """

    city: Ints
    pin: Ints
    home_lat: Floats
    home_lon: Floats
    joined_us: Ints
    activity: Floats
    payday: Ints
    trade: Ints
    shop_city: Ints
    shop_lat: Floats
    shop_lon: Floats
    online: Bools
    price_level: Floats
    online_shops: Ints
    online_cumulative: Floats
    local_shops: tuple[Ints, ...]
    local_cumulative: tuple[Floats, ...]
    cash_machines: Ints
    subscriptions: Ints
    addresses: list[str]
    homes: int

    @property
    def people(self) -> int:
        """How many customers there are."""
        return len(self.city)

    @property
    def shops(self) -> int:
        """How many merchants there are."""
        return len(self.trade)

    def shops_of(self, *names: str) -> Ints:
        """Return the shops that belong to one of the named trades."""
        return np.flatnonzero(np.isin(self.trade, [TRADE_NAMES[name] for name in names])).astype(np.int64)


def populate(plan: SimulationPlan) -> Population:
    """Draw the market's people and shops from the plan's seed."""
    rng = np.random.Generator(np.random.PCG64([plan.seed, 1]))
    people, shops = plan.customers, plan.merchants
    weights = np.array([city.weight for city in CITIES])
    lats, lons = np.array([city.lat for city in CITIES]), np.array([city.lon for city in CITIES])
    pins = np.array([len(city.pins) for city in CITIES])

    city = _choose(rng, weights, people)
    start_us = day_start_us(plan.start)
    ages = np.minimum(rng.exponential(500, people), 3_650) * DAY_US
    joined = start_us - ages.astype(np.int64) // 1000 * 1000
    newcomers = rng.random(people) < min(0.3, 0.002 * plan.days)
    joined[newcomers] = start_us + (rng.random(int(newcomers.sum())) * plan.days * DAY_US).astype(np.int64)
    joined[:FOUNDERS] = start_us - 400 * DAY_US

    trade = _choose(rng, np.array([trade.weight for trade in TRADES]), shops)
    trade[: len(TRADES)] = np.arange(len(TRADES))
    shop_city = _choose(rng, weights, shops)
    online = rng.random(shops) < np.array([trade.online for trade in TRADES])[trade]
    first = np.array([trade.online > 0 for trade in TRADES])
    online[: len(TRADES)] = first
    popularity = _zipf(rng, trade)
    online_shops = np.flatnonzero(online).astype(np.int64)
    counters = ~online & (trade != TRADE_NAMES["cash_machine"])
    local_shops, local_cumulative = [], []
    for place in range(len(CITIES)):
        here = np.flatnonzero(counters & (shop_city == place)).astype(np.int64)
        if len(here) == 0:
            here = np.flatnonzero(counters).astype(np.int64)
        local_shops.append(here)
        local_cumulative.append(_cumulative(popularity[here]))
    homes = min(people, MAX_HOME_ADDRESSES)
    debit = np.isin(
        trade, [TRADE_NAMES[name] for name in ("streaming", "insurance", "funds", "utility", "recharge")]
    )
    return Population(
        city=city,
        pin=(rng.random(people) * pins[city]).astype(np.int64),
        home_lat=np.round(lats[city] + rng.normal(0, 0.04, people), 5),
        home_lon=np.round(lons[city] + rng.normal(0, 0.04, people), 5),
        joined_us=joined,
        activity=rng.lognormal(0, 0.9, people),
        payday=_choose(rng, np.array(PAYDAY_SHARES), people),
        trade=trade,
        shop_city=shop_city,
        shop_lat=np.round(lats[shop_city] + rng.normal(0, 0.03, shops), 5),
        shop_lon=np.round(lons[shop_city] + rng.normal(0, 0.03, shops), 5),
        online=online,
        price_level=np.exp(rng.normal(0, 0.25, shops)),
        online_shops=online_shops,
        online_cumulative=_cumulative(popularity[online_shops]),
        local_shops=tuple(local_shops),
        local_cumulative=tuple(local_cumulative),
        cash_machines=np.flatnonzero(trade == TRADE_NAMES["cash_machine"]).astype(np.int64),
        subscriptions=np.flatnonzero(online & debit).astype(np.int64),
        addresses=carrier_addresses(rng, homes + MOBILE_ADDRESSES),
        homes=homes,
    )


def pick(rng: np.random.Generator, cumulative: Floats, size: int) -> Ints:
    """Draw places of a running sum of weights that ends at 1; shape (size,)."""
    places = np.searchsorted(cumulative, rng.random(size), side="right")
    return np.minimum(places, len(cumulative) - 1).astype(np.int64)


def _choose(rng: np.random.Generator, weights: Floats, size: int) -> Ints:
    return pick(rng, _cumulative(weights), size)


def _cumulative(weights: Floats) -> Floats:
    return np.asarray(np.cumsum(weights / weights.sum()), dtype=np.float64)


def _zipf(rng: np.random.Generator, trade: Ints) -> Floats:
    boost = np.array([_POPULAR.get(trade.name, 1.0) for trade in TRADES])
    ranks = np.empty(len(trade), dtype=np.float64)
    ranks[np.argsort(rng.random(len(trade)) / boost[trade], kind="stable")] = np.arange(1, len(trade) + 1)
    return np.asarray(ranks**-ZIPF_EXPONENT, dtype=np.float64)
