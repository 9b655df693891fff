"""A seeded, realistic Indian marketplace and gateway, with frauds whose truth is known.

For trying Satark without anyone's data, for tests, benchmarks and drills. Nothing in it is about a real
person, card or company's customers.
"""

from satark.payments.simulation.market import Simulation, Truth
from satark.payments.simulation.plan import SimulationPlan
from satark.payments.simulation.scenarios import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario", "Simulation", "SimulationPlan", "Truth"]
