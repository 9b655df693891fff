"""Drop address: many accounts and cards from everywhere send goods to one door far from all their homes."""

from __future__ import annotations

from satark.payments.simulation.places import HIDEOUTS
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Ship on 6 to 14 cards over two days, all to the very same address."""
    campaign = Campaign()
    at_us, drop = stage.at_us(8, 14), stage.address(stage.one_of(HIDEOUTS))
    device, other = stage.device(), stage.device()
    for victim in stage.victims(stage.number(6, 14)):
        lines, amount = stage.goods("phone", "laptop", "audio", "fashion", count=stage.number(1, 2))
        fields = {
            "amount_minor": amount,
            "method": "card",
            "channel": "app",
            "customer": stage.customer(at_us - stage.number(0, 6) * DAY_US - stage.wait_us(900, 9_000)),
            "card": stage.identities.card(victim * 2, "attempted"),
            "payee": stage.identities.shop(
                stage.shop("marketplace", "electronics", "fashion_online"), upi=False
            ),
            "lines": lines,
            "shipping": drop,
            "billing": stage.identities.home(victim),
            "device": device if stage.chance(0.6) else other,
            "ip": stage.carrier_ip(),
            "ip_country": "IN",
        }
        campaign.drafts.append(
            Draft(at_us, fields, stage.disputed(amount, 10, 45), stage.reported(0.9, 150, 0.8, "issuer"))
        )
        at_us += stage.wait_us(600, 14_000)
    return campaign


SCENARIO = Scenario(
    "drop_address", "drop_address", "Many cards ship to one far address", foreseen=True, play=play
)
