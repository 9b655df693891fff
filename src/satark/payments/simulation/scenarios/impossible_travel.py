"""Impossible travel: a card is used at a counter in one city and, within the hour, far away as a clone."""

from __future__ import annotations

from satark.events import Location
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage

FAR_DEGREES = 6.0
"""Two cities at least this far apart are some 400 km or more from each other: no journey of 40 minutes."""


def play(stage: Stage) -> Campaign:
    """Pay once as the owner at home, then 2 to 4 times as the clone far away; only those are fraud."""
    campaign = Campaign()
    at_us, owner = stage.at_us(9, 21), stage.victim()
    people = stage.population
    home = (float(people.home_lat[owner]), float(people.home_lon[owner]))
    counters = stage.population.shops_of("clothes_shop", "fuel", "restaurant", "pharmacy").tolist()
    far = [
        shop
        for shop in counters
        if abs(float(people.shop_lat[shop]) - home[0]) + abs(float(people.shop_lon[shop]) - home[1])
        > FAR_DEGREES
    ]
    card = stage.identities.card(owner * 2)
    own = {
        "amount_minor": stage.rupees(700, 0.7, step=10),
        "method": "card",
        "channel": "pos",
        "customer": stage.identities.customer(owner),
        "card": card,
        "payee": stage.identities.shop(stage.one_of(counters), upi=False),
        "location": Location(lat=home[0], lon=home[1], accuracy_m=30.0),
    }
    campaign.drafts.append(Draft(at_us, own, stage.paid(captured=True), honest=True))
    at_us += stage.wait_us(600, 2_400)
    for _ in range(stage.number(2, 4)):
        shop = stage.one_of(far or counters)
        lat, lon = float(people.shop_lat[shop]), float(people.shop_lon[shop])
        amount = stage.rupees(9_000, 0.6, step=10)
        fields = {
            **own,
            "amount_minor": amount,
            "customer": None,
            "payee": stage.identities.shop(shop, upi=False),
            "location": Location(lat=lat, lon=lon, accuracy_m=30.0),
        }
        campaign.drafts.append(
            Draft(at_us, fields, stage.disputed(amount, 6, 30), stage.reported(0.9, 48, 1.0, "issuer"))
        )
        at_us += stage.wait_us(240, 1_500)
    return campaign


SCENARIO = Scenario(
    "impossible_travel", "cloned_card", "One card in two far cities within the hour", foreseen=True, play=play
)
