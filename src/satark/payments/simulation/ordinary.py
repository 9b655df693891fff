"""The honest payments of one day, drawn as columns.

This is the bulk of a simulation, so every draw is one numpy call for the whole day; `identities` turns the
columns into events, and `outcomes` and `reports` say what followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from satark.payments.simulation.places import CITIES
from satark.payments.simulation.population import (
    CARDS_PER_PERSON,
    CONTACTS_PER_PERSON,
    DEVICES_PER_PERSON,
    FOUNDERS,
    MOBILE_ADDRESSES,
    Bools,
    Floats,
    Ints,
    Population,
    pick,
)
from satark.payments.simulation.seasons import HOUR_US, DayMood, draw_times_us
from satark.payments.simulation.trades import TRADES
from satark.payments.simulation.wares import LEVELS, PRICES_MINOR, PRODUCTS_BY_TRADE, choose_products

if TYPE_CHECKING:
    from satark.payments.simulation.plan import SimulationPlan

COUNTER, ONLINE, FRIEND, MANDATE, CASH, SALARY = range(6)
"""Kinds of honest payment: at a counter, over the net, to a person, by mandate, cash machine, salary."""

KIND_SHARES = np.array([0.36, 0.34, 0.22, 0.05, 0.03])
CARD, UPI, NETBANKING, WALLET, COD = range(5)
METHOD_SHARES = np.array(
    [
        [0.20, 0.76, 0.00, 0.04, 0.00],
        [0.26, 0.49, 0.06, 0.06, 0.13],
        [0.00, 1.00, 0.00, 0.00, 0.00],
        [0.40, 0.60, 0.00, 0.00, 0.00],
        [1.00, 0.00, 0.00, 0.00, 0.00],
        [0.00, 0.00, 1.00, 0.00, 0.00],
    ]
)
"""Row: kind; column: method."""

APP, WEB, POS, ATM, RECURRING, IVR = range(6)
NO_FLOW, COLLECT, INTENT, QR, MANDATE_FLOW = range(5)
NO_3DS, AUTHENTICATED, ATTEMPTED, FAILED_3DS, NOT_ENROLLED, UNAVAILABLE = range(6)

METHOD_TICKET = np.array([1.9, 0.75, 2.6, 0.8, 1.0])
"""Factor on a trade's median ticket per method: small by UPI, large by netbanking."""

FRIEND_MEDIAN_RUPEES = 400.0
SALARY_MEDIAN_RUPEES = 34_000.0
SALARY_SHARE = 0.05
"""On a payday at most this share of a mean day's payments are salaries."""

NEW_PAYEE_SHARE = 0.04
PAYEE_LEAD_US = 240_000_000
"""An honest customer adds a payee this long before first paying it."""

TRAVEL_SHARE = 0.015
MAX_UPI_MINOR = 1_00_000_00
MAX_COD_MINOR = 50_000_00


@dataclass(frozen=True, slots=True)
class DayColumns:
    """The honest payments of a day; every array has shape (payments,) unless said otherwise.

    Attributes
    ----------
    at_us, kind, customer, method, flow, channel, amount_minor
        When, what, who (place in the population), how, how much.
    shop, contact
        The merchant, or which of the customer's contacts; -1 for none.
    device, card, address
        Places: customer × 2 + k, customer × 2 + k or -1, place in the population's addresses.
    lat, lon, accuracy_m
        Degrees and metres; accuracy -1 where no location was given.
    ship_to
        Whose home the goods go to; -1 when nothing is shipped.
    three_ds
        Place in the list of results.
    anonymous, new_payee
        A counter's terminal that knows only the card; a contact added just before.
    added_us
        When the contact was added, where `new_payee` is true.
    refund_share
        Probability that it is sent back.
    line_first, line_count
        Where its lines are in `line_key`.
    line_key
        Shape (lines,): (product × LEVELS + level) × 2 + quantity - 1.
    """

    at_us: Ints
    kind: Ints
    customer: Ints
    method: Ints
    flow: Ints
    channel: Ints
    amount_minor: Ints
    shop: Ints
    contact: Ints
    device: Ints
    card: Ints
    address: Ints
    lat: Floats
    lon: Floats
    accuracy_m: Ints
    ship_to: Ints
    three_ds: Ints
    anonymous: Bools
    new_payee: Bools
    added_us: Ints
    refund_share: Floats
    line_first: Ints
    line_count: Ints
    line_key: Ints


