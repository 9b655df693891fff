from __future__ import annotations

import csv
import json

import polars as pl
import pytest

from satark.core.errors import InputInvalid
from satark.events import BASE_FACTS, decode_event
from satark.payments.simulation import Simulation, SimulationPlan
from satark.payments.simulation.flat import COLUMNS
from satark.payments.simulation.writers import parquet_schema, write_events, write_truth

PLAN = SimulationPlan(settle_days=3, customers=300, payments_per_day=400, fraud_share=0.05)


@pytest.fixture(scope="module")
def events():
    return list(Simulation(PLAN).events())


def test_json_lines_are_what_the_door_takes_when_written(events, tmp_path):
    path = tmp_path / "day.jsonl"
    assert write_events(events, path) == len(events)
    assert [decode_event(line) for line in path.read_bytes().splitlines()] == events


def test_files_are_the_same_bytes_when_the_plan_is_the_same(tmp_path):
    for name in ("day.jsonl", "day.csv"):
        first, second = tmp_path / f"1{name}", tmp_path / f"2{name}"
        write_events(Simulation(PLAN).events(), first)
        write_events(Simulation(PLAN).events(), second)
        assert first.read_bytes() == second.read_bytes()


def test_csv_has_one_column_per_fact_when_written(events, tmp_path):
    path = tmp_path / "day.csv"
    write_events(events, path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(events)
    known = set(BASE_FACTS) | {"type", "lat", "lon", "accuracy_m", "lines"}
    assert set(rows[0]) <= known
    basket = next(row for row in rows if row["lines"])
    assert json.loads(basket["lines"])[0]["price_minor"] > 0
    assert basket["occurred_at"].endswith("+00:00")


def test_parquet_holds_the_same_as_the_events_when_read_back(events, tmp_path):
    path = tmp_path / "day.parquet"
    write_events(events, path)
    frame = pl.read_parquet(path)
    assert frame.schema == parquet_schema()
    assert tuple(frame.columns) == COLUMNS
    assert frame["id"].to_list() == [event.id for event in events]
    place = next(place for place, event in enumerate(events) if getattr(event, "lines", ()))
    row, event = frame.row(place, named=True), events[place]
    assert row["amount_minor"] == event.amount_minor
    assert row["merchant"] == event.payee.merchant
    assert row["occurred_at"] == event.occurred_at
    assert [line["title"] for line in row["lines"]] == [line.title for line in event.lines]


def test_truth_can_be_joined_with_payments_when_written(events, tmp_path):
    simulation = Simulation(PLAN)
    write_events(simulation.events(), tmp_path / "day.parquet")
    for name in ("truth.csv", "truth.parquet", "truth.jsonl"):
        assert write_truth(simulation.truth.values(), tmp_path / name) == len(simulation.truth) > 0
    payments = pl.read_parquet(tmp_path / "day.parquet").filter(pl.col("type") == "payment")
    truth = pl.read_parquet(tmp_path / "truth.parquet")
    assert payments.join(truth, left_on="id", right_on="payment").height == truth.height


def test_an_unknown_ending_is_refused_when_a_file_is_named(events, tmp_path):
    with pytest.raises(InputInvalid, match=r"\.jsonl, \.csv, \.parquet"):
        write_events(events, tmp_path / "day.xlsx")
    with pytest.raises(InputInvalid):
        write_truth([], tmp_path / "truth.xlsx")


def test_an_old_file_stays_whole_when_writing_fails(events, tmp_path):
    path = tmp_path / "day.jsonl"
    path.write_text("before")

    def broken():
        yield from events[:10]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_events(broken(), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_progress_is_told_when_a_batch_is_written(events, tmp_path):
    told = []
    write_events(events, tmp_path / "day.jsonl", told.append)
    assert told[-1] == len(events)
