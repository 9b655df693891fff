"""Point-in-time training sets: what was known when each payment was decided, and the label known some time later."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from satark.core.errors import InputInvalid
from satark.decisions.export import OWN, export_features, readable_names
from satark.decisions.replay import replay
from satark.decisions.replay_map import load_map
from satark.policies import load_policy

POLICY = """
policy: small
version: 1
attributes: {tier: str, limit: int}
features:
  n: count() by customer over 1h
  total: sum(amount) by customer over 1h
  frauds: count(label == "fraud") by merchant over 30d
  last_ip: last(ip_country) by customer over 1h
rules:
  many: {when: n > 2, action: challenge, score: 0.4, reason: {en: "{n}", hi: "{n}"}}
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
label: {column: fraud, fraud_values: ["1"], genuine_values: ["0"], delay: 7d}
"""
ROWS = "no,when,rupees,who,shop,fraud\n" + "".join(
    f"{no},2026-01-0{day}T00:{no:02d}:00Z,{10 * no},{'ab'[no % 2]},s,{int(no in {2, 5})}\n"
    for no, day in [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 9), (7, 9)]
)


@pytest.fixture(scope="module")
def policy():
    return load_policy(POLICY)


def run(tmp_path, policy, text=ROWS, *, days=30, **options):
    path = tmp_path / "events.csv"
    path.write_text(text)
    out = tmp_path / "f.parquet"
    done = export_features(
        path, policy, out, delay_seconds=days * 86_400, mapping=load_map(MAP, policy.attributes), **options
    )
    return done, pl.read_parquet(out)


def test_columns_are_numbers_and_closed_sets_and_nothing_that_names_somebody(policy):
    names = readable_names(policy)
    assert {"amount", "method", "channel", "hour_ist", "is_night", "n", "total", "frauds", "mcc"} <= set(
        names
    )
    assert {"custom.limit"} <= set(names)
    personal = {
        "card", "customer", "phone", "email", "account", "vpa", "merchant", "device", "ip", "user_agent", "bin",
        "last4", "shipping_line", "shipping_pin", "billing_city", "payee_vpa", "email_domain", "fingerprint",
        "ip_prefix", "payer_key", "payee_key", "location", "id", "payment",
    }  # fmt: skip
    assert not personal & set(names)
    # Texts of which it is not known what they hold are left out as well.
    assert not {"custom.tier", "last_ip"} & set(names)


def test_text_is_taken_when_it_is_asked_for(policy):
    names = readable_names(policy, ["custom.tier", "last_ip", "merchant"])
    assert {"custom.tier", "last_ip", "merchant"} <= set(names)


@pytest.mark.parametrize("name", ["nothing", "location", "payee_added_at"])
def test_name_is_refused_when_no_model_can_read_it(policy, name):
    with pytest.raises(InputInvalid, match="no fact or feature"):
        readable_names(policy, [name])


def test_rows_are_those_of_a_replay(tmp_path, policy):
    done, frame = run(tmp_path, policy)
    features = tmp_path / "replayed.parquet"
    replay(
        tmp_path / "events.csv",
        policy,
        mapping=load_map(MAP, policy.attributes),
        features_out=features,
    )
    replayed = pl.read_parquet(features)
    names = ["id", "n", "total", "frauds"]
    assert frame.select(names).equals(replayed.select(names))
    assert done.rows == frame.height == 7
    assert tuple(frame.columns) == done.columns == (*OWN[:2], *readable_names(policy), *OWN[2:])
    assert frame["amount"].to_list() == [1_000 * no for no in range(1, 8)]


def test_features_hold_nothing_that_came_later(tmp_path, policy):
    whole = run(tmp_path, policy)[1]
    lines = ROWS.splitlines(keepends=True)
    for end in (3, 5, 7):
        part = run(tmp_path, policy, "".join(lines[:end]))[1]
        facts = [name for name in part.columns if name not in OWN[2:]]
        assert part.select(facts).equals(whole.head(part.height).select(facts))


def test_label_counts_when_it_was_known_within_the_delay(tmp_path, policy):
    done, frame = run(tmp_path, policy, days=7)
    assert frame["label"].to_list() == [
        "genuine",
        "fraud",
        "genuine",
        "genuine",
        "fraud",
        "genuine",
        "genuine",
    ]
    assert (done.fraud, done.genuine) == (2, 5)
    assert frame["label_at"][1] == datetime(2026, 1, 8, 0, 2, tzinfo=UTC)
    assert frame["label_from"].unique().to_list() == ["bank"]
    done, frame = run(tmp_path, policy, days=6)
    assert frame["label"].null_count() == frame["label_at"].null_count() == 7
    assert (done.fraud, done.genuine) == (0, 0)


def test_label_in_the_windows_counts_from_its_own_time_on(tmp_path, policy):
    frame = run(tmp_path, policy, days=0)[1]
    assert frame["frauds"].to_list() == [0, 0, 0, 0, 0, 2, 2]


EVENTS = """
{"type":"payment","id":"p1","occurred_at":"2026-01-01T00:00:00Z","amount_minor":100,"method":"upi"}
{"type":"label","id":"l1","event":"p1","label":"genuine","reporter":"customer","reported_at":"2026-01-02T00:00:00Z"}
{"type":"label","id":"l2","event":"p1","label":"fraud","reporter":"police","reported_at":"2026-01-03T00:00:00Z"}
{"type":"label","id":"l3","event":"p1","label":"genuine","reporter":"customer","reported_at":"2026-01-04T00:00:00Z"}
"""


@pytest.mark.parametrize(
    ("days", "label", "trust"),
    [(0, None, None), (1, "genuine", "customer"), (2, "fraud", "police"), (9, "fraud", "police")],
)
def test_most_trusted_label_known_by_then_holds(tmp_path, policy, days, label, trust):
    path = tmp_path / "events.jsonl"
    path.write_text(EVENTS.strip())
    out = tmp_path / "f.parquet"
    export_features(path, policy, out, delay_seconds=days * 86_400)
    assert pl.read_parquet(out).select("label", "label_from").rows() == [(label, trust)]


def test_slices_make_no_difference(tmp_path, policy):
    whole = run(tmp_path, policy)[1]
    assert run(tmp_path, policy, slice_events=2, chunk_rows=3)[1].equals(whole)


def test_nothing_is_left_when_a_row_is_bad(tmp_path, policy):
    with pytest.raises(InputInvalid, match="row 8"):
        run(tmp_path, policy, ROWS + "8,never,1,a,s,0\n")
    assert list(tmp_path.glob("f.parquet*")) == []
    done, frame = run(tmp_path, policy, ROWS + "8,never,1,a,s,0\n", on_bad_row="skip")
    assert (done.refused, frame.height) == (1, 7)


def test_file_without_payments_makes_an_empty_set(tmp_path, policy):
    done, _ = run(tmp_path, policy, ROWS.splitlines()[0] + "\n")
    assert done.rows == 0


def test_feature_named_like_a_column_of_the_set_is_refused():
    text = POLICY.replace("  n: count()", "  label_at: count() by card over 1h\n  n: count()")
    with pytest.raises(InputInvalid, match="label_at"):
        readable_names(load_policy(text))
