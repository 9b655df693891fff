"""How long one decision takes in process: the bundled policy, realistic payments, no HTTP and no commit.

========================== ==============================================================================
rules_us                   the compiled rules alone on a payment on which nothing fires
decision_p50_us, _p99_us   from the bytes of a request to the encoded decision: door, facts, windows, rules
decision_<step>_p50_us     the same by step
========================== ==============================================================================

    python -m benchmarks.decision
"""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path

import numpy as np

from satark.app.large_pages import gather
from satark.decisions.decide import Decider
from satark.events import (
    CardKey,
    CardTokens,
    admit,
    body_digest,
    decode_event,
    occurred_us,
)
from satark.events.kinds import Payment
from satark.features.signals import warm_up
from satark.payments.simulation.bulk import bulk_payload_bodies
from satark.policies import load_bundled
from satark.storage.window_rows import WindowRows

CARDS = 100_000
GATHER_EVERY = 10_000
"""The engine moves its memory to large pages every five seconds; here that is done between payments, uncounted."""
STEPS = ("decode", "facts", "windows", "rules")


def run_once(bodies: list[bytes], folder: Path) -> dict[str, float]:
    """Decide all bodies; the first fifth warms up and is not counted."""
    policy = load_bundled()
    options = {"memory_bytes": 4 << 30, "max_keys": 1 << 23, "max_entries": 1 << 22}
    decider = Decider(policy, rows=WindowRows(folder), windows_options=options)
    decider.rows.restart(decider.plan.version, decider.plan.layout.n_inputs)
    decider.compile()
    tokens = CardTokens((CardKey("k1", b"0" * 32),))
    now = time.perf_counter_ns
    totals = np.zeros(len(bodies))
    steps: dict[str, list[int]] = {step: [] for step in STEPS}
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for place, raw in enumerate(bodies):
            if place % GATHER_EVERY == 0:
                gather()
            started = now()
            event, body = admit(raw, tokens, "payment")
            if not isinstance(event, Payment):
                raise TypeError
            body_digest(body)
            at = occurred_us(event)
            decision, _, _ = decider.decide(
                event,
                seq=place + 1,
                occurred_us=at,
                arrived_us=at,
                late=decider.is_late(at),
                started_ns=started,
                decoded_ns=now(),
            )
            totals[place] = now() - started
            for step in STEPS:
                steps[step].append(decision.latency_us[step])
    finally:
        gc.enable()
        gc.unfreeze()
    skip = len(bodies) // 5
    p50, p99 = np.percentile(totals[skip:] / 1_000, [50, 99])
    found = {"decision_p50_us": float(p50), "decision_p99_us": float(p99)}
    for step in STEPS:
        found[f"decision_{step}_p50_us"] = float(np.median(steps[step][skip:]))
    found["rules_us"] = _rules_alone(decider, bodies)
    return found


def _rules_alone(decider: Decider, bodies: list[bytes]) -> float:
    """Time the rules on a payment on which nothing fires: the median of samples of many calls."""
    samples, calls = 40, 200
    for raw in reversed(bodies):
        event = decode_event(raw, "payment")
        values, bound = decider.rule_inputs(event, occurred_us(event))
        if not decider.rules.evaluate(values, bound).fired:
            times = []
            for _ in range(samples):
                started = time.perf_counter()
                for _ in range(calls):
                    decider.rules.evaluate(values, bound)
                times.append((time.perf_counter() - started) / calls * 1e6)
            return float(np.median(times))
    message = "every payment fires a rule"
    raise RuntimeError(message)


def measure(*, quick: bool = False, runs: int = 5) -> dict[str, list[float]]:
    """Return the values of each run by name."""
    warm_up()
    bodies = list(
        bulk_payload_bodies(20_000 if quick else 150_000, cards=CARDS, min_bytes=1_024, step_us=500_000)
    )
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="satark-bench-") as folder:
            for name, value in run_once(bodies, Path(folder)).items():
                found.setdefault(name, []).append(value)
    return found


if __name__ == "__main__":
    for name, values in measure().items():
        print(f"{name:32} median {np.median(values):14,.2f}   all {[round(value, 2) for value in values]}")
