"""Satark side by side with others, on the same events, in the same run, each checked to come to the same numbers.

============================= ================================================================================
peer_river_...                two features of each card over a day, one event at a time
peer_bytewax_...              the same as a dataflow
peer_duckdb_batch_...         ten features as SQL windows over a table
peer_duckdb_query_...         ten features as one query per event on a growing table
peer_postgres_..._...         ten features as ten queries per event, or as one
peer_zen_table_us, ...        30 rules as a decision table, a graph of expressions, one compiled expression
============================= ================================================================================

For each: ``_us_per_event``, ``_events_per_s``, ``_satark_us_per_event`` (Satark on that very work) and
``_times_satark``. All run on one thread.

    python -m benchmarks.peers
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # Read when Polars is imported, below.

import numpy as np
from benchmarks.peers_work import QUICK, Sizes

PEERS = ("river", "bytewax", "duckdb", "postgres", "zen")
NEEDS = {"river": "river", "bytewax": "bytewax", "duckdb": "duckdb", "postgres": "psycopg", "zen": "zen"}


def measure(*, quick: bool = False, runs: int = 5, only: tuple[str, ...] = PEERS) -> dict[str, list[float]]:
    """Return the values of each run by name; a peer that is not installed is left out, and said so."""
    sizes = QUICK if quick else Sizes()
    found: dict[str, list[float]] = {}
    for name in only:
        try:
            importlib.import_module(NEEDS[name])
        except ImportError as error:
            print(f"peers: {name} is left out: {error}", file=sys.stderr, flush=True)
            continue
        module = importlib.import_module(f"benchmarks.peers_{name}")
        for _ in range(runs):
            for what, value in module.measure(sizes).items():
                found.setdefault(what, []).append(value)
        print(f"peers: {name} done", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PEERS, default=PEERS)
    said = parser.parse_args()
    for name, values in measure(quick=said.quick, runs=said.runs, only=tuple(said.only)).items():
        print(f"{name:46} median {np.median(values):14,.2f}   all {[round(value, 2) for value in values]}")


if __name__ == "__main__":
    main()
