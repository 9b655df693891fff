"""How well `satark train` learns, on public data with published figures.

The handbook's card payments (``payments/handbook.parquet`` in the folder that SATARK_DATA names) by the protocol of the
Fraud Detection Handbook, judged by an evaluator that is not ours (SATARK_EVAL, by default ``../shared/eval``):

- single split: trained on one week, or on everything up to its end, a week of delay, tested on the week after;
- prequential: the same four times, on the `validation` weeks (all choices were made on these) and the `test` weeks;
- the harness itself: the book's 15 features through our windows, with the book's random forest.

Every model is trained by `satark.models.training.fit.train` with its defaults, as `satark train` does, from several
seeds; means and 95 % intervals over the seeds are told. Windows and labels come from one replay, those of
the book from another.

    python -m benchmarks.learning                        five seeds of everything: about an hour
    python -m benchmarks.learning --seeds 1 --only single
    python -m benchmarks.learning --lines runs.jsonl     every run is written at once; what is there is not run again
    python -m benchmarks.learning --data A.parquet --data B.parquet --train-start 2018-09-05 --only single

Further months: name all files in order (windows need the past), and the first day of the training week.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.decisions.training_set import TrainingSet
    from satark.models.training.table import Table

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))
DATA = Path(os.environ.get("SATARK_DATA", ROOT / ".." / "shared" / "data")) / "payments" / "handbook.parquet"
EVALUATOR = Path(os.environ.get("SATARK_EVAL", ROOT / ".." / "shared" / "eval")) / "handbook.py"
POLICY = ROOT / "examples" / "handbook.learning.policy.yaml"
BOOK_POLICY = ROOT / "examples" / "handbook.policy.yaml"
"""The book's own windows, for the harness alone."""
MAP = ROOT / "examples" / "handbook.map.yaml"
START = "2018-07-25"
WEEK = timedelta(days=7)
FOLDS = {
    "validation": ("2018-07-11", "2018-07-04", "2018-06-27", "2018-06-20"),
    "test": ("2018-08-08", "2018-08-01", "2018-07-25"),
}
PARTS = ("validation", "single", "single_all_history", "test", "harness")
FIGURES = ("auc_roc", "average_precision", "card_precision_at_100")
SHORT = {"auc_roc": "auc", "average_precision": "ap", "card_precision_at_100": "cp100"}
PUBLISHED = {
    "single": {
        "XGBoost": (0.862, 0.639, 0.273),
        "random forest": (0.867, 0.658, 0.287),
        "logistic": (0.871, 0.606, 0.291),
    },
    "validation": {"best of each": (0.887, 0.708, 0.289)},
    "test": {"random forest, folds 1-3": (0.873, 0.673, 0.292), "logistic, folds 1-3": (0.868, 0.622, 0.292)},
    "harness": {"random forest": (0.867, 0.658, 0.287)},
}
BOOK = [
    *(f"customer_{what}_{days}d" for what in ("count", "mean") for days in (1, 7, 30)),
    *(f"terminal_payments_{days}d" for days in (1, 7, 30)),
    *(f"terminal_frauds_{days}d" for days in (1, 7, 30)),
]
T95 = {1: math.nan, 2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}


def us(day: str | datetime) -> int:
    """Return the first microsecond of a day."""
    at = datetime.fromisoformat(day).replace(tzinfo=UTC) if isinstance(day, str) else day
    return round(at.timestamp() * 1_000_000)


