"""Salami slicing: a fake subscription debits many people a little each, and comes back every few days.

No single payment is large, fast, new or odd; only the payee's spread over unrelated people and the missing
service behind it are. No bundled rule names it.
"""

from __future__ import annotations

from satark.events import Payee
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Debit 12 to 25 people ₹29 to ₹149, at least 20 minutes apart, four times with 5 days between."""
    campaign = Campaign()
    bits = stage.fresh()
    payee = Payee(merchant=f"mer_s{bits % 1_000_000:06d}", vpa=f"services{bits % 9_999}@ybl", mcc="5968")
    victims = stage.victims(stage.number(12, 25))
    price = stage.one_of((29, 49, 79, 99, 149)) * 100
    for round_ in range(4):
        at_us = stage.at_us(6, 10) + round_ * 5 * DAY_US
        for victim in victims:
            fields = {
                "amount_minor": price,
                "method": "upi",
                "channel": "recurring",
                "customer": stage.identities.customer(victim),
                "payer": stage.identities.payer(victim),
                "payee": payee,
                "upi_flow": "mandate",
            }
            # Most never look; those who do take weeks.
            reports = stage.reported(0.35, 24 * 12, 0.7, "customer")
            campaign.drafts.append(Draft(at_us, fields, stage.paid(), reports))
            at_us += stage.wait_us(1_200, 2_400)
    return campaign


SCENARIO = Scenario(
    "salami_mandates", "mandate_abuse", "Small debits from many, slowly", foreseen=False, play=play
)
