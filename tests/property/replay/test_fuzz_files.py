"""Whatever a file holds, a replay gives an answer or one of our errors, and an error leaves nothing behind."""

from __future__ import annotations

from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satark.core.errors import InputInvalid, SatarkError
from satark.decisions.replay import replay
from satark.decisions.replay_map import load_map
from satark.payments.simulation import Simulation, SimulationPlan
from satark.payments.simulation.writers import write_events
from satark.policies import load_policy

POLICY = """
policy: fuzz
version: 1
features:
  n: count() by customer over 10m
  total: sum(amount) by card over 1h
  frauds: count(label == "fraud") by merchant over 7d
rules:
  many: {when: n > 3 or cash_like_share > 0.5, action: hold, score: 0.6, reason: {en: "{n}", hi: "{n}"}}
"""
PLAN = SimulationPlan(seed=3, days=1, settle_days=3, customers=50, merchants=30, payments_per_day=40)
MAP = """
map: 1
facts:
  id: {column: id, prefix: x-}
  occurred_at: {column: occurred_at, timezone: Asia/Kolkata}
  amount_minor: {column: amount_minor, unit: major}
  method: {column: method, values: {card: card, upi: upi}}
  customer: customer
label: {column: label, fraud_values: [fraud], delay: 7d}
"""
NASTY = st.sampled_from(
    [
        b"",
        b"\x00",
        b"\xff",
        b'"',
        b",",
        b"\n",
        b"-",
        b"1e999",
        b"NaN",
        b"null",
        b"[",
        b"{}",
        b"9" * 30,
        b"2026-02-30T00:00:00Z",
        "४१११".encode(),
        b"4111111111111111",
        b"\r\n",
        b"payment",
        b"lines",
    ]
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    events = list(Simulation(PLAN).events())
    made = {}
    for suffix in (".csv", ".jsonl", ".parquet"):
        path = folder / f"e{suffix}"
        write_events(events, path)
        made[suffix] = path.read_bytes()
    return made


@pytest.fixture(scope="module")
def policy():
    return load_policy(POLICY)


CUTS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), NASTY), min_size=1, max_size=4)


@given(
    cuts=CUTS,
    suffix=st.sampled_from((".csv", ".jsonl", ".parquet")),
    skip=st.booleans(),
    by_map=st.booleans(),
)
@settings(max_examples=60)
def test_a_damaged_file_gives_an_answer_or_one_of_our_errors(
    files, policy, tmp_path_factory, cuts, suffix, skip, by_map
):
    body = files[suffix]
    for at, length, instead in cuts:
        place = int(at * len(body))
        body = body[:place] + instead + body[place + length :]
    folder = tmp_path_factory.mktemp("f")
    path, out = folder / f"e{suffix}", folder / "d.parquet"
    path.write_bytes(body)
    mapping = load_map(MAP) if by_map and suffix != ".jsonl" else None
    try:
        summary = replay(path, policy, mapping=mapping, out=out, on_bad_row="skip" if skip else "stop")
    except SatarkError:
        assert [one.name for one in folder.iterdir()] == [path.name]
        return
    assert pl.read_parquet(out).height == summary.payments


@given(
    text=st.text(alphabet=st.characters(codec="utf-8"), max_size=60),
    at=st.floats(0, 1),
    cut=st.integers(0, 20),
)
@settings(max_examples=200)
def test_a_damaged_map_is_read_or_refused(text, at, cut):
    place = int(at * len(MAP))
    with suppress(InputInvalid):
        load_map(MAP[:place] + text + MAP[place + cut :])