def gather(files: list[Path], folder: Path, policy: Path = POLICY) -> tuple[TrainingSet, float]:
    """Replay all files once and keep every payment with the inputs that the policy's windows give."""
    from rich.progress import Progress

    from satark.decisions.replay_map import load_map
    from satark.decisions.training_set import training_set
    from satark.policies import load_policy

    events = files[0]
    if len(files) > 1:
        events = folder / "events.parquet"
        pl.concat([pl.read_parquet(file) for file in files], how="vertical_relaxed").write_parquet(events)
    started = perf_counter()
    with Progress(disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("replay")
        made = training_set(
            events,
            load_policy(policy),
            mapping=load_map(MAP),
            most_rows=10**9,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    return made, perf_counter() - started


class Bench:
    """One gathered table, and the protocol over it."""

    def __init__(self, made: TrainingSet, files: list[Path], folder: Path, python: str) -> None:
        from satark.decisions.training_set import MOST_ROWS

        self.table: Table = made.table
        self.tx_ids = made.ids.str.slice(3).cast(pl.Int64).to_numpy()
        self.files, self.folder, self.python, self.most_rows = files, folder, python, MOST_ROWS
        self.seconds: list[float] = []
        self.scored: dict[tuple[str, int, bool], pl.DataFrame] = {}

    def inside(self, first: datetime, days: int) -> np.ndarray:
        """Return which payments lie in a span."""
        return (self.table.times >= us(first)) & (self.table.times < us(first + timedelta(days=days)))

    def scores(self, start: str, seed: int, *, history: bool) -> pl.DataFrame:
        """Train on the week from a day on (or on all before its end), and score the week after the delay.

        A week that is in two parts is trained on once.
        """
        asked = start, seed, history
        if asked not in self.scored:
            self.scored[asked] = self._scores(*asked)
        return self.scored[asked]

    def _scores(self, start: str, seed: int, history: bool) -> pl.DataFrame:  # noqa: FBT001 - from `scores` alone
        from satark.models.binding import calibrate_many
        from satark.models.training.fit import train
        from satark.models.training.options import TrainingOptions

        first = datetime.fromisoformat(start).replace(tzinfo=UTC)
        learnt = self.inside(first, 7)
        if history:
            learnt = self.table.times < us(first + WEEK)
        # A label that comes only after the test week has begun is not known when the model is made.
        learnt &= self.table.known <= us(first + 2 * WEEK)
        started = perf_counter()
        options = TrainingOptions(name="handbook", seed=seed)
        one = self.table.take(np.flatnonzero(learnt)).sample(self.most_rows, seed)
        trained = train(one, "EUR", options)
        self.seconds.append(perf_counter() - started)
        places = {one.name: place for place, one in enumerate(self.table.inputs)}
        columns = [places[one.name] for one in trained.model.head.inputs]
        test = np.flatnonzero(self.inside(first + 2 * WEEK, 7))
        rows = np.ascontiguousarray(self.table.rows[np.ix_(test, columns)])
        score = calibrate_many(trained.model.head.calibration, trained.model.scorer.many(rows))
        return pl.DataFrame({"tx_id": self.tx_ids[test], "score": score})

    def evaluate(self, scores: pl.DataFrame, *more: str) -> dict[str, float]:
        """Let the evaluator judge."""
        path = self.folder / "scores.parquet"
        scores.write_parquet(path)
        data = [part for file in self.files for part in ("--data", str(file))]
        done = subprocess.run(
            [self.python, str(EVALUATOR), str(path), *data, *more],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"the evaluator says: {done.stderr.strip()}")
        told = json.loads(done.stdout)
        return {name: told[name] for name in FIGURES}

    def part(self, name: str, seed: int, start: str) -> dict[str, float]:
        """Measure one part from one seed."""
        if name in FOLDS:
            parts = [self.scores(day, seed, history=False) for day in FOLDS[name]]
            return self.evaluate(pl.concat(parts), "--prequential", name)
        one = self.forest(start) if name == "harness" else self.scores(start, seed, history=name != "single")
        return self.evaluate(one, "--train-start", start)

    def forest(self, start: str) -> pl.DataFrame:
        """Fit the book's random forest on the book's features."""
        from sklearn.ensemble import RandomForestClassifier

        first = datetime.fromisoformat(start).replace(tzinfo=UTC)
        book = gather(self.files, self.folder, BOOK_POLICY)[0].table
        places = {one.name: place for place, one in enumerate(book.inputs)}
        rows = book.rows[:, [places[name] for name in ("amount", *BOOK)]].copy()
        # The book's risk is the share of frauds among the payments, and 0 where there is none.
        paid, risk = rows[:, -6:-3], rows[:, -3:]
        rows[:, -3:] = np.where(paid > 0, risk / np.maximum(paid, 1), 0)
        at = pl.Series(self.table.times).cast(pl.Datetime("us"))
        weekend, night = (at.dt.weekday() >= 6).to_numpy(), (at.dt.hour() <= 6).to_numpy()
        rows = np.nan_to_num(np.column_stack([rows, weekend, night]))
        learnt, test = self.inside(first, 7), np.flatnonzero(self.inside(first + 2 * WEEK, 7))
        forest = RandomForestClassifier(random_state=0, n_jobs=2).fit(rows[learnt], self.table.fraud[learnt])
        return pl.DataFrame({"tx_id": self.tx_ids[test], "score": forest.predict_proba(rows[test])[:, 1]})


class Lines:
    """Runs that are done, a JSON line for each, so that an interrupted measurement goes on where it was.

    A line counts only for the code, policy, map and data it was measured with.
    """

    def __init__(self, path: Path | None, files: list[Path], start: str) -> None:
        self.path = path
        self.made_with = fingerprint(files, start)
        self.known: dict[tuple[str, int], dict[str, Any]] = {}
        if path is not None and path.exists():
            for line in path.read_text("utf-8").splitlines():
                one = json.loads(line)
                if one["made_with"] == self.made_with:
                    self.known[one["part"], one["seed"]] = one

    def add(self, part: str, seed: int, figures: dict[str, float], most_seconds: float) -> None:
        """Keep one run."""
        one = {"part": part, "seed": seed, "figures": figures, "most_seconds": most_seconds}
        self.known[part, seed] = one
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps({**one, "made_with": self.made_with}) + "\n")


def fingerprint(files: list[Path], start: str) -> str:
    """Return a hash of everything that the figures follow from."""
    digest = hashlib.sha256(start.encode())
    code = sorted((ROOT / "src" / "satark" / "models").rglob("*.py"))
    for path in (*code, POLICY, BOOK_POLICY, MAP, Path(__file__), EVALUATOR):
        digest.update(path.read_bytes())
    for path in files:
        digest.update(f"{path.name} {path.stat().st_size}".encode())
    return digest.hexdigest()[:16]


def interval(values: list[float]) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % interval over seeds."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), T95.get(len(values), 2.0) * spread / math.sqrt(len(values))


def table(found: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """Return the table of results."""
    yield f"{'':<44}{'AUC':>16}{'AP':>18}{'CP@100':>18}"
    for name, runs in found.items():
        cells = [interval([run[figure] for run in runs]) for figure in FIGURES]
        told = "".join(
            f"{mean:>10.4f} ± {half:.4f}" if math.isfinite(half) else f"{mean:>18.4f}" for mean, half in cells
        )
        yield f"{f'{name}, {len(runs)} seeds':<40}{told}"
        for who, figures in PUBLISHED.get(name, {}).items():
            yield f"{'  published: ' + who:<40}" + "".join(f"{figure:>18.3f}" for figure in figures)


def main() -> None:
    """Measure what was asked for, and print one table; with --json one object of flat names besides."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, action="append", help="payments; may be repeated, in order of time"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--train-start", default=START, help="first day of the training week of the single split"
    )
    parser.add_argument("--evaluator-python", default=sys.executable, help="an interpreter that has pandas")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    parser.add_argument(
        "--lines", type=Path, help="keep every run here; runs that are there are not repeated"
    )
    given = parser.parse_args()
    files = given.data or [DATA]
    absent = [str(path) for path in (*files, EVALUATOR) if not path.exists()]
    if absent:
        print(f"skipped: {', '.join(absent)} is not there (SATARK_DATA, SATARK_EVAL)")
        return
    lines = Lines(given.lines, files, given.train_start)
    wanted = [
        (part, seed)
        for part in given.only
        for seed in range(1, 1 + (1 if part == "harness" else given.seeds))
    ]
    numbers: dict[str, float] = {}
    if any(one not in lines.known for one in wanted):
        numbers["learning_replay_s"] = run(wanted, lines, files, given)
    found: dict[str, list[dict[str, float]]] = {}
    for part, seed in wanted:
        found.setdefault(part, []).append(lines.known[part, seed]["figures"])
    print("\n".join(table(found)))
    numbers |= numbers_of(found)
    numbers["learning_fit_s_most"] = max(lines.known[one]["most_seconds"] for one in wanted)
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")


def run(wanted: list[tuple[str, int]], lines: Lines, files: list[Path], given: argparse.Namespace) -> float:
    """Measure what is not known yet, and return how long the replay took, in seconds."""
    with tempfile.TemporaryDirectory() as temp:
        made, replay_seconds = gather(files, Path(temp))
        bench = Bench(made, files, Path(temp), given.evaluator_python)
        print(
            f"replayed in {replay_seconds:.0f} s: {len(made.table):,} payments, {len(made.table.inputs)} inputs",
            flush=True,
        )
        for part, seed in wanted:
            if (part, seed) in lines.known:
                continue
            bench.seconds.clear()
            figures = bench.part(part, seed, given.train_start)
            most = round(max(bench.seconds, default=0.0), 1)
            lines.add(part, seed, figures, most)
            print(f"  {part}, seed {seed}, a fit took at most {most:.0f} s: {figures}", flush=True)
    return round(replay_seconds, 1)


def numbers_of(found: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Return flat names: the mean over the seeds, half of its interval, and the worst seed."""
    numbers: dict[str, float] = {}
    for part, runs in found.items():
        for figure in FIGURES:
            values = [one[figure] for one in runs]
            mean, half = interval(values)
            name = f"learning_{part}_{SHORT[figure]}"
            numbers[name] = round(mean, 4)
            if math.isfinite(half):
                numbers[f"{name}_interval"] = round(half, 4)
                numbers[f"{name}_worst"] = round(min(values), 4)
    if "harness" in found:
        published = PUBLISHED["harness"]["random forest"]
        off = [abs(found["harness"][0][figure] - one) for figure, one in zip(FIGURES, published, strict=True)]
        numbers["learning_harness_off"] = round(max(off), 4)
    return numbers


if __name__ == "__main__":
    main()
