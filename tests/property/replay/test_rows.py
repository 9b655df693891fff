"""The rows of a frame equal those that are written one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.features.encode import RowWriter
from satark.features.frame_rows import rows_from_frame
from satark.features.plan import make_plan
from satark.policies import load_policy

POLICY = """
policy: rows
version: 1
attributes: {x: float, ok: bool}
features:
  a: count(amount > 100) by card over 10m
  b: sum(amount) by card+merchant over 1d
  c: distinct(device) by card over 1d
  d: first(ip_country) by card over 30d
  e: speed(location) by card
  f: mean(amount / 7) by customer over 1d
  g: count(label == "fraud") by merchant over 7d
  h: new(device) by line_count
  i: share_of(method == "card") by card over 1h
  j: max(custom.x * 3.5) by card over 1h
  k: distinct(custom.ok) by card+line_count over 1h
  l: last(device) by merchant over 1h
rules: {}
"""
TEXT = st.sampled_from((None, "a", "b", "a\u0301", "नमस्ते", "x" * 64))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "amount": st.sampled_from((None, 0, 5, 101, -7, 2**53 - 1, 2**53, -(2**53), 2**63 - 1)),
            "card": TEXT,
            "merchant": TEXT,
            "customer": TEXT,
            "device": TEXT,
            "ip_country": TEXT,
            "method": st.sampled_from(("card", "upi", None)),
            "line_count": st.sampled_from((None, 0, 3, -1)),
            "custom.x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "custom.ok": st.sampled_from((True, False, None)),
            "location": st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 1e6)),
        }
    ),
    max_size=12,
)
DTYPES = {
    "amount": pl.Int64,
    "line_count": pl.Int64,
    "custom.x": pl.Float64,
    "custom.ok": pl.Boolean,
    "location": pl.Struct({"lat": pl.Float64, "lon": pl.Float64, "accuracy_m": pl.Float64}),
}


@pytest.fixture(scope="module")
def plan():
    return make_plan(load_policy(POLICY).features)


@given(rows=ROWS, seed=st.sampled_from((0, 7)))
def test_rows_are_equal_bit_for_bit_when_written_in_bulk_or_one_by_one(plan, rows, seed):
    names = plan.names_of(
        "payment", frozenset(DTYPES) | {"card", "merchant", "customer", "device", "ip_country", "method"}
    )
    writer = RowWriter(plan, "payment", names, seed=seed)
    width = 8 * plan.layout.n_inputs
    buffer = bytearray(width * len(rows))
    for place, row in enumerate(rows):
        writer.write(buffer, place * width, [row[name] for name in names], None, place + 1, place * 1_000)
    one_by_one = np.frombuffer(buffer, dtype=np.int64).reshape(len(rows), plan.layout.n_inputs)
    texts = {}
    frame = pl.DataFrame(
        {
            name: pl.Series([cell(row[name]) for row in rows], dtype=DTYPES.get(name, pl.String))
            for name in names
        }
    )
    seqs = np.arange(1, len(rows) + 1)
    bulk = rows_from_frame(
        plan, "payment", frame, seqs=seqs, times_us=(seqs - 1) * 1_000, seed=seed, texts=texts
    )
    assert np.array_equal(bulk, one_by_one)
    assert texts == writer.texts.copy()


def cell(value):
    return dict(zip(("lat", "lon", "accuracy_m"), value, strict=True)) if isinstance(value, tuple) else value
