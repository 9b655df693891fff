"""A mule account: money of many victims fans in within hours and fans out again at once, nearly whole."""

from __future__ import annotations

from satark.events import Payer
from satark.payments.simulation.ordinary import MAX_UPI_MINOR
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import DAY_US


def play(stage: Stage) -> Campaign:
    """Send from 8 to 20 payers to one account, then 90 to 97 per cent of it to others within the hour."""
    campaign = Campaign()
    at_us = stage.at_us(8, 19)
    added_us = at_us - stage.number(1, 20) * DAY_US
    account = stage.payee(added_us)
    total = 0
    for victim in stage.victims(stage.number(8, 20)):
        amount = min(stage.rupees(18_000, 0.7, step=100), 1_00_000_00)
        fields = {
            "amount_minor": amount,
            "method": "upi",
            "channel": "app",
            "customer": stage.identities.customer(victim),
            "payer": stage.identities.payer(victim),
            "payee": account,
            "upi_flow": "intent",
            "device": stage.identities.device(victim * 2),
            "ip": stage.carrier_ip(),
            "ip_country": "IN",
        }
        campaign.drafts.append(Draft(at_us, fields, stage.paid(), stage.reported(0.8, 40, 1.0, "1930")))
        total += amount
        at_us += stage.wait_us(60, 900)
    left, device, ip = int(total * stage.rng.uniform(0.9, 0.97)), stage.device(), stage.carrier_ip()
    layers = max(stage.number(4, 7), -(-left // 2_00_000_00))
    customer = stage.customer(added_us)
    for layer in range(layers):
        amount = left // layers if layer < layers - 1 else left - left // layers * (layers - 1)
        fields = {
            "amount_minor": amount,
            "method": "netbanking" if amount > MAX_UPI_MINOR else "upi",
            "channel": "app",
            "customer": customer,
            "payer": Payer(account=account.account, vpa=account.vpa),
            "payee": stage.payee(at_us),
            "device": device,
            "ip": ip,
            "ip_country": "IN",
        }
        campaign.drafts.append(Draft(at_us, fields, stage.paid(), stage.reported(0.5, 90, 0.8, "1930")))
        at_us += stage.wait_us(20, 240)
    return campaign


SCENARIO = Scenario("mule_account", "mule", "Money fans in and out of one account", foreseen=True, play=play)
