"""One run of one benchmark in a process of its own; what `python -m benchmarks` starts, again and again.

    python -m benchmarks.one_run kernel --quick

The last line of the output is a JSON object of names and numbers.
"""

from __future__ import annotations

import argparse
import importlib
import json

PARTS = ("kernel", "decision", "peers", "learning_speed", "publishing")
SINGLE = ("learning_speed", "publishing")
"""These return one number for each name, and know no runs."""


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_run", description="One run of one part.")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--quick", action="store_true")
    said = parser.parse_args()
    measure = importlib.import_module(f"benchmarks.{said.part}").measure
    if said.part in SINGLE:
        print(json.dumps(measure(quick=said.quick)))
        return
    print(json.dumps({name: values[0] for name, values in measure(quick=said.quick, runs=1).items()}))


if __name__ == "__main__":
    main()
