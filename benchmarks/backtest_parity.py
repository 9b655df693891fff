"""Decide 200,000 events of a simulated market with the engine, backtest its log in bulk, and compare every answer.

The engine is the service that runs online, with the bundled policy, a model, edits of lists on the way, and a part of
the events coming late, some too late. The backtest reads the log that it wrote. Actions, scores (also of the model),
rules and lateness must be equal for every payment; one difference makes the exit code 1.

Run it with ``python benchmarks/backtest_parity.py``; ``--events N`` takes another number, ``--json`` prints one object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from satark.decisions.ports import LogEntry
    from satark.decisions.views import View

SECOND_US = 1_000_000
PER_DAY = 5_000
EDIT_EVERY = 2_000
MODEL_INPUTS = 12


class ListLog:
    """An `EventLog` in a list."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self._by_id: dict[tuple[int, str], LogEntry] = {}
        self._by_ref: dict[tuple[int, str], list[LogEntry]] = defaultdict(list)

    def probe(self) -> None:
        """Say nothing: it can always be written."""

    def last_seq(self) -> int:
        """Return the greatest seq."""
        return len(self.entries)

    count = last_seq

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Keep entries."""
        for entry in entries:
            self.entries.append(entry)
            self._by_id[entry.owner, entry.event_id] = entry
            if entry.ref:
                self._by_ref[entry.owner, entry.ref].append(entry)

    def find(self, owner: int, event_id: str) -> LogEntry | None:
        """Return an entry by its id."""
        return self._by_id.get((owner, event_id))

    def get(self, seq: int) -> LogEntry | None:
        """Return an entry by its place."""
        return self.entries[seq - 1] if 0 < seq <= len(self.entries) else None

    def read(
        self, after_seq: int, *, limit: int | None = None, until_seq: int | None = None
    ) -> Iterator[LogEntry]:
        """Stream entries."""
        return iter(self.entries[after_seq:until_seq][:limit])

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream what refers to a payment or an input."""
        return iter(list(self._by_ref.get((owner, payment_id), ())))

    def ids(self, after_seq: int = 0) -> Iterator[tuple[int, str]]:
        """Stream ids."""
        return iter([(entry.owner, entry.event_id) for entry in self.entries[after_seq:]])


def scored_view() -> View:
    """Return the bundled policy with a linear model over a dozen of its features."""
    import msgspec

    from satark.decisions.binding import bind_for
    from satark.decisions.views import View
    from satark.features.spec import feature_signature
    from satark.models import ModelHead, ModelInput, load_model, write_model
    from satark.models.logistic_scorer import LogisticPayload
    from satark.policies import bundled_path, load_policy

    text = bundled_path().read_text("utf-8")
    plain = load_policy(text, folder=bundled_path().parent)
    used = [one for one in plain.features if str(one.type) in {"int", "float"}][:MODEL_INPUTS]
    inputs = tuple(
        ModelInput(one.name, one.name, str(one.type), features={one.name: feature_signature(one)})
        for one in used
    )
    n = len(inputs)
    payload = LogisticPayload(-3.0, (2.0,) * n, (3.0,) * n, (0.21,) * n, (0.1,) * n)
    data = write_model(
        ModelHead(1, "linear", "logistic", inputs, plain.base_currency, ((), ())),
        msgspec.msgpack.encode(payload),
    )
    model = load_model(data)
    policy = load_policy(
        f"{text}\nmodel: {{use: linear.model, hash: {model.hash}}}\n", folder=bundled_path().parent
    )
    return View(policy, bind_for(policy, model))


