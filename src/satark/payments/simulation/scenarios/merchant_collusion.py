"""Merchant collusion: a new shop's terminal takes round, large sums at night from a few cards of its own."""

from __future__ import annotations

from satark.events import Payee
from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage


def play(stage: Stage) -> Campaign:
    """Charge round sums 8 to 16 times on 3 to 5 cards at one counter between 22 and 4 o'clock."""
    campaign = Campaign()
    at_us = stage.at_us(22, 23.5)
    bits = stage.fresh()
    payee = Payee(merchant=f"mer_n{bits % 1_000_000:06d}", mcc=stage.one_of(("5944", "5732", "5651")))
    spot = stage.spot(stage.number(0, 20))
    cards = [stage.card() for _ in range(stage.number(3, 5))]
    for _ in range(stage.number(8, 16)):
        amount = stage.number(4, 19) * 5_000_00
        fields = {
            "amount_minor": amount,
            "method": "card",
            "channel": "pos",
            "card": stage.one_of(cards),
            "payee": payee,
            "location": spot,
        }
        campaign.drafts.append(
            Draft(at_us, fields, stage.disputed(amount, 15, 50), stage.reported(0.75, 400, 0.7, "issuer"))
        )
        at_us += stage.wait_us(120, 1_500)
    return campaign


SCENARIO = Scenario(
    "merchant_collusion",
    "merchant_collusion",
    "A shop charges its own cards at night",
    foreseen=True,
    play=play,
)
