"""Fraud scenarios, one per file; `SCENARIOS` is the registry by name.

To add one: write a module with a `play(stage)` and a `SCENARIO`, and name it here; the tests walk the
registry.
"""

from satark.payments.simulation.scenarios import (
    account_takeover,
    address_variations,
    bin_run,
    bust_out,
    card_testing,
    collect_scam,
    drop_address,
    friendly_fraud_ring,
    impossible_travel,
    merchant_collusion,
    mule_account,
    refund_loop,
    salami_mandates,
    sim_swap,
    stolen_card,
    triangulation,
)
from satark.payments.simulation.scenarios.base import Act, Campaign, Draft, Report, Scenario, Stage, Step

SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        stolen_card,
        card_testing,
        account_takeover,
        collect_scam,
        mule_account,
        drop_address,
        refund_loop,
        impossible_travel,
        bin_run,
        merchant_collusion,
        sim_swap,
        salami_mandates,
        friendly_fraud_ring,
        address_variations,
        triangulation,
        bust_out,
    )
}

__all__ = ["SCENARIOS", "Act", "Campaign", "Draft", "Report", "Scenario", "Stage", "Step"]
