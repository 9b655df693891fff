"""Replay 1.4 million public card transactions and compare every feature with an independent computation in DuckDB.

The data is the simulated card transactions of the Fraud Detection Handbook (``payments/handbook.parquet`` in the folder
that SATARK_DATA names). The oracle is written from the definition of a window: it joins on sequence and time. It shares
no code with the kernel. Integers must be equal, floats to 1e-9 relative; one difference makes the exit code 1.

Run it with ``python benchmarks/handbook.py``; ``--rows N`` takes the first N rows only, ``--json`` prints one object.
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
DAY = 86_400_000_000
DAYS = (1, 7, 30)
BATCHES = 16

# Both ways to a terminal's delayed risk: labels that come a week late, or labels at once in windows delayed by a week.
WAYS = {"reported": "7d", "delayed": "0"}


def policy_text(way: str) -> str:
    """Return the example policy, with its label windows delayed where the labels are not."""
    lines = (ROOT / "examples" / "handbook.policy.yaml").read_text("utf-8").splitlines()
    if way == "delayed":
        lines = [f"{line} delayed 7d" if 'count(label == "fraud")' in line else line for line in lines]
    return "\n".join(lines)


def run_replay(events: Path, way: str, folder: Path) -> None:
    """Replay in this process and print what it took; called in a child, so that its memory is its own."""
    from rich.progress import Progress

    from satark.decisions.replay import replay
    from satark.decisions.replay_map import load_map
    from satark.policies import load_policy

    mapping = (ROOT / "examples" / "handbook.map.yaml").read_text("utf-8")
    assert "delay: 7d" in mapping
    with Progress(disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"replay ({way})")
        summary = replay(
            events,
            load_policy(policy_text(way)),
            mapping=load_map(mapping.replace("delay: 7d", f"delay: {WAYS[way]}")),
            out=folder / f"{way}.decisions.parquet",
            features_out=folder / f"{way}.features.parquet",
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"summary": summary.to_json(), "peak_bytes": peak}))


def replayed(events: Path, way: str, folder: Path) -> dict[str, object]:
    """Replay in a child process."""
    started = perf_counter()
    command = [sys.executable, __file__, "--child", way, "--events", str(events), "--folder", str(folder)]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    child = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    return {**json.loads(child.stdout), "wall_seconds": perf_counter() - started}


def oracle_columns(entity: str) -> dict[str, str]:
    """Return the SQL of the features of one entity over pairs of a payment p and an entry x at or before it."""
    other = "merchant" if entity == "customer" else "customer"
    name, others = ("customer", "terminals") if entity == "customer" else ("terminal", "customers")
    columns = {}
    for days in DAYS:
        inside = f"filter (where x.t > p.t - {days * DAY})"
        n = f"count(*) {inside}"
        total = f"sum(x.amount::hugeint) {inside}"
        squares = f"sum(x.amount::hugeint * x.amount) {inside}"
        columns |= {
            f"{name}_count_{days}d": n,
            f"{name}_sum_{days}d": total,
            f"{name}_mean_{days}d": f"({total})::double / ({n})",
            f"{name}_max_{days}d": f"max(x.amount) {inside}",
            f"{name}_min_{days}d": f"min(x.amount) {inside}",
            f"{name}_std_{days}d": f"sqrt((({n}) * ({squares}) - ({total}) * ({total}))::double) / ({n})",
            f"{name}_{others}_{days}d": f"count(distinct x.{other}) {inside}",
        }
    if entity == "customer":
        past = "filter (where x.seq < p.seq)"
        columns |= {
            "customer_since_last": f"(p.t - max(x.t) {past}) / 1e6",
            "customer_new_terminal": f"coalesce(bool_and(x.merchant <> p.merchant) {past}, true)",
            "customer_last_amount": f"arg_max(x.amount, x.seq) {past}",
            "pair_count_30d": "count(*) filter (where x.merchant = p.merchant)",
        }
    return columns


def compare(db: object, wanted: list[str], names: list[str], features: Path) -> dict[str, int]:
    """Count the rows on which each feature differs from the oracle's table `truth`."""
    ids = db.execute("select count(*) from truth").fetchone()[0]  # type: ignore[attr-defined]
    checks = []
    for name in names:
        same = f"f.{name} is not distinct from o.{name}"
        if name.partition("_")[2].startswith(("mean", "std", "since")):
            near = f"abs(f.{name} - o.{name}) <= 1e-9 * greatest(abs(f.{name}), abs(o.{name}))"
            same = f"({same} or coalesce({near}, false))"
        checks.append(f"count(*) filter (where not {same})")
    row = db.execute(  # type: ignore[attr-defined]
        f"select count(*), {', '.join(checks)} from truth o "
        f"join read_parquet('{features}') f on f.id = 'tx-' || o.tx_id"
    ).fetchone()
    found = dict(zip(wanted, row[1:], strict=True))
    found["rows missing"] = found.get("rows missing", 0) + ids - row[0]
    return found


