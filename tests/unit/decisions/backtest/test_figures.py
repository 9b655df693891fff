"""The figures of a backtest, against a history small enough to be counted by hand."""

from __future__ import annotations

import polars as pl
import pytest

from satark.core.errors import InputInvalid
from satark.decisions.backtest.result import Costs, decode_result, encode_result
from satark.decisions.backtest.run import Options, backtest
from satark.decisions.backtest.sources import FileSource
from satark.decisions.replay_map import load_map
from satark.decisions.views import View
from satark.policies import load_policy

POLICY = """
policy: small
version: %(version)d
features:
  n: count() by customer over 1h
rules:
  large: {when: amount > rupees(%(limit)d), action: hold, score: 0.7, reason: {en: x, hi: x}}
  huge: {when: amount > rupees(900), action: hold, score: 0.7, reason: {en: x, hi: x}}
  often: {when: n > 2, action: challenge, score: 0.4, reason: {en: x, hi: x}}
  known: {when: 'merchant == "friend"', exempt: [large], reason: {en: x, hi: x}}
  never: {when: 'merchant == "nobody"', action: block, score: 0.95, reason: {en: x, hi: x}}
"""
MAP = """
map: 1
facts:
  id: no
  occurred_at: when
  amount_minor: {column: rupees, unit: major}
  method: {constant: card}
  customer: who
  merchant: shop
label: {column: fraud, fraud_values: ["1"], genuine_values: ["0"]}
"""
# id, minute of the first day, rupees, customer, shop, label
ROWS = [
    ("a", "05:00", "600", "c1", "s", "1"),  # large: held, fraud
    ("b", "05:10", "1000", "c2", "s", "0"),  # large, huge: held, genuine
    ("c", "05:20", "1200", "c3", "friend", "1"),  # huge; large is exempt: held, fraud
    ("d", "05:30", "700", "c4", "friend", "0"),  # exempt: allowed, genuine
    ("e", "05:31", "10", "c5", "s", "0"),
    ("f", "05:32", "10", "c5", "s", "0"),
    ("g", "05:33", "10", "c5", "s", "0"),  # often: challenged, genuine
    ("h", "05:34", "10", "c5", "s", "1"),  # often: challenged, fraud
    ("i", "07:00", "50", "c6", "s", "1"),  # allowed, fraud
    ("j", "07:10", "2000", "c7", "s", ""),  # large, huge: held, no label
]


def policy(limit=500, version=1):
    return load_policy(POLICY % {"limit": limit, "version": version})


def run(tmp_path, rows=ROWS, *, against=None, labels=None, **options):
    path = tmp_path / "events.csv"
    lines = [f"{no},2026-01-02T{at}:00+05:30,{rest}" for no, at, *parts in rows for rest in [",".join(parts)]]
    path.write_text("no,when,rupees,who,shop,fraud\n" + "\n".join(lines) + "\n")
    views = [View(policy())] if against is None else [View(policy()), View(against)]
    options.setdefault("costs", Costs(5_000, 10_000, 0.5, 48.0))
    return backtest(FileSource(path, labels, load_map(MAP)), views, Options(**options))


def test_actions_money_and_shares(tmp_path):
    found = run(tmp_path)
    one = found.candidate
    assert {name: total.payments for name, total in one.actions.items()} == {
        "allow": 4, "challenge": 2, "hold": 4, "block": 0,
    }  # fmt: skip
    hold = one.actions["hold"]
    assert (hold.fraud, hold.genuine, hold.fraud_minor, hold.amount_minor) == (2, 1, 180_000, 480_000)
    assert one.fraud_stopped_minor == 180_000
    assert one.fraud_challenged_minor == 1_000
    assert one.fraud_missed_minor == 5_000
    assert (one.genuine_troubled, one.customers_troubled) == (2, 2)
    assert (one.precision.part, one.precision.whole) == (3, 5)
    assert (one.recall.part, one.recall.whole) == (3, 4)
    assert one.stop_recall.value == 0.5
    assert one.recall_by_worth == pytest.approx(181_000 / 186_000)
    assert one.precision.low < 0.6 < one.precision.high
    # Four alerts, two genuine payments troubled, half of what was missed.
    assert one.cost_minor == 4 * 5_000 + 2 * 10_000 + 2_500
    assert (found.labels.labelled, found.labels.fraud, found.labels.payments) == (9, 4, 10)
    assert found.amount_minor == 559_000