def market(n_events: int) -> list[tuple[int, bytes]]:
    """Return (arrival, body) of about so many events in the order of their arrival; one in ten comes late."""
    import msgspec

    from satark.events.decode import occurred_us
    from satark.payments.simulation import Simulation, SimulationPlan

    days = max(2, round(n_events / (2.2 * PER_DAY)))
    plan = SimulationPlan(
        seed=5, days=days, customers=8_000, merchants=600, payments_per_day=PER_DAY, fraud_share=0.03
    )
    dice = random.Random(1)
    coming: list[tuple[int, bytes]] = []
    for event in Simulation(plan).events():
        delay = dice.choice((0, 0, 0, 0, 0, 0, 0, 0, 120, 1_200)) * SECOND_US
        coming.append((occurred_us(event) + delay, msgspec.json.encode(event)))
        if len(coming) == n_events:
            break
    return sorted(coming)


def decide_online(view: View, coming: list[tuple[int, bytes]]) -> ListLog:
    """Let the engine decide everything, with an edit of a list now and then."""
    from satark.core.clock import FixedClock, Micros
    from satark.decisions.decide import Decider
    from satark.decisions.list_edits import ListEdit
    from satark.decisions.service import DecisionService
    from satark.decisions.views import Lineup
    from satark.events import CardKey, CardTokens

    log, clock = ListLog(), FixedClock(Micros(coming[0][0]))
    tokens = CardTokens((CardKey("k1", b"a key of this benchmark, 32 byte"),))
    service = DecisionService(lambda: Decider(Lineup(view)), log, tokens=tokens, clock=clock)
    service.start()
    dice, answered, problems = random.Random(2), threading.Semaphore(0), []

    def take(outcome: Any) -> None:  # noqa: ANN401 - the service's outcome
        if outcome.error is not None:
            problems.append(outcome.error)
        answered.release()

    for number, (at_us, body) in enumerate(coming):
        clock.at_us = at_us
        service.submit(body, 1, take, only=None)
        answered.acquire()
        if number % EDIT_EVERY == EDIT_EVERY - 1:
            payments = [one for one in log.entries[-200:] if one.kind == "payment"]
            card = (json.loads(dice.choice(payments).body).get("card") or {}).get("token")
            edit = ListEdit("blocked_cards", card or "nobody", remove=dice.random() < 0.3)
            service.edit_list(edit, f"edit-{number}", take)
            answered.acquire()
    assert service.stop(60)
    if problems:
        raise problems[0]
    return log


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args()
    import polars as pl

    from satark.decisions.backtest.log_source import LogSource
    from satark.decisions.backtest.run import Options, backtest

    started = perf_counter()
    log = decide_online(scored_view(), market(said.events))
    online_seconds = perf_counter() - started
    with tempfile.TemporaryDirectory(prefix="satark-parity-") as folder:
        out = Path(folder) / "out.parquet"
        result = backtest(LogSource(log), [scored_view()], Options(out=out))
        rows = {row["seq"]: row for row in pl.read_parquet(out).iter_rows(named=True)}
    different, late, actions = 0, 0, defaultdict(int)
    decided = [entry for entry in log.entries if entry.decision is not None]
    for entry in decided:
        one, row = json.loads(entry.decision or b"{}"), rows.get(entry.seq)
        late += one["late"]
        actions[one["action"]] += 1
        want = (
            one["action"],
            one["score"],
            [r["code"] for r in one["reasons"]],
            one["late"],
            one["model"]["score"],
        )
        if row is None or want != (
            row["action"],
            row["score"],
            row["rules"],
            row["late"],
            row["model_score"],
        ):
            different += 1
            if different <= 5:
                print(f"DIFFERENT {entry.seq}: online {want}, bulk {row}", file=sys.stderr)
    found = {
        "backtest_parity_entries": len(log.entries),
        "backtest_parity_payments": len(decided),
        "backtest_parity_late": late,
        "backtest_parity_stopped": actions["hold"] + actions["block"],
        "backtest_parity_differences": different + abs(len(rows) - len(decided)),
        "backtest_parity_online_seconds": online_seconds,
        "backtest_parity_bulk_seconds": result.seconds,
    }
    if said.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            print(f"{key.removeprefix('backtest_parity_'):>20}  {value:,.2f}")
    return 1 if found["backtest_parity_differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
