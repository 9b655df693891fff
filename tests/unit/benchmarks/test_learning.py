"""The programs that measure learning: what they keep of a run, what they tell, and how payments are split."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from benchmarks import large_file, learning, learning_s_ffsd
from benchmarks.__main__ import PARTS, SEEDS, Skipped, measure, repeated

FIGURES = {"auc_roc": 0.9, "average_precision": 0.7, "card_precision_at_100": 0.3}


def test_runs_that_are_kept_are_known_again_only_for_the_same_code_and_data(tmp_path):
    path, data = tmp_path / "runs.jsonl", tmp_path / "payments.parquet"
    data.write_bytes(b"12345")
    learning.Lines(path, [data], "2018-07-25").add("single", 1, FIGURES, 12.5)
    again = learning.Lines(path, [data], "2018-07-25")
    assert again.known["single", 1]["figures"] == FIGURES
    assert not learning.Lines(path, [data], "2018-08-01").known
    data.write_bytes(b"123456")
    assert not learning.Lines(path, [data], "2018-07-25").known


@pytest.fixture(autouse=True)
def evaluator(tmp_path, monkeypatch):
    """The evaluator is not part of the project; its bytes only go into the fingerprint here."""
    path = Path(tmp_path / "evaluator.py")
    path.write_text("pass", "utf-8")
    monkeypatch.setattr(learning, "EVALUATOR", path)


def test_numbers_are_the_mean_its_interval_and_the_worst_seed():
    runs = [FIGURES, {**FIGURES, "auc_roc": 0.8}]
    numbers = learning.numbers_of({"single": runs})
    assert numbers["learning_single_auc"] == pytest.approx(0.85)
    assert numbers["learning_single_auc_worst"] == pytest.approx(0.8)
    assert numbers["learning_single_auc_interval"] == pytest.approx(12.71 * 0.05, rel=1e-3)
    assert numbers["learning_single_ap_interval"] == 0


def test_one_run_has_no_interval():
    assert set(learning.numbers_of({"single": [FIGURES]})) == {
        f"learning_single_{name}" for name in learning.SHORT.values()
    }


def test_the_harness_is_judged_by_its_largest_difference():
    numbers = learning.numbers_of({"harness": [{**FIGURES, "auc_roc": 0.867, "average_precision": 0.658}]})
    assert numbers["learning_harness_off"] == pytest.approx(0.013)


def payments(n: int = 2_000) -> pl.DataFrame:
    """Return payments of which two thirds have a label, the last of them mostly fraud."""
    dice = np.random.default_rng(4)
    fraud = dice.random(n) < np.where(np.arange(n) > n * 0.8, 0.6, 0.1)
    label = [int(one) if place % 3 else None for place, one in enumerate(fraud)]
    return pl.DataFrame({"time_index": range(n), "label": pl.Series(label, dtype=pl.Int8)})


@pytest.mark.parametrize("how", learning_s_ffsd.SPLITS)
def test_two_fifths_of_the_labelled_payments_are_tested_and_no_others(how):
    frame = payments()
    tested = learning_s_ffsd.split(frame, how, 1)
    assert frame.filter(pl.Series(tested))["label"].null_count() == 0
    assert tested.sum() == pytest.approx(frame["label"].count() * 0.4, abs=2)


def test_the_ordered_split_tests_only_what_comes_last():
    frame = payments()
    tested = learning_s_ffsd.split(frame, "ordered", 1)
    learnt = frame["label"].is_not_null().to_numpy() & ~tested
    assert np.flatnonzero(learnt).max() < np.flatnonzero(tested).min()


def test_a_random_split_keeps_the_share_of_fraud():
    frame = payments()
    tested = learning_s_ffsd.split(frame, "random", 1)
    assert frame.filter(pl.Series(tested))["label"].mean() == pytest.approx(frame["label"].mean(), abs=0.002)


def test_neighbours_tell_fraud_where_it_comes_in_runs_and_nothing_where_it_does_not():
    frame = payments()
    assert learning_s_ffsd.neighbours(frame, 1)["auc"] > 0.62
    mixed = frame.with_columns(pl.col("label").shuffle(seed=3))
    assert learning_s_ffsd.neighbours(mixed, 1)["auc"] == pytest.approx(0.5, abs=0.08)


def test_seeds_are_told_as_runs():
    assert repeated("learning", quick=False, runs=3) == SEEDS
    assert repeated("learning_s_ffsd", quick=True, runs=3) == 1
    assert repeated("kernel", quick=False, runs=3) == 3
    assert repeated("handbook", quick=False, runs=3) == 1
    assert {"learning", "learning_s_ffsd", "learning_speed", "publishing", "backtest"} <= set(PARTS)


def test_numbers_come_from_the_file_that_the_program_wrote(monkeypatch):
    asked = []

    def run(module, *words):
        asked.append((module, words))
        Path(words[words.index("--json") + 1]).write_text(json.dumps({"learning_single_auc": 0.9}), "utf-8")
        return "a table"

    monkeypatch.setattr("benchmarks.__main__._run", run)
    assert measure("learning", quick=True, runs=1) == {"learning_single_auc": 0.9}
    assert asked[0][0] == "benchmarks.learning"
    assert "--lines" not in asked[0][1]


def test_learning_is_skipped_where_there_is_no_data(monkeypatch):
    monkeypatch.setattr("benchmarks.__main__._run", lambda *_: "skipped: payments.parquet is not there")
    with pytest.raises(Skipped, match="not there"):
        measure("learning_s_ffsd", quick=True, runs=1)


def test_a_large_file_holds_every_payment_once_and_is_as_large_as_was_asked_for(tmp_path, monkeypatch):
    data, out = tmp_path / "payments.parquet", tmp_path / "large.csv"
    at = pl.datetime_range(pl.datetime(2018, 4, 1), pl.datetime(2018, 4, 2), "2s", eager=True)
    payments = pl.DataFrame({"tx_id": range(len(at)), "tx_time": at, "amount_minor": 150, "fraud": False})
    payments.write_parquet(data)
    monkeypatch.setattr(large_file, "DATA", data)
    assert large_file.write(out, 5_000_000) == len(at) > 2 * large_file.SLICE_ROWS
    assert 5_000_000 <= out.stat().st_size < 10_000_000
    read = pl.read_csv(out, try_parse_dates=True)
    assert read["tx_id"].to_list() == payments["tx_id"].to_list()
    assert (read["tx_time"].dt.replace_time_zone(None).dt.cast_time_unit("us") == payments["tx_time"]).all()