def test_what_each_rule_does_and_adds(tmp_path):
    rules = {one.code: one for one in run(tmp_path).candidate.rules}
    large, huge, often, known, never = (rules[n] for n in ("large", "huge", "often", "known", "never"))
    assert (large.fired, large.fraud, large.genuine, large.alone) == (3, 1, 1, 1)
    # Without `large` only a goes free; b and j are huge, c and d are exempt.
    assert (large.marginal_flagged, large.marginal_stopped, large.marginal_fraud) == (1, 1, 1)
    assert (large.marginal_fraud_minor, large.marginal_genuine, large.marginal_alerts) == (60_000, 0, 1)
    assert (huge.fired, huge.marginal_flagged, huge.marginal_fraud_minor) == (3, 1, 120_000)
    assert (often.fired, often.marginal_fraud, often.marginal_genuine, often.marginal_stopped) == (2, 1, 1, 0)
    assert often.marginal_alerts == 0
    # It spares d, so without it more would be flagged.
    assert (known.fired, known.marginal_flagged, known.marginal_genuine) == (2, -1, -1)
    assert never.dead
    assert not never.redundant
    assert (large.precision.value, large.recall.value) == (0.5, 0.25)


def test_overlaps_and_redundant_rules(tmp_path):
    found = run(tmp_path)
    pairs = {(one.first, one.second): (one.both, one.share) for one in found.candidate.overlaps}
    assert pairs == {("large", "huge"): (2, pytest.approx(2 / 3)), ("huge", "known"): (1, 0.5)}
    same = load_policy(POLICY % {"limit": 500, "version": 3} + "  twin: {when: amount > rupees(900), action: hold, "
                       "score: 0.7, reason: {en: x, hi: x}}\n")  # fmt: skip
    path = tmp_path / "events.csv"
    rules = backtest(FileSource(path, None, load_map(MAP)), [View(same)], Options()).candidate.rules
    assert {one.code for one in rules if one.redundant} == {"huge", "twin"}


def test_killed_rules_neither_fire_nor_exempt(tmp_path):
    run(tmp_path)
    view = View(policy(), killed=frozenset({"known", "often"}))
    found = backtest(FileSource(tmp_path / "events.csv", None, load_map(MAP)), [view], Options())
    assert found.candidate.killed == ["known", "often"]
    assert {n: t.payments for n, t in found.candidate.actions.items() if t.payments} == {
        "allow": 5,
        "hold": 5,
    }


def test_queue_load_by_hour(tmp_path):
    queue = run(tmp_path).candidate.queue
    # a, b and c in the hour from 5, j in that from 7.
    assert (queue.alerts, queue.most, queue.queues) == (4, 3, {"review": 4})
    assert queue.by_hour[5] == 3
    assert queue.by_hour[7] == 1
    assert queue.mean == pytest.approx(4 / 3)
    assert [count for _, count in queue.days] == [4]


def test_the_curve_has_its_least_cost_and_its_best_within_the_budget(tmp_path):
    (curve,) = run(tmp_path).candidate.curves
    assert [(p.threshold, p.flagged, p.fraud, p.genuine) for p in curve.points[1:]] == [
        (0.7, 4, 2, 1), (0.4, 6, 3, 2), (0.0, 10, 4, 5),
    ]  # fmt: skip
    costs = [p.cost_minor for p in curve.points]
    assert costs == [93_000, 4 * 5_000 + 10_000 + 3_000, 6 * 5_000 + 20_000 + 2_500, 10 * 5_000 + 50_000]
    assert curve.cost_optimal == 1
    # Two hours and a bit at 48 a day are four payments.
    assert curve.budget_optimal == 1
    assert curve.points[0].precision is None
    assert curve.points[2].recall == 0.75


