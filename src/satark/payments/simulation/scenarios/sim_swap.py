"""SIM swap: at night the number is moved to a new phone, limits are raised and the account is drained."""

from __future__ import annotations

from satark.payments.simulation.scenarios.base import Act, Campaign, Draft, Scenario, Stage


def play(stage: Stage) -> Campaign:
    """Add a payee, raise its limit, then send 3 to 5 times from a device never seen, at night."""
    campaign = Campaign()
    at_us, victim = stage.at_us(0, 3.5), stage.victim()
    customer, payee = stage.identities.customer(victim), stage.payee(at_us)
    where = {"device": stage.device(), "ip": stage.carrier_ip(), "ip_country": "IN"}
    for change in ("added", "limit_raised"):
        campaign.acts.append(
            Act(at_us, {"customer": customer, "change": change, "payee": payee, "channel": "app", **where})
        )
        at_us += stage.wait_us(30, 240)
    reports = stage.reported(0.97, 9, 0.6, "customer")
    for _ in range(stage.number(3, 5)):
        by_upi = stage.chance(0.5)
        fields = {
            "amount_minor": stage.number(400, 1_000) * 100_00
            if by_upi
            else stage.number(1_000, 4_500) * 100_00,
            "method": "upi" if by_upi else "netbanking",
            "channel": "app",
            "customer": customer,
            "payer": stage.identities.payer(victim),
            "payee": payee,
            "upi_flow": "intent" if by_upi else None,
            **where,
        }
        campaign.drafts.append(Draft(at_us, fields, stage.paid(), reports))
        at_us += stage.wait_us(40, 500)
    return campaign


SCENARIO = Scenario(
    "sim_swap", "sim_swap", "Number moved, limits raised, account drained", foreseen=True, play=play
)
