"""Account takeover: a new device adds a payee and empties the account by UPI minutes later."""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Act, Campaign, Draft, Scenario, Stage


def play(stage: Stage) -> Campaign:
    """Add one payee from a stranger's device, then send 2 to 4 large amounts to it."""
    campaign = Campaign()
    at_us = stage.at_us(1, 23)
    victim, device, ip = stage.victim(), stage.device(), stage.carrier_ip()
    payee, customer = stage.payee(at_us), stage.identities.customer(victim)
    where = {"device": device, "ip": ip, "ip_country": "IN"}
    campaign.acts.append(
        Act(at_us, {"customer": customer, "change": "added", "payee": payee, "channel": "app", **where})
    )
    reports = stage.reported(0.95, 14, 1.0, "customer")
    at_us += stage.wait_us(60, 1_200)
    for _ in range(stage.number(2, 4)):
        fields = {
            "amount_minor": stage.number(240, 1_000) * 100_00,
            "method": "upi",
            "channel": "app",
            "customer": customer,
            "payer": stage.identities.payer(victim),
            "payee": payee,
            "upi_flow": "intent",
            **where,
        }
        steps = stage.declined("Z9") if stage.chance(0.2) else stage.paid()
        campaign.drafts.append(Draft(at_us, fields, steps, reports))
        at_us += stage.wait_us(30, 600)
    return campaign


SCENARIO = Scenario(
    "account_takeover",
    "account_takeover",
    "New device, new payee, large UPI transfers",
    foreseen=True,
    play=play,
)
