"""Map files: every mistake at once with its place; values brought to facts exactly."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from satark.core.errors import InputInvalid
from satark.decisions.replay_map import load_map
from satark.events.frame import EventFile
from satark.policies import load_policy

EXAMPLES = Path(__file__).parents[3] / "examples"
GOOD = """
map: 1
facts:
  id: n
  occurred_at: t
  amount_minor: a
  method: {constant: upi}
"""


def mistakes(text):
    with pytest.raises(InputInvalid) as caught:
        load_map(text)
    return [str(one) for one in caught.value.fields["diagnostics"]]


def test_all_mistakes_are_told_with_line_and_near_name():
    found = mistakes(
        """map: 1
facts:
  id: n
  occured_at: t
  amount_minor: {column: a, unit: majr}
  customer: {colum: c}
label: {column: f, fraud_values: [1], delay: 7y}
resutl: {}
"""
    )
    text = "\n".join(found)
    for piece in (
        "map.yaml:4:3",
        "occurred_at",
        "map.yaml:5",
        "major",
        "map.yaml:6",
        "column",
        "7y",
        "map.yaml:8",
        "result",
    ):
        assert piece in text
    assert len(found) >= 5


def test_a_fact_that_every_payment_needs_cannot_be_left_out():
    assert "amount_minor" in mistakes("map: 1\nfacts: {id: n, occurred_at: t, method: {constant: upi}}")[0]


@pytest.mark.parametrize(
    "text", ["", "[]", "map: 1", "map: 2\nfacts: {}", "map: 1\nfacts: []", "a: &x [*x]", "\x00"]
)
def test_a_text_that_is_no_map_is_refused(text):
    assert mistakes(text)


def test_a_column_that_the_file_lacks_is_told_with_the_line_of_the_map(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("n,t,amt\n1,2026-01-01T00:00:00Z,5\n")
    with pytest.raises(InputInvalid, match=r"map.yaml:6: e.csv has no column 'a'"):
        list(EventFile(path, load_map(GOOD)).chunks())


def mapped(tmp_path, facts, frame):
    path = tmp_path / "e.parquet"
    frame.write_parquet(path)
    text = GOOD + "".join(f"  {name}: {source}\n" for name, source in facts.items())
    for name in facts:
        text = "\n".join(
            line for i, line in enumerate(text.split("\n")) if not (line.startswith(f"  {name}:") and i < 7)
        )
    (chunk,) = EventFile(path, load_map(text)).chunks()
    return chunk


def base(n, **columns):
    return pl.DataFrame(
        {
            "n": [f"i{k}" for k in range(n)],
            "t": [datetime(2026, 1, 1, tzinfo=UTC)] * n,
            "a": [1] * n,
            **columns,
        }
    )


def test_major_units_become_minor_ones_exactly(tmp_path):
    frame = base(5, rupees=[0.29, 1.1, 4.35, 1_234_567_890.12, 0.295])
    chunk = mapped(tmp_path, {"amount_minor": "{column: rupees, unit: major}"}, frame)
    assert chunk.frame["amount_minor"].to_list() == [29, 110, 435, 123_456_789_012]
    assert [(one.row, one.field) for one in chunk.refused] == [(5, "rupees")]


def test_the_minor_unit_is_that_of_each_rows_currency(tmp_path):
    frame = base(3, amount=["12", "12", "12"], cur=["JPY", "INR", "KWD"])
    chunk = mapped(tmp_path, {"amount_minor": "{column: amount, unit: major}", "currency": "cur"}, frame)
    assert chunk.frame["amount_minor"].to_list() == [12, 1200, 12000]


def test_a_time_without_an_offset_is_of_the_named_zone_and_one_that_is_not_there_is_refused(tmp_path):
    frame = base(3, when=["2026-01-01 05:30:00", "2026-03-29 02:30:00", "2026-10-25 02:30:00"])
    chunk = mapped(tmp_path, {"occurred_at": "{column: when, timezone: Asia/Kolkata}"}, frame)
    assert chunk.frame["occurred_at"][0] == 1_767_225_600_000_000
    chunk = mapped(tmp_path, {"occurred_at": "{column: when, timezone: Europe/Berlin}"}, frame)
    assert [one.row for one in chunk.refused] == [2, 3]


def test_numbers_of_seconds_become_times(tmp_path):
    frame = base(2, epoch=[0, 1_700_000_000])
    chunk = mapped(tmp_path, {"occurred_at": "{column: epoch, unit: s}"}, frame)
    assert chunk.frame["occurred_at"].to_list() == [0, 1_700_000_000_000_000]


def test_values_are_translated_and_unknown_ones_refused(tmp_path):
    frame = base(3, kind=["C", "U", "Z"])
    chunk = mapped(tmp_path, {"method": "{column: kind, values: {C: card, U: upi}}"}, frame)
    assert chunk.frame["method"].to_list() == ["card", "upi"]
    assert [(one.row, one.field) for one in chunk.refused] == [(3, "kind")]


def test_results_take_their_own_time_and_the_facts_of_their_payment(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("n,t,a,done,who,status\n1,2026-01-01T00:00:00Z,5,2026-01-01T00:09:00Z,c,ok\n")
    text = GOOD + "  customer: who\nresult: {outcome: {column: status, values: {ok: captured}}, time: done}\n"
    (chunk,) = EventFile(path, load_map(text)).chunks()
    (row,) = chunk.afterwards.iter_rows(named=True)
    assert (row["id"], row["type"], row["outcome"], row["customer"]) == (
        "1:result",
        "payment_result",
        "captured",
        "c",
    )
    assert row["occurred_at"] - chunk.frame["occurred_at"][0] == 540_000_000


def test_an_outcome_that_does_not_exist_is_a_mistake_of_the_map():
    assert "authorised" in mistakes(GOOD + "result: {outcome: {column: s, values: {ok: authorized}}}\n")[0]


def test_the_examples_read():
    assert len(load_policy(EXAMPLES / "handbook.policy.yaml").features) == 41
    made = load_map(EXAMPLES / "handbook.map.yaml")
    assert made.label.delay_us == 7 * 86_400_000_000
