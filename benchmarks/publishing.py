"""What publishing costs: answers while other windows are filled, and a decision with several views.

============================= ===========================================================================
publish_fill_seconds          an order that needs other windows, over a log of this many events, under load
publish_swap_ms               an order over the windows that are there (a rule switched off)
answer_p50_us, _p99_us        from submit to the durable answer, at a steady rate, before the order
answer_filling_p50_us, _p99   the same while other windows are filled
decide_alone_us               `Decider.decide` of one policy without a model
decide_shadow_us              with a second policy in shadow over the same windows
decide_canary_us              with a canary of 10 percent
============================= ===========================================================================

    python -m benchmarks.publishing
"""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from satark.core.clock import FixedClock, Micros
from satark.decisions.again import policy_input, policy_ref
from satark.decisions.casting import Casting
from satark.decisions.decide import Decider
from satark.decisions.roster import PublishOrder
from satark.decisions.service import DecisionService
from satark.decisions.views import Lineup, View
from satark.events import CardKey, CardTokens, decode_event, occurred_us, seal_card
from satark.features.signals import warm_up
from satark.payments.simulation.bulk import bulk_payload_bodies
from satark.policies import bundled_path, load_policy
from satark.storage import open_storage
from satark.storage.window_folders import WindowFolders

CARDS = 20_000
STEP_US = 500_000
RATE = 300
WINDOWS = {"memory_bytes": 1 << 30, "max_keys": 1 << 21, "max_entries": 1 << 20}
TOKENS = CardTokens((CardKey("k1", b"0" * 32),))


def policies() -> tuple[str, str]:
    """Return the bundled policy, and another one with windows of its own."""
    text = bundled_path().read_text("utf-8")
    other = text.replace("policy: payments", "policy: other").replace("over 10m", "over 11m")
    return text, other


def filling(bodies: list[bytes], folder: Path) -> dict[str, float]:
    """Publish a policy with other windows while payments come at a steady rate."""
    text, other = policies()
    base = load_policy(text)
    clock = FixedClock(Micros(occurred_us(decode_event(bodies[-1], "payment"))))
    with open_storage(folder) as storage:
        casting = Casting(storage.events, base)
        folders = WindowFolders(folder / "windows")

        def make(lineup: Lineup | None = None) -> Decider:
            lineup = casting.in_force() if lineup is None else lineup
            return Decider(lineup, windows_options=WINDOWS, rows=folders.of, seed=7)

        inputs = [("policy", policy_ref(base.content_hash), policy_input(base, text))]
        service = DecisionService(
            make, storage.events, tokens=TOKENS, clock=clock, inputs=inputs, casting=casting
        )
        service.start()
        stock = len(bodies) - 20_000
        _send(service, bodies[:stock])
        rest = iter(bodies[stock:])
        before = _steadily(service, rest, threading.Event(), 3.0)
        found: dict[str, float] = {}
        done = threading.Event()

        def publish() -> None:
            started = time.perf_counter()
            service.publish(
                PublishOrder(
                    live=load_policy(other).content_hash, texts={load_policy(other).content_hash: other}
                ),
                "command:1",
                _must,
            )
            found["publish_fill_seconds"] = time.perf_counter() - started
            done.set()

        threading.Thread(target=publish).start()
        during = _steadily(service, rest, done, 600.0)
        started = time.perf_counter()
        killed = {load_policy(other).content_hash: (load_policy(other).rules[0].code,)}
        service.publish(PublishOrder(killed=killed), "command:2", _must)
        found["publish_swap_ms"] = (time.perf_counter() - started) * 1e3
        service.stop()
    for name, values in (("answer", before), ("answer_filling", during)):
        found[f"{name}_p50_us"], found[f"{name}_p99_us"] = np.percentile(values, [50, 99])
        found[f"{name}_max_us"] = float(np.max(values))
    return found


def _must(outcome: object) -> None:
    error = getattr(outcome, "error", None)
    if error is not None:
        raise error


def _send(service: DecisionService, bodies: list[bytes]) -> None:
    flying = threading.Semaphore(64)

    def landed(outcome: object) -> None:
        _must(outcome)
        flying.release()

    for body in bodies:
        flying.acquire()
        service.submit(body, 1, landed)
    for _ in range(64):
        flying.acquire()


def _steadily(
    service: DecisionService, bodies: object, until: threading.Event, seconds: float
) -> list[float]:
    """Send at a steady rate until told to stop; return the microseconds of each answer from when it was due."""
    took: list[float] = []
    begin = time.perf_counter()
    number = 0
    while time.perf_counter() - begin < seconds and not until.is_set():
        due = begin + number / RATE
        number += 1
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        body = next(bodies, None)  # type: ignore[call-overload]
        if body is None:
            break
        service.submit(body, 1, lambda _, due=due: took.append((time.perf_counter() - due) * 1e6))
    time.sleep(0.2)
    return took


def deciding(bodies: list[bytes]) -> dict[str, float]:
    """Time `Decider.decide` with views beside the live one."""
    text, _ = policies()
    base = load_policy(text)
    stricter = load_policy(text.replace("policy: payments", "policy: stricter"))
    lineups = {
        "alone": Lineup(View(base)),
        "shadow": Lineup(View(base), shadows=(View(stricter),)),
        "canary": Lineup(View(base), View(stricter), 10.0),
    }
    events = [seal_card(decode_event(body, "payment"), TOKENS) for body in bodies]
    found = {}
    for name, lineup in lineups.items():
        decider = Decider(lineup, windows_options=WINDOWS, seed=7)
        decider.compile()
        gc.collect()
        took = np.zeros(len(events))
        for place, event in enumerate(events):
            at, started = occurred_us(event), time.perf_counter_ns()
            decider.decide(
                event, seq=place + 1, occurred_us=at, arrived_us=at, late=False, started_ns=started,
                decoded_ns=started,
            )  # fmt: skip
            took[place] = time.perf_counter_ns() - started
        found[f"decide_{name}_us"] = float(np.median(took[len(took) // 5 :])) / 1e3
    return found


def measure(*, quick: bool = False) -> dict[str, float]:
    """Return the values by name."""
    warm_up()
    bodies = list(
        bulk_payload_bodies(50_000 if quick else 220_000, cards=CARDS, min_bytes=1_024, step_us=STEP_US)
    )
    with tempfile.TemporaryDirectory(prefix="satark-bench-") as folder:
        found = filling(bodies, Path(folder))
    return found | deciding(bodies[:10_000])


if __name__ == "__main__":
    import sys

    for name, value in measure(quick="--quick" in sys.argv).items():
        print(f"{name:32} {value:14,.2f}")
