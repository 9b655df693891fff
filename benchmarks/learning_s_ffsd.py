"""How well `satark train` learns on S-FFSD, whose payments have an order and no time.

A synthetic clock is declared: row n happened n minutes after an arbitrary start (examples/s_ffsd.map.yaml). Two splits
of the labelled payments, each with 60 % to learn from:

- *random*, as published with the graph models: learnt and tested payments lie between each other;
- *ordered*: the last 40 % in the file's order are tested, which is what a bank would meet. Fraud is 49 % of the
  labelled payments in the last eighth against 7 to 16 % before, so this is another and harder problem.

Labels of tested payments are taken out of the file before anything reads it: no window counts them. Windows are causal
in both splits; the published graph models of the random split also see learnt labels that lie later in the file.

    python -m benchmarks.learning_s_ffsd --seeds 5
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from benchmarks.learning import interval

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))
DATA = Path(os.environ.get("SATARK_DATA", ROOT / ".." / "shared" / "data")) / "payments" / "s_ffsd.parquet"
POLICY = ROOT / "examples" / "s_ffsd.policy.yaml"
MAP = ROOT / "examples" / "s_ffsd.map.yaml"
START = datetime(2020, 1, 1, tzinfo=UTC)
LEARNT = 0.6
PUBLISHED = {"MCNN": (0.713, 0.331), "STAGN": (0.766, 0.360), "GTAN": (0.829, 0.659), "RGTAN": (0.846, 0.694)}


def split(frame: pl.DataFrame, how: str, seed: int) -> np.ndarray:
    """Return which rows are tested."""
    label = frame["label"].to_numpy()
    labelled = np.flatnonzero(np.isin(label, (0, 1)))
    if how == "ordered":
        tested = labelled[round(len(labelled) * LEARNT) :]
    else:
        dice = np.random.default_rng(seed)
        classes = [dice.permutation(labelled[label[labelled] == one]) for one in (0, 1)]
        tested = np.concatenate([rows[round(len(rows) * LEARNT) :] for rows in classes])
    mask = np.zeros(len(frame), dtype=bool)
    mask[tested] = True
    return mask


def measure(frame: pl.DataFrame, how: str, seed: int, folder: Path) -> dict[str, float]:
    """Train on one split from one seed and return AUC and AP of the tested payments."""
    from satark.decisions.replay_map import load_map
    from satark.decisions.training_set import Span, training_set
    from satark.models.training.fit import train
    from satark.models.training.measure import auc, average_precision
    from satark.models.training.options import TrainingOptions
    from satark.policies import load_policy

    tested = split(frame, how, seed)
    events = folder / "events.parquet"
    frame.with_columns(
        (pl.lit(START) + pl.duration(minutes=pl.col("time_index")))
        .cast(pl.Datetime("us", "UTC"))
        .alias("at"),
        pl.when(~pl.Series(tested)).then(pl.col("label")).alias("label"),
    ).write_parquet(events)
    policy = load_policy(POLICY)
    made = training_set(events, policy, mapping=load_map(MAP, policy.attributes), scored=Span())
    trained = train(made.table, policy.base_currency, TrainingOptions(name="s_ffsd", seed=seed))
    scores = made.score(trained.model).with_columns(
        pl.col("id").str.slice(2).cast(pl.Int64).alias("time_index")
    )
    truth = frame.select(pl.col("time_index").cast(pl.Int64), "label").filter(pl.Series(tested))
    both = truth.join(scores, on="time_index", how="inner")
    fraud, score = (both["label"] == 1).to_numpy(), both["score"].to_numpy()
    ones = np.ones(len(both))
    return {"auc": auc(fraud, score, ones), "ap": average_precision(fraud, score, ones)}


def main() -> None:
    """Measure both splits and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    given = parser.parse_args()
    if not DATA.exists():
        print(f"skipped: {DATA} is not there (SATARK_DATA)")
        return
    frame = pl.read_parquet(DATA).sort("time_index")
    numbers: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temp:
        for how in ("random", "ordered"):
            started = perf_counter()
            runs = [measure(frame, how, seed, Path(temp)) for seed in range(1, given.seeds + 1)]
            cells = []
            for figure in ("auc", "ap"):
                mean, half = interval([run[figure] for run in runs])
                numbers[f"learning_s_ffsd_{how}_{figure}"] = round(mean, 4)
                cells.append(f"{figure.upper()} {mean:.4f} ± {half:.4f}")
            seconds = (perf_counter() - started) / given.seeds
            print(f"{how:<8} {', '.join(cells)}  ({given.seeds} seeds, {seconds:.0f} s each)", flush=True)
    for who, (area, precision) in PUBLISHED.items():
        print(f"published on a random split: {who:<6} AUC {area:.3f}, AP {precision:.3f}")
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
