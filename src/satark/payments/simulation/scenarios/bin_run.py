"""BIN run: card numbers of one issuer range are guessed in sequence, from changing devices and addresses."""

from __future__ import annotations

from satark.payments.simulation.instruments import ISSUERS
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage


def play(stage: Stage) -> Campaign:
    """15 to 40 cards of one BIN with rising last fours at one shop, mostly declined as no such card."""
    campaign = Campaign()
    at_us, issuer = stage.at_us(0, 24), stage.one_of(ISSUERS)
    payee = stage.identities.shop(stage.shop("streaming", "gaming", "recharge"), upi=False)
    first, device, (ip, country) = stage.number(0, 9_000), stage.device(emulator=True), stage.foreign_ip()
    for guess in range(stage.number(15, 40)):
        if guess % 5 == 4:
            device, (ip, country) = stage.device(emulator=True), stage.foreign_ip()
        fields = {
            "amount_minor": stage.one_of((99, 149, 199, 299)) * 100,
            "method": "card",
            "channel": "web",
            "card": stage.card(issuer.bin, f"{first + guess * 7:04d}"),
            "payee": payee,
            "device": device,
            "ip": ip,
            "ip_country": country,
        }
        steps = stage.declined("14", "54", "82") if stage.chance(0.88) else stage.paid()
        campaign.drafts.append(Draft(at_us, fields, steps, stage.reported(0.6, 30, 0.8, "issuer")))
        at_us += stage.wait_us(3, 40)
    return campaign


SCENARIO = Scenario("bin_run", "bin_attack", "Guessed cards of one issuer range", foreseen=True, play=play)