def draw_day(
    rng: np.random.Generator,
    plan: SimulationPlan,
    population: Population,
    mood: DayMood,
    start_us: int,
    *,
    trading: bool = True,
) -> DayColumns:
    """Draw the honest payments of the day that starts at `start_us`; none where the market does not trade."""
    ordinary = int(rng.poisson(plan.payments_per_day * mood.volume)) if trading else 0
    paid = np.flatnonzero(np.array(mood.paid)[population.payday] & (population.joined_us < start_us))
    salaries = rng.permutation(paid)[: int(plan.payments_per_day * SALARY_SHARE) if trading else 0]
    size = ordinary + len(salaries)

    kind = np.concatenate([pick(rng, np.cumsum(KIND_SHARES), ordinary), np.full(len(salaries), SALARY)])
    at_us = draw_times_us(rng, size, start_us)
    morning = (start_us + (2 + 8 * rng.random(len(salaries))) * HOUR_US).astype(np.int64)
    at_us[ordinary:] = morning // 1000 * 1000
    customer = _customers(rng, population, mood, at_us)
    customer[ordinary:] = salaries
    method = _by_row(rng, METHOD_SHARES, kind)
    city, lat, lon = _whereabouts(rng, population, customer, at_us - start_us)

    shop = _shops(rng, population, kind, city)
    line_first, line_count, line_key, basket = _baskets(rng, population, kind, shop, mood)
    amount = np.where(line_count > 0, basket, _tickets(rng, population, kind, method, shop))
    shipped = (line_count > 0) & np.isin(kind, [ONLINE])
    shipped &= np.array([trade.shipped for trade in TRADES])[population.trade[shop]]
    gift = shipped & (rng.random(size) < mood.gift_share)
    to = np.where(
        gift, _contact(customer, rng.integers(0, CONTACTS_PER_PERSON, size), population.people), customer
    )
    method = np.where((method == COD) & ~shipped, UPI, method)
    over = (method == UPI) & (amount > MAX_UPI_MINOR)
    amount = np.where(over & (line_count == 0), MAX_UPI_MINOR, amount)
    over |= (method == COD) & (amount > MAX_COD_MINOR)
    method = np.where(over & (line_count > 0), NETBANKING, method)

    friend = kind == FRIEND
    located = (
        (kind == COUNTER)
        | (kind == CASH)
        | ((kind != SALARY) & (kind != MANDATE) & (rng.random(size) < 0.55))
    )
    accuracy = np.where(kind == COUNTER, 30, (10 + rng.exponential(150, size)).astype(np.int64))
    counter = (kind == COUNTER)[:, None]
    spot = np.where(counter, np.stack([population.shop_lat[shop], population.shop_lon[shop]], 1), 0.0)
    person = np.stack([lat, lon], 1) + rng.normal(0, 0.01, (size, 2))
    same_city = (population.shop_city[shop] == city)[:, None]
    spot = np.round(np.where(counter & same_city, spot, person), 5)
    channel = _channels(rng, kind, method)
    at_home = rng.random(size) < 0.6
    mobile = population.homes + rng.integers(0, MOBILE_ADDRESSES, size)
    return DayColumns(
        at_us=at_us,
        kind=kind,
        customer=customer,
        method=method,
        flow=_flows(rng, kind, method),
        channel=channel,
        amount_minor=amount,
        shop=np.where(friend | (kind == SALARY), -1, shop),
        contact=np.where(friend, np.minimum(rng.geometric(0.35, size) - 1, CONTACTS_PER_PERSON - 1), -1),
        device=customer * DEVICES_PER_PERSON + ((channel == WEB) & (rng.random(size) < 0.6)),
        card=np.where(method == CARD, customer * CARDS_PER_PERSON + (rng.random(size) < 0.25), -1),
        address=np.where(at_home, customer % population.homes, mobile),
        lat=np.asarray(spot[:, 0], dtype=np.float64),
        lon=np.asarray(spot[:, 1], dtype=np.float64),
        accuracy_m=np.where(located, accuracy, -1),
        ship_to=np.where(shipped, to, -1),
        three_ds=_three_ds(rng, kind, method),
        anonymous=(kind == COUNTER) & (method == CARD) & (rng.random(size) < 0.4),
        new_payee=friend & (rng.random(size) < NEW_PAYEE_SHARE),
        added_us=np.maximum(at_us - PAYEE_LEAD_US, start_us),
        refund_share=np.array([trade.refund_share for trade in TRADES])[population.trade[shop]]
        * ((kind == ONLINE) | (kind == COUNTER)),
        line_first=line_first,
        line_count=line_count,
        line_key=line_key,
    )


