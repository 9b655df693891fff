"""A stolen card buys what can be turned into cash within the hour: gold coins, gift cards, premium phones."""

from __future__ import annotations

from satark.payments.simulation.places import HIDEOUTS
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Buy 3 to 5 baskets on each of one or two cards from one fresh account, sent far away."""
    campaign = Campaign()
    at_us = stage.at_us(10, 23)
    customer = stage.customer(at_us - stage.number(0, 3) * DAY_US - stage.wait_us(600, 7_200))
    device, drop = stage.device(), stage.address(stage.one_of(HIDEOUTS))
    ip, country = stage.foreign_ip() if stage.chance(0.3) else (stage.carrier_ip(), "IN")
    for victim in stage.victims(stage.number(1, 2)):
        for _ in range(stage.number(3, 5)):
            lines, amount = stage.goods("gold", "gift_card", "phone", count=stage.number(1, 2))
            failed = stage.chance(0.3)
            fields = {
                "amount_minor": amount,
                "method": "card",
                "channel": "web" if stage.chance(0.5) else "app",
                "customer": customer,
                "card": stage.identities.card(victim * 2, "failed" if failed else "attempted"),
                "payee": stage.identities.shop(
                    stage.shop("marketplace", "electronics", "gift_cards"), upi=False
                ),
                "lines": lines,
                "shipping": drop,
                "billing": stage.identities.home(victim),
                "device": device,
                "ip": ip,
                "ip_country": country,
            }
            steps = stage.declined("59", "05") if failed else stage.disputed(amount, 8, 40)
            campaign.drafts.append(Draft(at_us, fields, steps, stage.reported(0.9, 70, 1.0, "issuer")))
            at_us += stage.wait_us(40, 420)
    return campaign


SCENARIO = Scenario(
    "stolen_card", "stolen_card", "Stolen cards buy cash-like goods", foreseen=True, play=play
)
