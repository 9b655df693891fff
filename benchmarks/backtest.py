"""Backtest 1.4 million public card transactions with a policy of 60 features and 50 rules: time and memory.

The data is ``payments/handbook.parquet`` in the folder that SATARK_DATA names: the simulated card transactions of the
Fraud Detection Handbook. The policy is made here: windows of five lengths over customers and terminals, and rules over
them. With ``--model`` a LightGBM of 500 trees that was trained on random labels is scored besides: what it says means
nothing, but it takes the time that a model takes.

Run it with ``python benchmarks/backtest.py``; ``--rows N`` takes the first N rows only, ``--json`` prints one object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))
DATA = Path(os.environ.get("SATARK_DATA", ROOT / ".." / "shared" / "data")) / "payments" / "handbook.parquet"
FEATURES, RULES = 60, 50
_SPANS = ("1h", "6h", "1d", "7d", "30d")


def features() -> dict[str, str]:
    """Return the 60 features: counts, sums, means and spreads per customer and terminal, pairs, delayed risk."""
    made: dict[str, str] = {}
    for span in _SPANS:
        for who, other in (("customer", "merchant"), ("merchant", "customer")):
            made[f"{who}_count_{span}"] = f"count() by {who} over {span}"
            made[f"{who}_sum_{span}"] = f"sum(amount) by {who} over {span}"
            made[f"{who}_mean_{span}"] = f"mean(amount) by {who} over {span}"
            made[f"{who}_others_{span}"] = f"distinct({other}) by {who} over {span}"
    for span in ("1d", "7d", "30d"):
        made[f"customer_max_{span}"] = f"max(amount) by customer over {span}"
        made[f"customer_std_{span}"] = f"std(amount) by customer over {span}"
        made[f"merchant_max_{span}"] = f"max(amount) by merchant over {span}"
        made[f"merchant_frauds_{span}"] = f'count(label == "fraud") by merchant over {span}'
        made[f"merchant_payments_{span}"] = f"count() by merchant over {span} delayed 7d"
    made["customer_since_last"] = "since_last() by customer over 30d"
    made["customer_new_merchant"] = "new(merchant) by customer over 30d"
    made["customer_last_amount"] = "last(amount) by customer over 30d"
    made["pair_count_30d"] = "count() by customer+merchant over 30d"
    made["customer_min_30d"] = "min(amount) by customer over 30d"
    assert len(made) == FEATURES
    return made


def rules() -> dict[str, tuple[str, str, float]]:
    """Return the 50 rules: (condition, action, score) by code."""
    made: dict[str, tuple[str, str, float]] = {}
    for place, span in enumerate(_SPANS):
        for who in ("customer", "merchant"):
            for step, times in enumerate((3, 5, 8)):
                code = f"{who}_far_above_{span}_{times}"
                when = f"{who}_count_{span} > 4 and amount > {times} * {who}_mean_{span}"
                made[code] = (when, ("challenge", "challenge", "hold")[step], 0.3 + 0.1 * step + 0.02 * place)
            code = f"{who}_often_{span}"
            most = (4, 8, 14, 60, 220)[place]
            made[code] = (f"{who}_count_{span} > {most}", "challenge", 0.25 + 0.02 * place)
    for span, least in (("1d", 1), ("7d", 2), ("30d", 3)):
        when = (
            f"merchant_frauds_{span} >= {least} and merchant_frauds_{span} / merchant_payments_{span} > 0.2"
        )
        made[f"risky_terminal_{span}"] = (when, "hold", 0.8)
        made[f"unusual_spread_{span}"] = (
            f"customer_std_{span} > 0 and (amount - customer_mean_{span}) / customer_std_{span} > 3.5",
            "challenge",
            0.45,
        )
    made["large_amount"] = ("amount > 22000", "hold", 0.9)
    made["large_and_new"] = ("customer_new_merchant and amount > 18000", "hold", 0.7)
    made["quick_again"] = ("customer_since_last < 60 and amount > 5000", "challenge", 0.4)
    made["above_last"] = ("amount > 10 * customer_last_amount and customer_count_30d > 10", "challenge", 0.35)
    number = 0
    while len(made) < RULES:
        number += 1
        when = f"pair_count_30d > {number} and amount > {4000 * number} and customer_max_7d < {3000 * number}"
        made[f"known_pair_{number}"] = (when, "challenge", 0.2)
    return made


def policy_text(model: tuple[str, str] | None = None) -> str:
    """Return the policy; `model` is the file and the hash of one."""
    lines = ["policy: bench", "version: 1", "base_currency: EUR"]
    if model is not None:
        lines += ["model:", f"  use: {model[0]}", f"  hash: {model[1]}"]
    lines += ["features:", *(f"  {name}: '{text}'" for name, text in features().items()), "rules:"]
    for code, (when, action, score) in rules().items():
        lines.append(f"  {code}:")
        lines.append(f"    {{when: '{when}', action: {action}, score: {score:.2f},")
        lines.append('     reason: {en: "amount {amount}", hi: "राशि {amount}"}}')
    return "\n".join(lines) + "\n"


def model_file(folder: Path) -> tuple[str, str]:
    """Train 500 trees of 64 leaves on random labels over the 60 features; return the file's name and the model's hash.

    The values are drawn to lie where the features do, so that a payment takes a usual way through the trees.
    """
    import lightgbm
    import msgspec
    import numpy as np

    from satark.features.spec import feature_signature
    from satark.models import ModelHead, ModelInput, load_model, write_model
    from satark.models.lightgbm_scorer import LightgbmPayload
    from satark.policies import load_policy

    policy = load_policy(policy_text())
    inputs = tuple(
        ModelInput(one.name, one.name, str(one.type), features={one.name: feature_signature(one)})
        for one in policy.features
    )
    dice = np.random.default_rng(1)
    rows = dice.lognormal(2.0, 2.0, (60_000, len(inputs)))
    options = {
        "objective": "binary",
        "num_leaves": 64,
        "verbose": -1,
        "num_threads": 2,
        "min_data_in_leaf": 20,
    }
    trees = lightgbm.train(options, lightgbm.Dataset(rows, dice.integers(0, 2, len(rows)).astype(float)), 500)
    payload = msgspec.msgpack.encode(LightgbmPayload(trees.model_to_string()))
    data = write_model(ModelHead(1, "random", "lightgbm", inputs, policy.base_currency, ((), ())), payload)
    (folder / "random.model").write_bytes(data)
    return "random.model", load_model(data).hash


def run_one(events: Path, folder: Path, *, with_model: bool) -> None:
    """Backtest in this process and print what it took; called in a child, so that its memory is its own."""
    from satark.decisions.backtest.result import Costs
    from satark.decisions.backtest.run import Options, backtest
    from satark.decisions.backtest.sources import FileSource
    from satark.decisions.binding import view_of
    from satark.decisions.replay_map import load_map
    from satark.policies import load_policy

    model = None
    if with_model:
        told = json.loads((folder / "model.json").read_text("utf-8"))
        model = (told["use"], told["hash"])
    policy = load_policy(policy_text(model))
    view = view_of(policy, lambda ref: [(folder / ref.use).read_bytes()])
    mapping = load_map(ROOT / "examples" / "handbook.map.yaml")
    result = backtest(
        FileSource(events, mapping=mapping),
        [view],
        Options(costs=Costs(5_000, 10_000, 1.0, 100.0), out=folder / "decisions.parquet"),
    )
    print(
        json.dumps(
            {
                "seconds": result.seconds,
                "payments": result.payments,
                "events": sum(result.source.events.values()),
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "cpu_seconds": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
                "flagged": sum(one.payments for one in result.candidate.actions.values())
                - result.candidate.actions["allow"].payments,
            }
        )
    )


def child(kind: str, events: Path, folder: Path) -> dict[str, float]:
    """Run in a child process; return what it printed."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, __file__, "--child", kind, "--events", str(events), "--folder", str(folder)]
    started = perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path})
    return {**json.loads(done.stdout.splitlines()[-1]), "wall_seconds": perf_counter() - started}


