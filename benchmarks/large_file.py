"""Train on a CSV file of many gigabytes: how long it takes, and how much memory.

The file holds the handbook's card payments (``payments/handbook.parquet`` in the folder that SATARK_DATA names), each
with a text that nobody reads and that makes the file as large as was asked for. `satark train` runs in a process of its
own, on the week of 25 July 2018; how little memory it takes says whether the file is streamed.

    python -m benchmarks.large_file                    10 GB in the system's temporary folder
    python -m benchmarks.large_file --gigabytes 1
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import polars as pl
from benchmarks.learning import DATA, MAP, POLICY

SLICE_ROWS = 20_000


def write(path: Path, size: int) -> int:
    """Write the payments as CSV of at least so many bytes, and return how many there are."""
    frame = pl.read_parquet(DATA).sort("tx_time", "tx_id")
    frame = frame.with_columns(pl.col("tx_time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    unread = pl.lit("x" * max(1, size // len(frame))).alias("unread")
    with path.open("wb") as out:
        for start in range(0, len(frame), SLICE_ROWS):
            part = frame[start : start + SLICE_ROWS].with_columns(unread)
            out.write(part.write_csv(include_header=start == 0).encode())
    return len(frame)


def train(path: Path, folder: Path) -> float:
    """Train in a process of its own, and return the seconds."""
    words = [
        "--events",
        str(path),
        "--map",
        str(MAP),
        "--policy",
        str(POLICY),
        "--out",
        str(folder / "large.model"),
    ]
    words += ["--from", "2018-07-25", "--to", "2018-08-01", "--data", str(folder / "data")]
    started = perf_counter()
    done = subprocess.run(
        [str(Path(sys.executable).parent / "satark"), "train", *words], stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(f"satark train ended with {done.returncode}")
    return perf_counter() - started


def main() -> None:
    """Write the file, train, print; with --json write one object of flat names besides."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    given = parser.parse_args()
    if not DATA.exists():
        print(f"skipped: {DATA} is not there (SATARK_DATA)")
        return
    with tempfile.TemporaryDirectory(prefix="satark-bench-") as folder:
        path = Path(folder) / "large.csv"
        rows = write(path, round(given.gigabytes * 1e9))
        results = {
            "large_file_bytes": path.stat().st_size,
            "large_file_payments": rows,
            "large_file_train_seconds": round(train(path, Path(folder)), 1),
            # The one child that has ended is the training.
            "large_file_peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        }
    print("\n".join(f"{name:<28}{value:>18,}" for name, value in results.items()))
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
