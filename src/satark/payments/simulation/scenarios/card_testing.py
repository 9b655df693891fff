"""Card testing: one emulator tries many stolen cards for a few rupees each to see which still live."""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import HOUR_US


def play(stage: Stage) -> Campaign:
    """Try 12 to 30 cards from one device at one shop within minutes; most are declined."""
    campaign = Campaign()
    at_us = stage.at_us(0, 24)
    device, (ip, country) = stage.device(emulator=True), stage.foreign_ip()
    customer = stage.customer(at_us - HOUR_US)
    payee = stage.identities.shop(stage.shop("charity", "recharge", "gaming", "streaming"), upi=False)
    for _ in range(stage.number(12, 30)):
        declined = stage.chance(0.75)
        fields = {
            "amount_minor": stage.number(1, 20) * 100,
            "method": "card",
            "channel": "web",
            "customer": customer,
            "card": stage.card() if stage.chance(0.6) else stage.identities.card(stage.victim() * 2),
            "payee": payee,
            "device": device,
            "ip": ip,
            "ip_country": country,
        }
        steps = stage.declined("05", "14", "54", "82") if declined else stage.paid()
        campaign.drafts.append(Draft(at_us, fields, steps, stage.reported(0.7, 20, 1.0, "issuer")))
        at_us += stage.wait_us(2, 35)
    return campaign


SCENARIO = Scenario("card_testing", "card_testing", "One device tries many cards", foreseen=True, play=play)