def differences(events: Path, folder: Path) -> tuple[dict[str, int], int]:
    """Compute every feature in DuckDB and compare; return differences by feature, and how many values were compared."""
    import duckdb

    db = duckdb.connect()
    db.execute("set threads = 2; set memory_limit = '6GB'; set preserve_insertion_order = false")
    db.execute(
        f"""create table e as select tx_id, customer_id as customer, terminal_id as merchant, amount_minor as amount,
        fraud, epoch_us(tx_time) as t, row_number() over (order by tx_time, file_row_number) as seq
        from read_parquet('{events}', file_row_number = true)"""
    )
    features = {way: folder / f"{way}.features.parquet" for way in WAYS}
    have = [
        row[0]
        for row in db.execute(f"describe select * from read_parquet('{features['reported']}')").fetchall()
    ]
    total: dict[str, int] = {}
    compared = 0

    def check(name: str, columns: dict[str, str], joined: str, batch: str) -> None:
        nonlocal compared
        names = [one for one in columns if one in have]
        sql = ", ".join(f"{columns[one]} as {one}" for one in names)
        db.execute(
            f"create or replace table truth as select p.tx_id, {sql} from e p {joined} where {batch} "
            "group by p.tx_id, p.seq, p.t, p.merchant"
        )
        for way, path in features.items() if name == "labels" else [("reported", features["reported"])]:
            wanted = [f"{one} ({way})" if name == "labels" else one for one in names]
            for one, count in compare(db, wanted, names, path).items():
                total[one] = total.get(one, 0) + count
            compared += len(names) * db.execute("select count(*) from truth").fetchone()[0]

    for batch in range(BATCHES):
        for entity in ("customer", "merchant"):
            joined = f"join e x on x.{entity} = p.{entity} and x.seq <= p.seq and x.t > p.t - {30 * DAY}"
            check(entity, oracle_columns(entity), joined, f"p.{entity} % {BATCHES} = {batch}")
        label_columns = {}
        for days in DAYS:
            inside = f"x.t + {7 * DAY} > p.t - {days * DAY}"
            label_columns[f"terminal_frauds_{days}d"] = f"count(x.seq) filter (where x.fraud and {inside})"
            label_columns[f"terminal_payments_{days}d"] = f"count(x.seq) filter (where {inside})"
        # A label that is reported in the very microsecond of a payment was there before it.
        joined = f"left join e x on x.merchant = p.merchant and x.seq < p.seq and x.t + {7 * DAY} <= p.t"
        check("labels", label_columns, joined, f"p.merchant % {BATCHES} = {batch}")
    return total, compared


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="only the first rows")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=WAYS)
    parser.add_argument("--events", type=Path, default=DATA)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        run_replay(options.events, options.child, options.folder)
        return 0
    if not options.events.exists():
        print(f"skipped: {options.events} is not there (set SATARK_DATA)")
        return 0
    with tempfile.TemporaryDirectory(prefix="satark-handbook-") as name:
        folder, events = Path(name), options.events
        if options.rows:
            import polars as pl

            events = folder / "events.parquet"
            pl.scan_parquet(options.events).head(options.rows).sink_parquet(events)
        runs = {way: replayed(events, way, folder) for way in WAYS}
        started = perf_counter()
        found, compared = differences(events, folder)
        oracle_seconds = perf_counter() - started
    summary = runs["reported"]["summary"]
    result = {
        "handbook_rows": summary["rows"],
        "handbook_events": sum(summary["events"].values()),
        "handbook_features": 41 + 6,
        "handbook_values_compared": compared,
        "handbook_differences": sum(found.values()),
        "handbook_wall_seconds": runs["reported"]["wall_seconds"],
        "handbook_events_per_s": summary["events_per_second"],
        "handbook_peak_bytes": max(run["peak_bytes"] for run in runs.values()),
        "handbook_oracle_seconds": oracle_seconds,
        "handbook_precision": summary["quality"]["precision"],
        "handbook_recall": summary["quality"]["recall"],
        "handbook_auc_score": summary["quality"]["auc_score"],
        "handbook_base_rate": summary["quality"]["base_rate"],
    }
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(
                f"{key.removeprefix('handbook_'):>20}  {value:,.4f}"
                if isinstance(value, float)
                else f"{key.removeprefix('handbook_'):>20}  {value:,}"
            )
        for one, count in found.items():
            if count:
                print(f"DIFFERENT {one}: {count:,} rows")
    return 1 if result["handbook_differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
