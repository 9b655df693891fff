"""Refund loop: one customer buys and sends back again and again, to turn credit or points into cash."""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage


def play(stage: Stage) -> Campaign:
    """Buy 6 to 11 times at one shop within three days; each is refunded within hours."""
    campaign = Campaign()
    at_us, person = stage.at_us(7, 12), stage.victim()
    payee = stage.identities.shop(stage.shop("marketplace", "electronics", "fashion_online"), upi=False)
    for _ in range(stage.number(6, 11)):
        lines, amount = stage.goods("phone", "fashion", "audio", "footwear", count=stage.number(1, 2))
        fields = {
            "amount_minor": amount,
            "method": "card",
            "channel": "app",
            "customer": stage.identities.customer(person),
            "card": stage.identities.card(person * 2, "authenticated"),
            "payee": payee,
            "lines": lines,
            "shipping": stage.identities.home(person),
            "billing": stage.identities.home(person),
            "device": stage.identities.device(person * 2),
            "ip": stage.carrier_ip(),
            "ip_country": "IN",
        }
        steps = stage.sent_back(amount, 0.3, 4)
        campaign.drafts.append(Draft(at_us, fields, steps, stage.reported(0.7, 200, 0.6, "merchant")))
        at_us += stage.wait_us(9_000, 30_000)
    return campaign


SCENARIO = Scenario("refund_loop", "refund_abuse", "Buys and sends back in a loop", foreseen=True, play=play)
