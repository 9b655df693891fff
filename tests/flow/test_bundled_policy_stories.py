"""The bundled policy on the real engine: each of its stories, and a simulated market's honest customers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from satark.decisions.decide import Decider
from satark.events import event_type, occurred_us
from satark.payments.simulation import Simulation, SimulationPlan
from satark.policies import bundled_path, load_bundled, load_policy
from satark.policies.cases import load_cases, run_cases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from satark.events import Event
    from satark.policies import Policy

MAX_HONEST_ACTED = 0.02
MIN_FORESEEN_CAUGHT = 0.6
EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = bundled_path().with_suffix(".cases.yaml")


@dataclass(frozen=True)
class Answer:
    action: str
    score: float
    codes: tuple[str, ...]
    degraded: list[str]


def answers(policy: Policy, events: Iterable[Event]) -> Iterator[tuple[Event, Answer | None]]:
    """Run events through a fresh engine."""
    decider = Decider(policy)
    payments = {}
    for seq, event in enumerate(events, 1):
        kind, at_us = event_type(event), occurred_us(event)
        if kind != "payment":
            about = payments.get(getattr(event, "payment", None) or getattr(event, "event", None))
            decider.remember(event, about, kind, seq=seq, occurred_us=at_us, late=False)
            yield event, None
            continue
        payments[event.id] = event
        decision, _, _ = decider.decide(
            event, seq=seq, occurred_us=at_us, arrived_us=at_us, late=False, started_ns=0, decoded_ns=0
        )
        codes = tuple(reason.code for reason in decision.reasons)
        yield event, Answer(decision.action, decision.score, codes, decision.degraded)


def decide(policy, events):
    return [answer for _, answer in answers(policy, events)]


@pytest.fixture(scope="module")
def report():
    return run_cases(load_bundled(), STORIES, decide=decide)


@pytest.mark.parametrize("name", [case.name for case in load_cases(STORIES, load_bundled())])
def test_story_ends_as_told_when_the_engine_decides_it(report, name):
    (result,) = [one for one in report.results if one.name == name]
    assert result.problems == ()


def test_every_rule_has_a_story_but_those_of_lists(report):
    lists = {rule.code for rule in load_bundled().rules if rule.when.lists}
    assert set(report.uncovered) <= lists


def test_example_policy_passes_its_cases():
    path = EXAMPLES / "first.policy.yaml"
    found = run_cases(load_policy(path), path.with_suffix(".cases.yaml"), decide=decide)
    assert [one.problems for one in found.results] == [()] * len(found.results)
    assert found.uncovered == ()


def test_honest_customers_are_hardly_stopped_and_foreseen_fraud_mostly_is():
    simulation = Simulation(
        SimulationPlan(
            seed=11, days=12, settle_days=0, customers=1_000, payments_per_day=1_200, fraud_share=0.02
        )
    )
    honest = acted = foreseen = caught = 0
    for event, answer in answers(load_bundled(), simulation.events()):
        if answer is None:
            continue
        assert answer.degraded == []
        truth = simulation.truth.get(event.id)
        if truth is None:
            honest += 1
            acted += answer.action != "allow"
        elif truth.foreseen:
            foreseen += 1
            caught += answer.action != "allow"
    assert honest > 10_000
    assert acted / honest < MAX_HONEST_ACTED
    assert foreseen > 50
    assert caught / foreseen > MIN_FORESEEN_CAUGHT