def test_two_policies_are_compared_event_by_event(tmp_path):
    out, changes = tmp_path / "o.parquet", tmp_path / "d.parquet"
    found = run(tmp_path, against=policy(650, 2), out=out, differences=changes)
    difference = found.difference
    assert (found.candidate.version, found.against.version) == (1, 2)
    assert difference.changed == 1
    assert (difference.fraud_stopped_minor, difference.fraud_stopped, difference.genuine_troubled) == (
        60_000,
        1,
        0,
    )
    assert difference.cost_minor == found.candidate.cost_minor - found.against.cost_minor
    cells = {(one.before, one.after): (one.payments, one.fraud) for one in difference.matrix}
    assert cells[("allow", "hold")] == (1, 1)
    (example,) = difference.examples
    assert (example.id, example.before, example.after, example.rules_after) == (
        "a",
        "allow",
        "hold",
        ["large"],
    )
    rows = pl.read_parquet(changes).rows(named=True)
    assert [(row["id"], row["label"], row["before"], row["after"]) for row in rows] == [
        ("a", "fraud", "allow", "hold")
    ]
    decisions = pl.read_parquet(out)
    assert decisions.height == 10
    changed = decisions.filter(pl.col("action") != pl.col("against_action"))
    assert changed["id"].to_list() == ["a"]
    assert decode_result(encode_result(found)) == found


def test_only_payments_within_the_bounds_count_and_earlier_ones_fill_the_windows(tmp_path):
    from satark.decisions.backtest.times import bound_us

    whole = run(tmp_path)
    from_us, to_us = bound_us("2026-01-02T05:33:00+05:30"), bound_us("2026-01-02T07:00:00+05:30")
    part = run(tmp_path, from_us=from_us, to_us=to_us)
    assert part.payments == 2
    assert part.candidate.actions["challenge"].payments == 2
    assert whole.source.from_us < part.source.from_us
    with pytest.raises(InputInvalid, match="no payments in that time"):
        run(tmp_path, from_us=to_us + 10**12)
    with pytest.raises(InputInvalid, match="after the time from which"):
        run(tmp_path, from_us=to_us, to_us=from_us)


def test_labels_of_a_file_beside_are_the_truth_and_the_most_trusted_reporter_wins(tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "payment,label,reporter,reported_at\n"
        "j,fraud,customer,2026-01-03T00:00:00Z\nj,genuine,issuer,2026-01-03T00:00:00Z\n"
        "zz,fraud,issuer,2026-01-03T00:00:00Z\n"
    )
    found = run(tmp_path, labels=labels)
    assert (found.labels.labelled, found.labels.genuine, found.labels.disputed) == (10, 6, 1)
    assert found.candidate.actions["hold"].genuine == 2
    assert "disputed" in {note.code for note in found.notes}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("payment,lable\nj,1\n", "has no column label"),
        ("payment,label\nj,perhaps\n", "row 1: label must be fraud or genuine"),
        ("payment,label,reported_at\nj,fraud,yesterday\n", "reported_at must be"),
    ],
)
def test_a_file_of_labels_that_cannot_be_used_is_refused(tmp_path, text, said):
    labels = tmp_path / "labels.csv"
    labels.write_text(text)
    with pytest.raises(InputInvalid, match=said):
        run(tmp_path, labels=labels)


def test_without_labels_nothing_is_said_about_fraud(tmp_path):
    found = run(tmp_path, [(*row[:-1], "") for row in ROWS])
    assert [note.code for note in found.notes][:1] == ["no_labels"]
    assert found.candidate.precision.value is None
    assert found.candidate.curves[0].cost_optimal is None
    assert found.candidate.curves[0].auc is None


def test_labels_of_one_class_are_no_error(tmp_path):
    for label in "01":
        found = run(tmp_path, [(*row[:-1], label) for row in ROWS])
        assert found.candidate.curves[0].auc is None
        assert found.candidate.recall.value == (None if label == "0" else 0.6)


def test_a_bad_row_stops_the_run_and_nothing_is_written(tmp_path):
    out = tmp_path / "o.parquet"
    with pytest.raises(InputInvalid, match="row 2"):
        run(tmp_path, [ROWS[0], ("b", "05:10", "much", "c", "s", "0")], out=out)
    assert not out.exists()
    with pytest.raises(InputInvalid, match="differences need a second policy"):
        run(tmp_path, differences=tmp_path / "d.parquet")


def test_policies_of_different_currencies_are_not_compared(tmp_path):
    other = load_policy(
        POLICY.replace("version:", "base_currency: EUR\nversion:") % {"limit": 5, "version": 2}
    )
    with pytest.raises(InputInvalid, match="currencies"):
        run(tmp_path, against=other)
