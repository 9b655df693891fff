"""Bust-out: an account is nursed with small honest-looking purchases for days, then spends all at once.

By the time it turns, it is no longer new, its device and address are known and its history is clean. No
bundled rule names it.
"""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Pay for two or three small baskets a day, then never make good 3 to 5 dear ones."""
    campaign = Campaign()
    at_us = stage.at_us(7, 9)
    nursed_days = stage.number(0, 6)
    customer, device, ip = (
        stage.customer(at_us - stage.number(40, 70) * DAY_US),
        stage.device(),
        stage.carrier_ip(),
    )
    home, card = (
        stage.address("Pune" if stage.chance(0.5) else "Lucknow"),
        stage.card(three_ds="authenticated"),
    )
    fixed = {
        "method": "card",
        "channel": "app",
        "customer": customer,
        "card": card,
        "shipping": home,
        "billing": home,
        "device": device,
        "ip": ip,
        "ip_country": "IN",
    }
    for _ in range(3 + 2 * nursed_days):
        lines, amount = stage.goods("grocery", "home", "beauty", most_minor=1_000_00)
        shop = stage.identities.shop(stage.shop("marketplace", "grocery_online"), upi=False)
        fields = {**fixed, "amount_minor": amount, "payee": shop, "lines": lines}
        campaign.drafts.append(Draft(at_us, fields, stage.paid(captured=True), honest=True))
        at_us += stage.wait_us(9_000, 14_000) if nursed_days == 0 else stage.wait_us(30_000, 50_000)
    for _ in range(stage.number(3, 5)):
        lines, amount = stage.goods("tv", "laptop", "appliance", "audio", count=2)
        shop = stage.identities.shop(stage.shop("marketplace", "electronics"), upi=False)
        fields = {**fixed, "amount_minor": amount, "payee": shop, "lines": lines}
        campaign.drafts.append(
            Draft(at_us, fields, stage.disputed(amount, 20, 50), stage.reported(0.9, 24 * 20, 0.5, "issuer"))
        )
        at_us += stage.wait_us(900, 5_000)
    return campaign


SCENARIO = Scenario("bust_out", "bust_out", "A nursed account spends all at once", foreseen=False, play=play)
