"""How fast the whole server decides over HTTP, durably, as a caller sees it.

A real `satark serve` runs on one core, the load generator on another. The data folder holds a million decisions
before the first request. Measured, each several times with a fresh start, of which the median and the worst are
kept:

=========================== ===========================================================================
http_empty_per_s            GET /health/live, 48 connections: what HTTP alone costs
http_durable_per_s          POST /v1/decisions, 48 connections, each sending again after its answer
http_durable_p99_ms         the 99th percentile of that run, which includes a snapshot and checkpoints
http_1000_per_s_p99_ms      the same at a fixed 1,000 a second, measured from the timetable
start_10m_events_s          from the start of the process to /health/ready with 10 million events in the log
=========================== ===========================================================================

    python -m benchmarks.over_http --out benchmarks/results.json
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.seeding import seed_folder
from benchmarks.server import LOAD_CORE, SERVER_CORE, Server, make_key, run_generator

from satark.app.settings import Settings

if TYPE_CHECKING:
    from benchmarks.load_plan import LoadReport

DEADLINE_MS = 5_000
"""Asked for by each request, so that a slow answer is measured as slow instead of refused as late."""

DAY_EVENTS = 86_400_000
"""A day of 1,000 events a second."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes
    ----------
    runs
        How often each measurement is repeated.
    seconds
        How long one of them runs.
    stored
        Decisions in the folder before the first request.
    start_events
        Events in the log of the start that is timed; 0 leaves it out.
    connections
        Of the load.
    """

    runs: int = 5
    seconds: float = 60.0
    stored: int = 1_000_000
    start_events: int = 10_000_000
    connections: int = 48


def measure(folder: Path, sizes: Sizes) -> dict[str, float]:
    """Run all measurements in a folder of their own; returns flat names and numbers.

    Raises
    ------
    LoadFailed
        An answer was missing, refused, another's or given twice, or no snapshot fell into a durable run.
    """
    values: dict[str, list[float]] = {}
    home = folder / "decisions"
    _tell(f"filling {home} with {sizes.stored:,} decisions")
    _fill(home, sizes.stored, span_seconds=20 * 86_400.0)
    key = make_key(home)
    for run in range(sizes.runs):
        # Each run begins with the same store: on one that grows, the same cards pay ever more often, and by the fifth
        # run far more payments fire a rule than at the first.
        copy = folder / "run"
        shutil.copytree(home, copy)
        for name, value in _one_run(copy, key, sizes).items():
            values.setdefault(name, []).append(value)
        shutil.rmtree(copy)
        _tell(
            f"run {run + 1} of {sizes.runs}: "
            + ", ".join(f"{name} {many[-1]:,.1f}" for name, many in values.items())
        )
    results = {}
    for name, many in values.items():
        results[name] = round(statistics.median(many), 3)
        results[f"{name}_worst"] = round(min(many) if name.endswith("_per_s") else max(many), 3)
    if sizes.start_events:
        shutil.rmtree(home)
        results |= _start(folder / "start", sizes.start_events)
    return results


def _one_run(home: Path, key: str, sizes: Sizes) -> dict[str, float]:
    with Server(home, snapshot_seconds=max(int(sizes.seconds / 3), 1)) as server:
        route = f"{server.address}/v1/decisions?deadline_ms={DEADLINE_MS}"
        load = ["--connections", str(sizes.connections), "--key", key]
        short = ["--seconds", str(min(sizes.seconds, 10.0))]
        empty = run_generator(f"{server.address}/health/live", "--method", "GET", *load, *short)
        before, bytes_before = server.metrics(key), server.database_bytes()
        durable = run_generator(route, *load, "--seconds", str(sizes.seconds))
        after, bytes_after = server.metrics(key), server.database_bytes()
        snapshots = after["satark_snapshots_total"] - before["satark_snapshots_total"]
        if snapshots < 1 or bytes_after <= bytes_before:
            _tell("the durable run had no snapshot or no checkpoint; it does not count as one")
            raise SystemExit(1)
        steady = run_generator(route, *load, "--rate", "1000", "--seconds", str(sizes.seconds))
        return {
            "http_empty_per_s": empty.rate_per_s,
            "http_durable_per_s": durable.rate_per_s,
            "http_durable_p50_ms": durable.p50_ms,
            "http_durable_p99_ms": durable.p99_ms,
            "http_durable_max_ms": durable.max_ms,
            "http_1000_per_s_p50_ms": steady.p50_ms,
            "http_1000_per_s_p99_ms": steady.p99_ms,
            "http_server_mb": server.memory_bytes() / 2**20,
            "http_log_mb_per_million": (bytes_after - bytes_before) / 2**20 * 1e6 / _sent(durable),
        }


def _start(home: Path, events: int) -> dict[str, float]:
    """Time a start with a long log, and weigh what the log takes in memory against an empty start."""
    began = time.perf_counter()
    with Server(home, snapshot_seconds=86_400) as server:
        first_s, empty_bytes = time.perf_counter() - began, server.memory_bytes()
    _tell(f"the very first start, compiling, took {first_s:.1f} s; filling {home} with {events:,} events")
    _fill(home, events, span_seconds=60 * 86_400.0, min_bytes=0, bodies=False)
    began = time.perf_counter()
    with Server(home, snapshot_seconds=86_400, patience_seconds=1_800) as server:
        seconds, used = time.perf_counter() - began, server.memory_bytes()
    per_event = max(used - empty_bytes, 1) / events
    days = _memory_of_machine() / per_event / DAY_EVENTS
    _tell(
        f"started with {events:,} events in {seconds:.1f} s; {per_event:.0f} bytes an event, so this machine's "
        f"{_memory_of_machine() / 2**30:.0f} GB hold {days:.2f} days of 1,000 events a second"
    )
    name = "start_10m_events" if events == 10_000_000 else f"start_{events}_events"
    return {
        f"{name}_s": round(seconds, 2),
        f"{name}_bytes_per_event": round(per_event, 1),
        "start_first_s": round(first_s, 2),
        "memory_days_of_1000_per_s": round(days, 3),
    }


def _fill(
    home: Path, events: int, *, span_seconds: float, min_bytes: int = 1_024, bodies: bool = True
) -> None:
    seed_folder(
        Settings(home=home, windows_mb=8_192),
        events,
        span_seconds=span_seconds,
        end_us=time.time_ns() // 1_000 - 60_000_000,
        min_bytes=min_bytes,
        bodies=bodies,
    )


def _sent(report: LoadReport) -> int:
    return max(report.answered, 1)


def _memory_of_machine() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def merge_results(path: Path, results: dict[str, float]) -> None:
    """Write results into a JSON object of flat names; what others wrote there stays."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | results, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.over_http", description="The server's speed.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--start-events", type=int, default=10_000_000, help="0 leaves the timed start out")
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--folder", type=Path, help="work here instead of in a temporary folder")
    parser.add_argument("--out", type=Path, help="merge the results into this JSON file")
    said = parser.parse_args()
    sizes = Sizes(said.runs, said.seconds, said.stored, said.start_events, said.connections)
    _tell(f"server on core {SERVER_CORE}, load on core {LOAD_CORE}")
    with tempfile.TemporaryDirectory(prefix="satark-bench-", dir=said.folder) as folder:
        results = measure(Path(folder), sizes)
    print(json.dumps(results, indent=2, sort_keys=True))
    if said.out is not None:
        merge_results(said.out, results)


if __name__ == "__main__":
    main()
