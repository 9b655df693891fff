"""How well `satark train` learns on S-FFSD, whose payments have an order and no time.

A synthetic clock is declared: row n happened n minutes after an arbitrary start (examples/s_ffsd.map.yaml). Of the
labelled payments 60 % are learnt from and 40 % tested; unlabelled ones fill windows, and are neither learnt nor tested:

- *random*: drawn by lot in each class, so that learnt and tested payments lie between each other, and a learnt label is
  known to the next payment;
- *random_late*: the same, but a label is known only a day (1,440 rows) after its payment;
- *ordered*: the last 40 % in the file's order are tested, which is what a bank would meet. Fraud is 49 % of the
  labelled payments in the last eighth against 7 to 16 % before, so this is another and harder problem.

Labels of tested payments are taken out of the file before anything reads it: no window counts them, nothing chooses or
calibrates by them. What a random split is worth shows in the line *neighbours*: the decaying mean of the labels that
were learnt just before in the file, of whatever customer and merchant, with nothing else. Fraud comes in dense runs of
the file (in one sixteenth of it 96 % of the labelled payments are fraud, in the next 3 %), and in a random split the
labels around a tested payment, or any number that drifts along the file, tell on which run it lies. High figures there
say that windows use this well, not that a model would find fraud so well tomorrow.

The published graph models were tested on a random split, too (their code draws a fifth of the labelled payments), and
their graph joins payments of one customer, merchant, place or kind in both directions with the labels upon them.

    python -m benchmarks.learning_s_ffsd --seeds 5
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from dataclasses import replace
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
SPLITS = ("random", "ordered", "random_late")
LATE_US = 86_400_000_000
DECAY = 0.9
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
    mapping = load_map(MAP, policy.attributes)
    if how == "random_late" and mapping.label is not None:
        mapping = replace(mapping, label=replace(mapping.label, delay_us=LATE_US))
    made = training_set(events, policy, mapping=mapping, scored=Span())
    learnt = frame["label"].is_not_null().to_numpy() & ~tested
    if len(made.table) != learnt.sum():
        raise SystemExit(f"{len(made.table)} payments are learnt from, {learnt.sum()} should be")
    trained = train(made.table, policy.base_currency, TrainingOptions(name="s_ffsd", seed=seed))
    scores = made.score(trained.model).with_columns(
        pl.col("id").str.slice(2).cast(pl.Int64).alias("time_index")
    )
    truth = frame.select(pl.col("time_index").cast(pl.Int64), "label").filter(pl.Series(tested))
    both = truth.join(scores, on="time_index", how="inner")
    if len(both) != tested.sum():
        raise SystemExit(f"{len(both)} payments were scored, {tested.sum()} should be")
    fraud, score = (both["label"] == 1).to_numpy(), both["score"].to_numpy()
    ones = np.ones(len(both))
    return {"auc": auc(fraud, score, ones), "ap": average_precision(fraud, score, ones)}


def neighbours(frame: pl.DataFrame, seed: int) -> dict[str, float]:
    """Return the figures of the decaying mean of learnt labels before each tested payment, in the random split."""
    from satark.models.training.measure import auc, average_precision

    tested = split(frame, "random", seed)
    scores, fraud, level = [], [], 0.0
    for label, test in zip(frame["label"].to_list(), tested.tolist(), strict=True):
        if test:
            scores.append(level)
            fraud.append(label == 1)
        elif label is not None:
            level = DECAY * level + (1 - DECAY) * label
    given = np.array(fraud), np.array(scores), np.ones(len(scores))
    return {"auc": auc(*given), "ap": average_precision(*given)}


def main() -> None:
    """Measure every split and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SPLITS, default=SPLITS)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    given = parser.parse_args()
    if not DATA.exists():
        print(f"skipped: {DATA} is not there (SATARK_DATA)")
        return
    frame = pl.read_parquet(DATA).sort("time_index")
    numbers: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temp:
        for how in ("neighbours", *given.only):
            started = perf_counter()
            runs = []
            for seed in range(1, given.seeds + 1):
                runs.append(
                    neighbours(frame, seed) if how == "neighbours" else measure(frame, how, seed, Path(temp))
                )
                if how != "neighbours":
                    print(f"  {how}, seed {seed}: {runs[-1]}", flush=True)
            cells = []
            for figure in ("auc", "ap"):
                values = [run[figure] for run in runs]
                mean, half = interval(values)
                name = f"learning_s_ffsd_{how}_{figure}"
                numbers[name] = round(mean, 4)
                if math.isfinite(half):
                    numbers[f"{name}_interval"] = round(half, 4)
                    numbers[f"{name}_worst"] = round(min(values), 4)
                told = f" ± {half:.4f}" if math.isfinite(half) else ""
                cells.append(f"{figure.upper()} {mean:.4f}{told}")
            seconds = (perf_counter() - started) / given.seeds
            print(f"{how:<12} {', '.join(cells)}  ({given.seeds} seeds, {seconds:.0f} s each)", flush=True)
            if given.json:
                given.json.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
    for who, (area, precision) in PUBLISHED.items():
        print(f"published on a random split: {who:<6} AUC {area:.3f}, AP {precision:.3f}")


if __name__ == "__main__":
    main()
