"""Collect-request scam: a "refund" or "prize" that is in truth a request to pay, approved by many victims."""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage


def play(stage: Stage) -> Campaign:
    """Ask 5 to 14 people for money from one fresh UPI address within hours; about half approve."""
    campaign = Campaign()
    at_us = stage.at_us(9, 20)
    for_all = stage.payee(at_us)
    for victim in stage.victims(stage.number(5, 14)):
        amount = stage.rupees(4_999, 0.7, step=1)
        fields = {
            "amount_minor": min(amount, 1_00_000_00),
            "method": "upi",
            "channel": "app",
            "customer": stage.identities.customer(victim),
            "payer": stage.identities.payer(victim),
            "payee": for_all,
            "upi_flow": "collect",
            "device": stage.identities.device(victim * 2),
            "ip": stage.carrier_ip(),
            "ip_country": "IN",
        }
        steps = stage.declined("U69", "ZM") if stage.chance(0.45) else stage.paid()
        campaign.drafts.append(Draft(at_us, fields, steps, stage.reported(0.85, 10, 1.1, "1930")))
        at_us += stage.wait_us(60, 1_500)
    return campaign


SCENARIO = Scenario(
    "collect_scam", "collect_scam", "One new address sends collect requests to many", foreseen=True, play=play
)
