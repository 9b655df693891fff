"""Bulk replay: what is read, what is refused, and that an error leaves nothing behind."""

from __future__ import annotations

import json

import polars as pl
import pytest

from satark.core.errors import InputInvalid, StorageUnavailable, WindowsFull
from satark.decisions.replay import replay
from satark.decisions.replay_map import load_map
from satark.policies import load_policy

POLICY = """
policy: small
version: 1
features:
  n: count() by customer over 10m
  frauds: count(label == "fraud") by merchant over 10m
rules:
  many: {when: n > 2, action: challenge, score: 0.4, reason: {en: "{n}", hi: "{n}"}}
  risky: {when: frauds > 0, action: block, score: 0.9, reason: {en: "{frauds}", hi: "{frauds}"}}
"""
MAP = """
map: 1
facts:
  id: {column: no, prefix: t}
  occurred_at: when
  amount_minor: {column: rupees, unit: major}
  method: {constant: card}
  customer: who
  merchant: shop
label: {column: fraud, fraud_values: ["1"], delay: DELAY}
"""
HEADER = "no,when,rupees,who,shop,fraud\n"


@pytest.fixture(scope="module")
def policy():
    return load_policy(POLICY)


def rows(*many):
    return HEADER + "".join(f"{no},2026-01-02T00:{at}Z,{rest}\n" for no, at, rest in many)


def run(tmp_path, policy, text, *, delay="5m", **options):
    path = tmp_path / "events.csv"
    path.write_text(text)
    out, features = tmp_path / "d.parquet", tmp_path / "f.parquet"
    mapping = load_map(MAP.replace("DELAY", delay))
    summary = replay(path, policy, mapping=mapping, out=out, features_out=features, **options)
    decisions = {row["id"]: row for row in pl.read_parquet(out).iter_rows(named=True)}
    return summary, decisions, pl.read_parquet(features)


def test_a_delayed_label_counts_when_it_ties_with_a_payment(tmp_path, policy):
    text = rows((1, "00:00", "5,a,s,1"), (2, "04:59.999999", "5,b,s,0"), (3, "05:00", "5,c,s,0"))
    _, decisions, features = run(tmp_path, policy, text)
    assert features["frauds"].to_list() == [0, 0, 1]
    assert [decisions[name]["action"] for name in ("t1", "t2", "t3")] == ["allow", "allow", "block"]


def test_a_label_without_delay_comes_after_its_own_payment(tmp_path, policy):
    text = rows((1, "00:00", "5,a,s,1"), (2, "00:00", "5,b,s,0"))
    _, _, features = run(tmp_path, policy, text, delay="0")
    assert features["frauds"].to_list() == [0, 1]


def test_events_are_sorted_by_time_with_ties_in_the_order_of_the_file(tmp_path, policy):
    text = rows((1, "09:00", "5,a,s,"), (2, "00:00", "5,a,s,"), (3, "09:00", "5,a,s,"))
    summary, _, features = run(tmp_path, policy, text, slice_events=1, chunk_rows=1)
    assert features.rows() == [("t2", 1, 0), ("t1", 2, 0), ("t3", 3, 0)]
    assert summary.late == 0


def test_the_summary_counts_actions_rules_and_money(tmp_path, policy):
    text = rows(
        (1, "00:00", "1.50,a,s,1"), (2, "00:01", "2,a,s,0"), (3, "00:02", "3,a,s,1"), (4, "06:00", "4,b,s,1")
    )
    summary, _, _ = run(tmp_path, policy, text)
    assert summary.actions == {"allow": 2, "challenge": 1, "hold": 0, "block": 1}
    assert summary.rules == {"many": 1, "risky": 1}
    assert (summary.amount_minor, summary.stopped_minor, summary.challenged_minor) == (1050, 400, 300)
    assert summary.events == {"label": 4, "payment": 4}
    quality = summary.quality
    assert (quality.labelled, quality.frauds, quality.flagged) == (4, 3, 2)
    assert (quality.precision, quality.recall, quality.base_rate) == (1.0, 2 / 3, 0.75)
    assert quality.auc_score == pytest.approx(2.5 / 3)
    assert quality.auc_action == pytest.approx(2.5 / 3)
    assert (quality.fraud_minor, quality.fraud_stopped_minor) == (850, 400)
    assert json.loads(json.dumps(summary.to_json()))["quality"]["frauds"] == 3