def loop_seconds() -> float:
    """Time ten million additions: what this machine, as busy as it is now, takes for a known piece of work."""
    started, number = perf_counter(), 0
    for one in range(10_000_000):
        number += one
    return perf_counter() - started


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="only the first rows")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=("rules", "model", "train"))
    parser.add_argument("--events", type=Path, default=DATA)
    parser.add_argument("--folder", type=Path)
    said = parser.parse_args()
    if said.child == "train":
        use, key = model_file(said.folder)
        (said.folder / "model.json").write_text(json.dumps({"use": use, "hash": key}), "utf-8")
        print("{}")
        return 0
    if said.child:
        run_one(said.events, said.folder, with_model=said.child == "model")
        return 0
    if not said.events.exists():
        print(f"skipped: {said.events} is not there (set SATARK_DATA)")
        return 0
    with tempfile.TemporaryDirectory(prefix="satark-backtest-") as name:
        folder, events = Path(name), said.events
        import polars as pl

        if said.rows:
            events = folder / "events.parquet"
            pl.scan_parquet(said.events).head(said.rows).sink_parquet(events)
        # The kernel is compiled once per installation; that is no part of a backtest.
        few = folder / "few.parquet"
        pl.scan_parquet(said.events).head(1_000).sink_parquet(few)
        child("rules", few, folder)
        child("train", events, folder)
        loops = [loop_seconds()]
        runs = {}
        for kind in ("rules", "model"):
            runs[kind] = child(kind, events, folder)
            loops.append(loop_seconds())
    result: dict[str, float] = {
        "backtest_payments": runs["rules"]["payments"],
        "backtest_events": runs["rules"]["events"],
        "backtest_features": FEATURES,
        "backtest_rules": RULES,
        "backtest_loop_seconds": max(loops),
    }
    for kind, run in runs.items():
        for what in ("seconds", "cpu_seconds", "wall_seconds", "peak_bytes"):
            result[f"backtest_{kind}_{what}"] = run[what]
    if said.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key.removeprefix('backtest_'):>20}  {value:,.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
