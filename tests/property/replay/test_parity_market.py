"""A replay of a simulated market equals the live way, bit for bit, from every form of file."""

from __future__ import annotations

import polars as pl
import pytest

from satark.decisions.replay import replay
from satark.payments.simulation import Simulation, SimulationPlan
from satark.payments.simulation.writers import write_events
from satark.policies import load_bundled

PLAN = SimulationPlan(seed=7, days=2, customers=120, merchants=40, payments_per_day=300, fraud_share=0.1)


@pytest.fixture(scope="module")
def policy():
    return load_bundled()


@pytest.fixture(scope="module")
def events():
    return list(Simulation(PLAN).events())


@pytest.fixture(scope="module")
def online(parity, policy, events):
    return parity.Online(policy).feed(events)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet", ".structs.parquet"])
def test_replay_equals_the_live_way_when_a_market_is_read_from_a_file(
    parity, policy, events, online, tmp_path, suffix
):
    path = tmp_path / f"market{suffix}"
    if suffix.startswith(".structs"):
        write_events(events, tmp_path / "market.jsonl")
        pl.read_ndjson(tmp_path / "market.jsonl", infer_schema_length=None).write_parquet(path)
    else:
        write_events(events, path)
    out, features = tmp_path / "d.parquet", tmp_path / "f.parquet"
    summary = replay(path, policy, out=out, features_out=features, chunk_rows=300, slice_events=170)
    got = parity.bulk_answers(pl.read_parquet(out), pl.read_parquet(features))
    assert parity.first_difference(got, online) == ""
    assert summary.rows == len(events)
    assert summary.payments == len(online)
    assert summary.refused == summary.repeated == 0
    assert summary.quality is not None
    assert summary.quality.frauds > 0
