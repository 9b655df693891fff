"""Open-loop HTTP load: requests are sent when they are scheduled, and measured from then.

A generator that waits for an answer before it sends the next request hides every pause of the server: the
requests that should have come meanwhile are never sent and so never counted ("coordinated omission"). Here a
fixed rate is a timetable; when all connections are busy, requests queue, and their waiting counts. Without a
rate, each connection sends again at once after an answer, which finds the highest throughput; its latencies
are those of a closed system.

Every request has a fresh id and carries the present time, over at least 100,000 cards, in bodies of at least
1 KB. Every request must get exactly one answer, 2xx, that names its id; each place in the log may be given
only once.

    python -m benchmarks.load http://127.0.0.1:8080/v1/decisions --key sk_... --connections 48 --seconds 60
    python -m benchmarks.load http://127.0.0.1:8080/v1/decisions --key sk_... --rate 1000 --seconds 60 --json
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
from dataclasses import asdict

import uvloop
from benchmarks.load_engine import Load
from benchmarks.load_plan import LoadFailed, LoadPlan, LoadReport


def run_load(plan: LoadPlan) -> LoadReport:
    """Put a server under load in this process and thread, and report; `LoadReport.check` judges it.

    The garbage collector rests meanwhile, so that its pauses are not taken for the server's.
    """

    async def main() -> LoadReport:
        return await Load(plan).run()

    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(main())
    finally:
        gc.enable()
    return report


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, run, print; the exit code is 1 when a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description="HTTP load without omission."
    )
    parser.add_argument("url")
    parser.add_argument("--key", default=os.environ.get("SATARK_API_KEY", ""))
    parser.add_argument("--method", choices=("POST", "GET"), default="POST")
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second; 0 for as fast as it goes")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warmup", type=float, default=2.0)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=int, default=1_024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--core", type=int, help="run on this core only")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    said = parser.parse_args(arguments)
    if said.core is not None:
        os.sched_setaffinity(0, {said.core})
    plan = LoadPlan(
        url=said.url,
        key=said.key,
        method=said.method,
        connections=said.connections,
        rate=said.rate,
        seconds=said.seconds,
        warmup_seconds=said.warmup,
        cards=said.cards,
        min_bytes=said.bytes,
        seed=said.seed,
    )
    report = run_load(plan)
    print(json.dumps(asdict(report)) if said.json else report.line())
    try:
        report.check()
    except LoadFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
