"""One simulated week, shared by the tests that only look at it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from satark.events import Event, Label, PayeeChange, Payment, PaymentResult
from satark.payments.simulation import Simulation, SimulationPlan, Truth


@dataclass(frozen=True)
class Week:
    plan: SimulationPlan
    events: list[Event]
    truth: dict[str, Truth]
    payments: dict[str, Payment]
    results: list[PaymentResult]
    labels: list[Label]
    changes: list[PayeeChange]

    def campaigns(self, scenario: str) -> list[list[Payment]]:
        """The payments of each campaign of a scenario, in order of time."""
        found: dict[str, list[Payment]] = {}
        for truth in self.truth.values():
            if truth.scenario == scenario:
                found.setdefault(truth.campaign, []).append(self.payments[truth.payment])
        return list(found.values())

    def results_of(self, payment: Payment) -> list[PaymentResult]:
        return [result for result in self.results if result.payment == payment.id]


@pytest.fixture(scope="session")
def week() -> Week:
    plan = SimulationPlan(
        seed=7,
        days=8,
        settle_days=80,
        customers=6_000,
        merchants=400,
        payments_per_day=2_500,
        fraud_share=0.08,
    )
    simulation = Simulation(plan)
    events = list(simulation.events())
    return Week(
        plan=plan,
        events=events,
        truth=dict(simulation.truth),
        payments={event.id: event for event in events if isinstance(event, Payment)},
        results=[event for event in events if isinstance(event, PaymentResult)],
        labels=[event for event in events if isinstance(event, Label)],
        changes=[event for event in events if isinstance(event, PayeeChange)],
    )
