"""Measure everything, side by side with others, and print one table: what `make bench` runs.

Each part runs in processes of its own, several times; the median and the worst of the runs are kept. Results are
merged into benchmarks/results.json, so that ``--only`` renews one part and leaves the others.

    make bench                              everything in full: more than an hour
    make bench ARGS="--quick"               every program once with little data: some minutes, numbers mean little
    make bench ARGS="--only kernel peers"   some parts
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import cores, machine_facts
from benchmarks.one_run import PARTS as RUN_BY_RUN
from benchmarks.report import RESULTS, as_text, bars_table, is_higher_better, peers_table

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    *RUN_BY_RUN,
    "over_http",
    "pages",
    "handbook",
    "backtest",
    "learning",
    "learning_ceiling",
    "learning_s_ffsd",
    "large_file",
)
QUICK_RESULTS = ROOT / ".cache" / "benchmarks-quick.json"
QUICK_HTTP = ("--seconds", "6", "--stored", "20000", "--start-events", "100000")
QUICK_PAGES = ("--decisions", "20000", "--alerts", "1000", "--asked", "20", "--seconds", "5")
QUICK_HANDBOOK = ("--rows", "50000")
QUICK_PARITY = ("--events", "5000")
QUICK_LEARNING = ("--seeds", "1", "--only", "single")
QUICK_LARGE = ("--gigabytes", "0.3")
LEARNT = ROOT / ".cache" / "learning-runs.jsonl"
"""Learning takes an hour and more: what was measured before an interruption, with the same code and data, stays."""
ONCE = ("handbook", "backtest", "learning_ceiling", "large_file")
SEEDED, SEEDS = ("learning", "learning_s_ffsd"), 5
NO_WORST = ("_times_satark", "_share_fired")


class Skipped(Exception):
    """A part cannot be measured here; says why."""


class Failed(Exception):
    """A part ended with an error, or with numbers that differ; its results do not count."""


def measure(part: str, *, quick: bool, runs: int) -> dict[str, Any]:
    """Run one part and return its flat names and numbers.

    Raises
    ------
    Skipped, Failed
        With the reason.
    """
    if part == "over_http":
        return _over_http(quick=quick, runs=runs)
    if part == "pages":
        return _pages(quick=quick, runs=runs)
    if part == "handbook":
        return _handbook(quick=quick)
    if part == "backtest":
        return _backtest(quick=quick)
    if part == "learning":
        LEARNT.parent.mkdir(exist_ok=True)
        return _learning(
            part, *(QUICK_LEARNING if quick else ("--seeds", str(SEEDS), "--lines", str(LEARNT)))
        )
    if part == "learning_ceiling":
        return _learning(part)
    if part == "large_file":
        return _learning(part, *(QUICK_LARGE if quick else ()))
    if part == "learning_s_ffsd":
        return _learning(part, "--seeds", "1" if quick else str(SEEDS))
    found: dict[str, list[float]] = {}
    for run in range(runs):
        started = time.perf_counter()
        words = [part, *(["--quick"] if quick else [])]
        for name, value in json.loads(_run("benchmarks.one_run", *words).splitlines()[-1]).items():
            found.setdefault(name, []).append(value)
        _tell(f"{part}: run {run + 1} of {runs} took {time.perf_counter() - started:.0f} s")
    if not found:
        raise Skipped("nothing that it needs is installed")
    return summary(found)


def repeated(part: str, *, quick: bool, runs: int) -> int:
    """Return how often a part was measured: by runs, once, or from seeds of its own."""
    if part in ONCE:
        return 1
    if part in SEEDED:
        return 1 if quick else SEEDS
    return runs


def summary(found: dict[str, list[float]]) -> dict[str, float]:
    """Return the median of each number, and its worst beside it as ``<name>_worst``."""
    results = {}
    for name, values in found.items():
        results[name] = round(statistics.median(values), 3)
        if not name.endswith(NO_WORST):
            results[f"{name}_worst"] = round(min(values) if is_higher_better(name) else max(values), 3)
    return results


def _over_http(*, quick: bool, runs: int) -> dict[str, Any]:
    if cores() < 2:
        raise Skipped("server and load need a core each, and there is only one")
    with tempfile.TemporaryDirectory(prefix="satark-bench-") as folder:
        out = Path(folder) / "http.json"
        words = ["--runs", str(runs), "--out", str(out), *(QUICK_HTTP if quick else ())]
        _run("benchmarks.over_http", *words)
        return dict(json.loads(out.read_text("utf-8")))


def _pages(*, quick: bool, runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="satark-bench-") as folder:
        out = Path(folder) / "pages.json"
        words = ["--runs", str(runs), "--out", str(out), *(QUICK_PAGES if quick else ())]
        if cores() < 2:
            words.append("--without-engine")
        _run("benchmarks.pages", *words)
        return dict(json.loads(out.read_text("utf-8")))


def _handbook(*, quick: bool) -> dict[str, Any]:
    said = _run("benchmarks.handbook", "--json", *(QUICK_HANDBOOK if quick else ()))
    if said.startswith("skipped"):
        raise Skipped(said.partition(":")[2].strip())
    results = dict(json.loads(said.splitlines()[-1]))
    return {name: round(value, 4) for name, value in results.items() if isinstance(value, int | float)}


def _backtest(*, quick: bool) -> dict[str, Any]:
    parity = _run("benchmarks.backtest_parity", "--json", *(QUICK_PARITY if quick else ()))
    said = _run("benchmarks.backtest", "--json", *(QUICK_HANDBOOK if quick else ()))
    if said.startswith("skipped"):
        raise Skipped(said.partition(":")[2].strip())
    results = {**json.loads(parity.splitlines()[-1]), **json.loads(said.splitlines()[-1])}
    return {name: round(value, 4) for name, value in results.items()}


def _learning(part: str, *words: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="satark-bench-") as folder:
        out = Path(folder) / "learning.json"
        said = _run(f"benchmarks.{part}", "--json", str(out), *words)
        if said.startswith("skipped"):
            raise Skipped(said.partition(":")[2].strip())
        return dict(json.loads(out.read_text("utf-8")))


def _run(module: str, *words: str) -> str:
    """Run a program of this folder; its progress goes to the terminal, its output is returned."""
    environment = {"NUMBA_CACHE_DIR": str(ROOT / ".cache" / "numba"), **os.environ}
    child = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if child.returncode:
        raise Failed(f"{module} ended with {child.returncode}: {child.stdout.strip()[-500:]}")
    return child.stdout.strip()


def merge(path: Path, results: dict[str, Any]) -> dict[str, Any]:
    """Merge into a file of flat names, and return everything in it."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known |= results
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    return dict(known)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Read the command line, measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--quick", action="store_true", help="little data, one run; writes to .cache")
    parser.add_argument("--runs", type=int, help="of each part; 5, or 1 with --quick")
    parser.add_argument("--out", type=Path, help="instead of benchmarks/results.json")
    said = parser.parse_args()
    runs = said.runs or (1 if said.quick else 5)
    out = said.out or (QUICK_RESULTS if said.quick else RESULTS)
    known = merge(out, machine_facts())
    wrong = 0
    for part in said.only:
        started = time.perf_counter()
        _tell(f"{part}: starting")
        try:
            results = measure(part, quick=said.quick, runs=runs)
        except Skipped as why:
            _tell(f"{part}: skipped: {why}")
            continue
        except Failed as why:
            _tell(f"{part}: FAILED: {why}")
            wrong += 1
            continue
        results[f"{part}_measured_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        results[f"{part}_quick"] = said.quick
        results[f"{part}_runs"] = repeated(part, quick=said.quick, runs=runs)
        known = merge(out, results)
        _tell(f"{part}: done in {time.perf_counter() - started:.0f} s")
    print(f"\n{as_text(bars_table(known))}\n\n{as_text(peers_table(known))}\n\nwritten to {out}")
    if said.quick:
        print("these are quick runs: they show that the programs work, not how fast Satark is")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