def contact_of(customer: int, contact: int, people: int) -> int:
    """Return the person behind a customer's contact: always the same one, never the customer."""
    other = (customer * 7_919 + (contact + 1) * 104_729) % people
    return other if other != customer else (other + 1) % people


def _contact(customer: Ints, contact: Ints, people: int) -> Ints:
    other = (customer * 7_919 + (contact + 1) * 104_729) % people
    return np.asarray(np.where(other == customer, (other + 1) % people, other), dtype=np.int64)


def _customers(rng: np.random.Generator, population: Population, mood: DayMood, at_us: Ints) -> Ints:
    weights = population.activity * np.where(np.array(mood.flush)[population.payday], 1.6, 1.0)
    cumulative = np.cumsum(weights / weights.sum())
    customer = pick(rng, cumulative, len(at_us))
    early = population.joined_us[customer] >= at_us
    # Whoever has not joined yet gives the payment to a founder; those joined before every start.
    customer[early] = rng.integers(0, FOUNDERS, int(early.sum()))
    return customer


def _by_row(rng: np.random.Generator, shares: Floats, row: Ints) -> Ints:
    cumulative = np.cumsum(shares, axis=1)[row]
    return np.asarray((rng.random(len(row))[:, None] > cumulative[:, :-1]).sum(axis=1), dtype=np.int64)


def _whereabouts(
    rng: np.random.Generator, population: Population, customer: Ints, since_midnight_us: Ints
) -> tuple[Ints, Floats, Floats]:
    people = population.people
    away = rng.random(people) < TRAVEL_SHARE
    there = rng.integers(0, 25, people)
    # Travellers arrive at noon, so that nobody honest is in two cities within the hour.
    gone = (
        away[customer] & (since_midnight_us > 12 * HOUR_US) & (there[customer] != population.city[customer])
    )
    lats, lons = np.array([city.lat for city in CITIES]), np.array([city.lon for city in CITIES])
    city = np.where(gone, there[customer], population.city[customer])
    lat = np.where(gone, lats[city], population.home_lat[customer])
    lon = np.where(gone, lons[city], population.home_lon[customer])
    return city, lat, lon


def _shops(rng: np.random.Generator, population: Population, kind: Ints, city: Ints) -> Ints:
    size = len(kind)
    shop = population.online_shops[pick(rng, population.online_cumulative, size)]
    counter = kind == COUNTER
    draws = rng.random(size)
    for place in np.unique(city[counter]).tolist():
        rows = np.flatnonzero(counter & (city == place))
        cumulative = population.local_cumulative[place]
        found = np.minimum(np.searchsorted(cumulative, draws[rows], side="right"), len(cumulative) - 1)
        shop[rows] = population.local_shops[place][found]
    shop = np.where(
        kind == CASH, population.cash_machines[rng.integers(0, len(population.cash_machines), size)], shop
    )
    debit = population.subscriptions[rng.integers(0, len(population.subscriptions), size)]
    return np.asarray(np.where(kind == MANDATE, debit, shop), dtype=np.int64)


