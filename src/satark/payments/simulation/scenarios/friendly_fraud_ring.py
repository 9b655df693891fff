"""Friendly-fraud ring: people in different cities buy ordinary goods and later dispute them as not come.

The phones have different device ids, but share one fingerprint, since one person's browser profile runs on
all of them. Amounts and goods are ordinary; the chargebacks come weeks later. No bundled rule names it.
"""

from __future__ import annotations

import msgspec

from satark.payments.simulation.scenarios.base import Campaign, Draft, Report, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Let 5 to 9 members buy once or twice within four days, on devices with one shared fingerprint."""
    campaign = Campaign()
    fingerprint = stage.device().fingerprint
    for member in stage.victims(stage.number(5, 9)):
        device = msgspec.structs.replace(stage.device(), fingerprint=fingerprint)
        for _ in range(stage.number(1, 2)):
            at_us = stage.at_us(9, 22) + stage.number(0, 3) * DAY_US
            lines, amount = stage.goods(
                "fashion", "footwear", "audio", "home", "beauty", count=2, most_minor=9_000_00
            )
            back = stage.disputed(amount, 18, 40)
            fields = {
                "amount_minor": amount,
                "method": "card",
                "channel": "app",
                "customer": stage.identities.customer(member),
                "card": stage.identities.card(member * 2, "authenticated"),
                "payee": stage.identities.shop(stage.shop("marketplace", "fashion_online"), upi=False),
                "lines": lines,
                "shipping": stage.identities.home(member),
                "billing": stage.identities.home(member),
                "device": device,
                "ip": stage.carrier_ip(),
                "ip_country": "IN",
            }
            report = Report(back[-1].delay_us + stage.wait_us(3_600, 200_000), "merchant")
            campaign.drafts.append(Draft(at_us, fields, back, (report,) if stage.chance(0.7) else ()))
    return campaign


SCENARIO = Scenario(
    "friendly_fraud_ring",
    "friendly_fraud",
    "Disputes by a ring with one fingerprint",
    foreseen=False,
    play=play,
)
