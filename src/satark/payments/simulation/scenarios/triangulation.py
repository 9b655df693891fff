"""Triangulation: a fake shop takes honest people's money and serves them with goods bought on stolen cards.

Each order has another stolen card, another honest receiver and another home; what ties them is the caller's
one home address on the net and the steady pace. No bundled rule names it.
"""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Order 7 to 14 times over three days, each on another stolen card to another honest home."""
    campaign = Campaign()
    at_us, ip = stage.at_us(10, 14), stage.carrier_ip()
    count = stage.number(7, 14)
    people = stage.victims(count * 2)
    for receiver, victim in zip(people[::2], people[1::2], strict=False):
        lines, amount = stage.goods(
            "home", "appliance", "audio", "fashion", "toys", "tv", most_minor=30_000_00
        )
        fields = {
            "amount_minor": amount,
            "method": "card",
            "channel": "web",
            "customer": stage.customer(at_us - stage.number(20, 90) * DAY_US),
            "card": stage.identities.card(victim * 2 + 1, "unavailable"),
            "payee": stage.identities.shop(stage.shop("marketplace", "electronics"), upi=False),
            "lines": lines,
            "shipping": stage.identities.home(receiver),
            "billing": stage.identities.home(victim),
            "device": stage.device(),
            "ip": ip,
            "ip_country": "IN",
        }
        campaign.drafts.append(
            Draft(at_us, fields, stage.disputed(amount, 12, 50), stage.reported(0.8, 24 * 9, 0.8, "issuer"))
        )
        at_us += stage.wait_us(7_000, 26_000)
    return campaign


SCENARIO = Scenario(
    "triangulation", "triangulation", "Stolen cards serve a fake shop's customers", foreseen=False, play=play
)