def _baskets(
    rng: np.random.Generator, population: Population, kind: Ints, shop: Ints, mood: DayMood
) -> tuple[Ints, Ints, Ints, Ints]:
    size = len(kind)
    trade = population.trade[shop]
    has_goods = np.isin(trade, list(PRODUCTS_BY_TRADE)) & (kind == ONLINE)
    count = np.where(has_goods, np.minimum(rng.geometric(0.68, size), 5), 0)
    first = np.cumsum(count) - count
    owner = np.repeat(np.arange(size), count)
    product = np.zeros(len(owner), dtype=np.int64)
    for place in PRODUCTS_BY_TRADE:
        rows = np.flatnonzero(trade[owner] == place)
        product[rows] = choose_products(rng, place, len(rows), mood.gold)
    level = np.clip((population.price_level[shop[owner]] - 0.6) * LEVELS, 0, LEVELS - 1).astype(np.int64)
    extra = ((rng.random(len(owner)) < 0.12) & (PRICES_MINOR[product, level] < 1_500_00)).astype(np.int64)
    price = PRICES_MINOR[product, level] * (1 + extra)
    basket = np.bincount(owner, weights=price, minlength=size).astype(np.int64)
    delivery = np.where((basket > 0) & (basket < 499_00), 40_00, 0)
    return first, count, (product * LEVELS + level) * 2 + extra, basket + delivery


def _tickets(rng: np.random.Generator, population: Population, kind: Ints, method: Ints, shop: Ints) -> Ints:
    size = len(kind)
    trade = population.trade[shop]
    median = np.array([trade.median_rupees for trade in TRADES])[trade] * METHOD_TICKET[method]
    median = median * population.price_level[shop]
    sigma = np.array([trade.sigma for trade in TRADES])[trade]
    median = np.where(
        kind == FRIEND, FRIEND_MEDIAN_RUPEES, np.where(kind == SALARY, SALARY_MEDIAN_RUPEES, median)
    )
    sigma = np.where(kind == FRIEND, 1.5, np.where(kind == SALARY, 0.5, sigma))
    rupees = median * np.exp(sigma * rng.normal(0, 1, size))
    step = np.where(kind == CASH, 100.0, np.where(rng.random(size) < 0.5, 10.0, 1.0))
    step = np.where((kind == FRIEND) & (rupees > 1000), 100.0, step)
    rounded = np.maximum(np.round(rupees / step) * step, step)
    paise = np.where((kind == ONLINE) & (rng.random(size) < 0.25), rng.integers(0, 100, size), 0)
    return np.minimum(rounded, 9_00_000).astype(np.int64) * 100 + paise


def _flows(rng: np.random.Generator, kind: Ints, method: Ints) -> Ints:
    draw = rng.random(len(kind))
    friend = np.where(draw < 0.35, QR, np.where(draw < 0.97, INTENT, COLLECT))
    online = np.where(draw < 0.85, INTENT, COLLECT)
    flow = np.where(kind == COUNTER, QR, np.where(kind == FRIEND, friend, online))
    flow = np.where(kind == MANDATE, MANDATE_FLOW, flow)
    return np.asarray(np.where(method == UPI, flow, NO_FLOW), dtype=np.int64)


def _channels(rng: np.random.Generator, kind: Ints, method: Ints) -> Ints:
    draw = rng.random(len(kind))
    remote = np.where(draw < 0.74, APP, np.where(draw < 0.995, WEB, IVR))
    channel = np.where((kind == COUNTER) & (method != UPI), POS, np.where(kind == ONLINE, remote, APP))
    channel = np.where(np.isin(kind, [MANDATE, SALARY]), RECURRING, channel)
    return np.asarray(np.where(kind == CASH, ATM, channel), dtype=np.int64)


def _three_ds(rng: np.random.Generator, kind: Ints, method: Ints) -> Ints:
    draw = rng.random(len(kind))
    result = np.where(
        draw < 0.93, AUTHENTICATED, np.where(draw < 0.96, ATTEMPTED, np.where(draw < 0.98, 3, 5))
    )
    return np.asarray(np.where((kind == ONLINE) & (method == CARD), result, NO_3DS), dtype=np.int64)