@pytest.mark.parametrize(
    ("bad", "field", "expected"),
    [
        ("2,2026-01-02T00:00:01,5,a,s,0", "occurred_at", "offset"),
        ("2,yesterday,5,a,s,0", "occurred_at", "offset"),
        ("2,2026-01-02T00:00:01Z,5.001,a,s,0", "rupees", "places"),
        ("2,2026-01-02T00:00:01Z,-5,a,s,0", "amount_minor", "from 0"),
        ("2,2026-01-02T00:00:01Z,,a,s,0", "amount_minor", "present"),
        ("2,2026-01-02T00:00:01Z,5,a b,s,0", "customer", "1 to 64"),
        ("2,2026-01-02T00:00:01Z,5,4111111111111111,s,0", "customer", "card numbers"),
        ("1,2026-01-02T00:00:01Z,5,a,s,0", "id", "used once"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_written(tmp_path, policy, bad, field, expected):
    text = rows((1, "00:00", "5,a,s,0")) + bad + "\n"
    with pytest.raises(InputInvalid) as caught:
        run(tmp_path, policy, text)
    assert caught.value.fields["row"] == 2
    assert caught.value.fields["field"] == field
    assert expected in str(caught.value)
    assert "4111111111111111" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv"]


def test_bad_rows_are_counted_when_they_are_to_be_skipped(tmp_path, policy):
    text = rows(
        (1, "00:00", "5,a,s,0"), (2, "00:01", "x,a,s,0"), (3, "00:02", "5,a,s,0"), (3, "00:02", "5,a,s,0")
    )
    summary, decisions, _ = run(tmp_path, policy, text, on_bad_row="skip")
    assert (summary.rows, summary.refused, summary.repeated, summary.payments) == (4, 1, 1, 2)
    assert summary.refusals == [
        {"row": 2, "field": "rupees", "expected": summary.refusals[0]["expected"], "found": "another value"}
    ]
    assert sorted(decisions) == ["t1", "t3"]


def test_a_file_that_cannot_be_used_is_an_input_error(tmp_path, policy):
    for name, content in (
        ("a.txt", b"x"),
        ("a.parquet", b"not parquet"),
        ("b.csv", b"id,occured_at\n1,2\n"),
        ("c.csv", b"id,occurred_at,amount_minor\n1,2,3\n"),
        ("d.csv", b"\xff\xfe\x00"),
        ("e.jsonl", b"{"),
        ("f.csv", b""),
        ("g.csv", b'id,occurred_at,amount_minor,method\n"1,2,3\n'),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputInvalid):
            replay(path, policy)
    with pytest.raises(InputInvalid, match="did you mean occurred_at"):
        replay(tmp_path / "b.csv", policy)
    with pytest.raises(InputInvalid):
        replay(tmp_path / "absent.parquet", policy)


def test_the_target_is_checked_before_anything_is_read(tmp_path, policy):
    with pytest.raises(InputInvalid, match="parquet"):
        replay(tmp_path / "none.csv", policy, out=tmp_path / "d.csv")
    with pytest.raises(InputInvalid, match="folder"):
        replay(tmp_path / "none.csv", policy, out=tmp_path / "absent" / "d.parquet")


def test_progress_ends_at_its_total(tmp_path, policy):
    seen = []
    text = rows(*((n, f"00:{n:02d}", "5,a,s,0") for n in range(9)))
    run(
        tmp_path,
        policy,
        text,
        chunk_rows=4,
        slice_events=4,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (27, 27)
    assert all(done <= total for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_missing_rate_is_degraded_and_not_a_zero(tmp_path):
    policy = load_policy(
        """
        policy: sums
        version: 1
        features: {total: sum(amount) by card over 10m, n: count() by card over 10m}
        rules: {any: {when: total > 0, action: hold, score: 0.5, reason: {en: "{total}", hi: "{total}"}}}
        """
    )
    path = tmp_path / "e.jsonl"
    path.write_text(
        "\n".join(
            f'{{"id":"p{n}","occurred_at":"2026-01-02T00:00:0{n}Z","amount_minor":100,"method":"card",'
            f'"currency":"{currency}","card":{{"token":"c"}}}}'
            for n, currency in enumerate(("INR", "XAF", "INR"))
        )
    )
    summary = replay(path, policy, out=tmp_path / "d.parquet", features_out=tmp_path / "f.parquet")
    assert pl.read_parquet(tmp_path / "f.parquet")["total"].to_list() == [100, 100, 200]
    assert pl.read_parquet(tmp_path / "d.parquet")["degraded"].to_list() == [[], ["rate:XAF"], []]
    assert summary.degraded == {"rate:XAF": 1}
    assert summary.amount_minor == 200


def test_observe_mode_answers_allow_and_tells_what_it_would(tmp_path):
    policy = load_policy(POLICY.replace("version: 1", "version: 1\nmode: observe"))
    text = rows((1, "00:00", "5,a,s,1"), (2, "06:00", "5,a,s,1"))
    summary, decisions, _ = run(tmp_path, policy, text)
    assert [decisions[name]["action"] for name in ("t1", "t2")] == ["allow", "allow"]
    assert [decisions[name]["would"] for name in ("t1", "t2")] == ["allow", "block"]
    assert summary.actions["block"] == 1


def test_too_little_memory_for_the_windows_is_said_and_nothing_is_written(tmp_path, policy):
    text = rows(*((n, f"00:{n % 60:02d}", f"5,c{n},s{n},0") for n in range(3_000)))
    with pytest.raises(WindowsFull):
        run(
            tmp_path,
            policy,
            text,
            windows_options={"max_entries": 2_048, "max_keys": 512, "memory_bytes": 1 << 20},
        )
    assert not (tmp_path / "d.parquet").exists()


def test_a_policy_without_features_or_rules_replays(tmp_path):
    policy = load_policy("policy: empty\nversion: 1\nrules: {}\n")
    summary, decisions, _ = run(tmp_path, policy, rows((1, "00:00", "5,a,s,1")))
    assert decisions["t1"]["action"] == "allow"
    assert summary.payments == 1


def test_an_empty_file_gives_an_empty_answer(tmp_path, policy):
    summary, decisions, _ = run(tmp_path, policy, HEADER)
    assert (summary.rows, summary.payments, decisions, summary.quality) == (0, 0, {}, None)


def test_no_room_for_temporary_parts_is_said(tmp_path, policy, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(StorageUnavailable, match="No space left"):
        run(tmp_path, policy, rows((1, "00:00", "5,a,s,1")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv"]
