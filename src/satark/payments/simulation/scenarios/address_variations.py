"""One door, many spellings: a reseller takes first-order offers again and again under varied addresses.

Gift-wrap notes, abbreviations, Hindi spelling and moved commas make each address look new. Payment is by
cash on delivery or wallet, in small baskets from accounts a few hours old. No bundled rule names it.
"""

from __future__ import annotations

import msgspec

from satark.payments.simulation.scenarios.base import Campaign, Draft, Scenario, Stage
from satark.payments.simulation.seasons import HOUR_US

_SPELLINGS = (
    "{flat}, {building}, {street}",
    "Flat no {flat} {building} , {street}",
    "{building} - {flat}, near {street}",
    "GIFT WRAP pls, {flat} {building}, {street}",
    "#{flat} {building} Apptt, {street}, opp. mandir",
    "मकान {flat}, {building}, {street}",
    "{street}, {building} ({flat}) 2nd gate",
    "Gift for didi - {building} {flat}; {street}",
    "C/O Sharma ji {flat}/{building}, {street}",
)


def play(stage: Stage) -> Campaign:
    """Send 10 to 18 small baskets within two days to one flat, each account and each spelling new."""
    campaign = Campaign()
    at_us, door = stage.at_us(8, 13), stage.address("Indore" if stage.chance(0.3) else "New Delhi")
    flat, building, street = (door.line or "").split(", ", 2)
    payee_shop = stage.shop("marketplace", "grocery_online", "beauty_online")
    devices = [stage.device() for _ in range(4)]
    for _ in range(stage.number(10, 18)):
        lines, amount = stage.goods("grocery", "beauty", "home", "sweets", count=2, most_minor=1_500_00)
        by_cash = stage.chance(0.6)
        spelling = stage.one_of(_SPELLINGS).format(
            flat=flat, building=building.upper() if stage.chance(0.3) else building, street=street
        )
        fields = {
            "amount_minor": amount * 6 // 10,
            "method": "cash_on_delivery" if by_cash else "wallet",
            "channel": "app",
            "customer": stage.customer(at_us - stage.number(1, 9) * HOUR_US),
            "payee": stage.identities.shop(payee_shop, upi=False),
            "lines": lines,
            "shipping": msgspec.structs.replace(door, line=spelling),
            "device": stage.one_of(devices),
            "ip": stage.carrier_ip(),
            "ip_country": "IN",
        }
        reports = stage.reported(0.5, 24 * 6, 0.6, "merchant")
        campaign.drafts.append(Draft(at_us, fields, stage.paid(captured=True), reports))
        at_us += stage.wait_us(900, 9_000)
    return campaign


SCENARIO = Scenario(
    "address_variations", "promotion_abuse", "One address in many spellings", foreseen=False, play=play
)
