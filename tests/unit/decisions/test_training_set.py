"""Gathering past payments to train on: nothing from the future, every label from when it was known, clear refusals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from satark.core.errors import InputInvalid
from satark.decisions.replay import replay
from satark.decisions.replay_map import load_map
from satark.decisions.training_set import Span, training_set
from satark.features.spec import feature_signature
from satark.models import bind_model, load_model
from satark.models.training.fit import train
from satark.models.training.options import TrainingOptions
from satark.policies import load_policy
from satark.policies.names import known_facts, rule_names

START_US = 1_767_225_600_000_000
DAY_US = 86_400_000_000
QUICK = TrainingOptions(fits=1, trials=0, rounds=75, threads=1)
POLICY = """
policy: small
version: 1
features:
  payments: count() by merchant over 7d
  declined: count(outcome == "declined") by merchant over 7d
  frauds: count(label == "fraud") by merchant over 7d
  genuine: count(label == "genuine") by merchant over 7d
  customer_mean: mean(amount) by customer over 30d
training:
  exclude: [line_count]
rules: {}
"""
MAP = """
map: 1
facts:
  id: {column: no, prefix: t}
  occurred_at: when
  amount_minor: amount
  method: {constant: card}
  customer: who
  merchant: shop
label: {column: fraud, fraud_values: ["1"], delay: DELAY}
result: {outcome: {column: outcome}, time: settled}
"""


@pytest.fixture(scope="module")
def policy():
    return load_policy(POLICY)


def payments(n=1_500, *, fraud_share=0.15, seed=3) -> pl.DataFrame:
    """Return payments of once-seen merchants; a fraud's merchant declines something an hour after the fraud."""
    dice = np.random.default_rng(seed)
    at = np.sort(dice.integers(0, 40 * DAY_US, n)) + START_US
    fraud = dice.random(n) < fraud_share
    return pl.DataFrame(
        {
            "no": np.arange(n),
            "when": at,
            "amount": dice.integers(100, 100_000, n),
            "who": [f"c{one}" for one in dice.integers(0, 300, n)],
            "shop": [f"m{one}" for one in range(n)],
            "fraud": fraud.astype(int),
            "outcome": ["declined" if one else "authorised" for one in fraud],
            "settled": at + 3_600_000_000,
        }
    ).with_columns(
        pl.col("when", "settled").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.col("no").cast(pl.String),
    )


def gathered(tmp_path, policy, frame, *, delay="2d", text=MAP, **options):
    path = tmp_path / "events.parquet"
    frame.write_parquet(path)
    return training_set(path, policy, mapping=load_map(text.replace("DELAY", delay)), **options)


def column(made, name):
    return made.table.rows[:, [one.name for one in made.table.inputs].index(name)]


def test_a_signal_that_only_the_future_holds_is_not_found(tmp_path, policy):
    made = gathered(tmp_path, policy, payments())
    # Both the label and what its merchant did afterwards would tell everything, had a window seen them.
    assert column(made, "frauds").max() == column(made, "declined").max() == 0
    figures = train(made.table, "INR", QUICK).card["held_out"]["model"]
    auc, low, high = figures["auc"]
    assert low < 0.5 < high
    assert auc < 0.65


def test_the_same_signal_is_found_where_it_was_there_in_time(tmp_path, policy):
    frame = payments()
    # Every merchant pays twice; whether the first payment was declined tells whether the second is fraud.
    first = frame.with_columns(
        (pl.lit("a") + pl.col("no")).alias("no"),
        pl.col("when") - pl.duration(hours=9),
        pl.col("settled") - pl.duration(hours=9),
        pl.lit(0, pl.Int64).alias("fraud"),
    )
    second = frame.with_columns(pl.lit("authorised").alias("outcome"))
    made = gathered(tmp_path, policy, pl.concat([first, second]).sort("when"))
    assert train(made.table, "INR", QUICK).card["held_out"]["model"]["auc"][0] > 0.95


def test_labels_count_from_when_they_were_known(tmp_path, policy):
    made = gathered(tmp_path, policy, payments(300), delay="3d", span=Span(as_of_us=START_US + 10 * DAY_US))
    table = made.table
    assert (table.known - table.times == 3 * DAY_US).all()
    assert table.known.max() <= START_US + 10 * DAY_US
    assert made.notes["payments_of_unknown_outcome"] == 300 - len(table)


def test_a_span_trains_on_its_payments_but_windows_see_what_was_before(tmp_path, policy):
    frame = payments(300).with_columns(pl.lit("c1").alias("who"))
    whole = gathered(tmp_path, policy, frame)
    start = START_US + 20 * DAY_US
    part = gathered(tmp_path, policy, frame, span=Span(start_us=start, end_us=start + 5 * DAY_US))
    inside = (whole.table.times >= start) & (whole.table.times < start + 5 * DAY_US)
    assert 10 < len(part.table) == inside.sum()
    assert np.array_equal(part.table.rows, whole.table.rows[inside], equal_nan=True)


def test_payments_that_are_only_scored_are_kept_apart_and_need_no_label(tmp_path, policy):
    frame = payments()
    cut = START_US + 30 * DAY_US
    made = gathered(tmp_path, policy, frame, span=Span(end_us=cut, as_of_us=cut), scored=Span(start_us=cut))
    assert made.table.times.max() < cut
    model = train(made.table, "INR", QUICK).model
    scores = made.score(model)
    later = frame.filter(pl.col("when").cast(pl.Int64) >= cut)
    assert scores["id"].to_list() == [f"t{no}" for no in later["no"]]
    assert scores["score"].is_between(0, 1).all()


def test_customers_known_as_defrauded_are_marked_from_the_report_on(tmp_path, policy):
    hours = [0, 47, 49, 49, 24 * 17]
    at = [START_US + one * 3_600_000_000 for one in hours]
    frame = pl.DataFrame(
        {
            "no": [str(place) for place in range(5)],
            "when": at,
            "amount": [100] * 5,
            "who": ["c1", "c1", "c1", "c2", "c1"],
            "shop": [f"m{place}" for place in range(5)],
            "fraud": [1, 0, 0, 0, 0],
            "outcome": ["authorised"] * 5,
            "settled": at,
        }
    ).with_columns(pl.col("when", "settled").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    # Reported after two days, and remembered for two weeks.
    assert gathered(tmp_path, policy, frame).table.compromised.tolist() == [False, False, True, False, False]


def test_labels_may_stand_in_a_file_of_their_own(tmp_path, policy):
    frame = payments(200)
    events = tmp_path / "events.parquet"
    frame.write_parquet(events)
    labels = tmp_path / "labels.jsonl"
    labels.write_text(
        "".join(
            f'{{"type": "label", "id": "l{row["no"]}", "event": "t{row["no"]}", "label": "fraud",'
            f' "reporter": "issuer", "reported_at": "2026-02-20T00:00:00Z"}}\n'
            for row in frame.iter_rows(named=True)
            if row["fraud"]
        )
    )
    text = "\n".join(line for line in MAP.splitlines() if not line.startswith("label"))
    made = training_set(events, policy, mapping=load_map(text), labels_path=labels)
    assert made.table.n_frauds == frame["fraud"].sum()
    # Nobody reports genuine payments here, and sixty days of silence have not passed.
    assert len(made.table) == made.table.n_frauds


def test_genuine_payments_are_thinned_out_and_stand_for_more(tmp_path, policy):
    whole = gathered(tmp_path, policy, payments())
    part = gathered(tmp_path, policy, payments(), most_rows=800)
    assert part.table.n_frauds == whole.table.n_frauds
    assert len(part.table) <= 800
    assert part.table.weights.sum() == pytest.approx(len(whole.table), rel=0.1)


def test_a_clock_that_runs_ahead_is_told(tmp_path, policy):
    with pytest.raises(InputInvalid, match="from the future"):
        gathered(tmp_path, policy, payments(50), span=Span(now_us=START_US + DAY_US))


def test_an_id_used_twice_is_refused(tmp_path, policy):
    frame = payments(50).with_columns(
        pl.when(pl.col("no") == "7").then(pl.lit("8")).otherwise("no").alias("no")
    )
    with pytest.raises(InputInvalid, match="used once"):
        gathered(tmp_path, policy, frame)
    made = gathered(tmp_path, policy, frame, on_bad_row="skip")
    assert made.notes["rows_refused"] == 1


def test_one_class_alone_is_refused(tmp_path, policy):
    made = gathered(tmp_path, policy, payments(200, fraud_share=0.0))
    with pytest.raises(InputInvalid, match="are genuine"):
        train(made.table, "INR", QUICK)


def test_a_file_without_events_is_refused(tmp_path, policy):
    with pytest.raises(InputInvalid):
        gathered(tmp_path, policy, payments(5).head(0))


def test_what_the_policy_excludes_is_no_input(tmp_path, policy):
    names = [one.name for one in gathered(tmp_path, policy, payments(50)).table.inputs]
    assert "line_count" not in names
    assert {"amount", "frauds_share", "amount_over_customer_mean"} <= set(names)


def test_a_trained_model_fits_its_policy_and_scores_one_event_as_it_scored_many(tmp_path, policy):
    cut = START_US + 30 * DAY_US
    made = gathered(tmp_path, policy, payments(), span=Span(end_us=cut), scored=Span(start_us=cut))
    model = load_model(train(made.table, policy.base_currency, QUICK).data)
    names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
    bound = bind_model(
        model, names, {one.name: feature_signature(one) for one in policy.features}, policy.base_currency
    )
    out = tmp_path / "features.parquet"
    replay(
        tmp_path / "events.parquet", policy, mapping=load_map(MAP.replace("DELAY", "2d")), features_out=out
    )
    features = {row["id"]: row for row in pl.read_parquet(out).iter_rows(named=True)}
    facts = {f"t{row['no']}": row for row in payments().iter_rows(named=True)}
    order = sorted(bound.needed)
    score = bound.compile(order)
    assert len(made.others) > 100
    for row in made.score(model).iter_rows(named=True):
        own = facts[row["id"]]
        values = {
            **features[row["id"]],
            "amount": own["amount"],
            "method": "card",
            "channel": "unknown",
            "currency": "INR",
            "occurred_at": int(own["when"].timestamp() * 1_000_000),
            "quantity": 0,
        }
        assert score([values[name] for name in order], None) == row["score"]


CIRCLES = 6
GRAPH = POLICY.replace(
    "exclude: [line_count]", "{exclude: [line_count], graph: {customer: merchant}}"
).replace("training:\n  {", "training: {")


def circles(n=3_000, *, seed=5) -> pl.DataFrame:
    """Return payments of customers at merchants of their circle; a fraud is one in another circle."""
    dice = np.random.default_rng(seed)
    frame = payments(n, fraud_share=0.1, seed=seed)
    who = dice.integers(0, 120, n)
    astray = np.where(frame["fraud"].to_numpy() == 1, dice.integers(1, CIRCLES, n), 0)
    shop = dice.integers(0, 20, n) * CIRCLES + (who + astray) % CIRCLES
    return frame.with_columns(
        pl.Series("who", [f"c{one}" for one in who]), pl.Series("shop", [f"m{one}" for one in shop])
    )


CUT = START_US + 20 * DAY_US


def test_fraud_outside_the_own_circle_is_found_by_the_graph_alone(tmp_path, policy):
    with_graph = gathered(tmp_path, load_policy(GRAPH), circles(), span=Span(start_us=CUT))
    without = gathered(tmp_path, policy, circles(), span=Span(start_us=CUT))
    trained = train(with_graph.table, "INR", QUICK)
    assert trained.card["held_out"]["model"]["auc"][0] > 0.9
    assert trained.card["source"] == {}
    assert with_graph.notes["graphs"] == {
        "customer, merchant": {"names": 120, "partners": 120, "dimensions": 16}
    }
    assert train(without.table, "INR", QUICK).card["held_out"]["model"]["auc"][0] < 0.65


def test_payments_that_train_are_not_in_their_own_graph(tmp_path):
    frame, policy = circles(), load_policy(GRAPH)
    whole = gathered(tmp_path, policy, frame, span=Span(start_us=CUT))
    before = frame.filter(pl.col("when").cast(pl.Int64) < CUT)
    # Whatever comes from the first day on, the graph is the same; here everybody goes to one merchant.
    other = frame.with_columns(
        pl.when(pl.col("when").cast(pl.Int64) < CUT).then("shop").otherwise(pl.lit("m1")).alias("shop")
    )
    changed = gathered(tmp_path, policy, other, span=Span(start_us=CUT))
    tables = [made.table.embeddings["customer", "merchant"].table for made in (whole, changed)]
    assert tables[0] == tables[1]
    assert len(before) > 1_000
    assert np.nanstd(column(whole, "customer_near_merchant")) > 0.2


def test_graph_does_not_depend_on_how_the_file_is_cut_into_slices(tmp_path):
    policy, span = load_policy(GRAPH), Span(start_us=CUT)
    made = [
        gathered(tmp_path, policy, circles(), span=span, slice_events=slices).table
        for slices in (700, 1_000_000)
    ]
    assert np.array_equal(made[0].rows, made[1].rows, equal_nan=True)
    pair = ("customer", "merchant")
    assert made[0].embeddings[pair].table == made[1].embeddings[pair].table


def test_graph_needs_a_first_day_and_payments_before_it(tmp_path):
    with pytest.raises(InputInvalid, match="say with --from"):
        gathered(tmp_path, load_policy(GRAPH), circles(200))
    with pytest.raises(InputInvalid, match=r"the graph of customer and merchant has 0 and 0 names"):
        gathered(tmp_path, load_policy(GRAPH), circles(200), span=Span(start_us=START_US))


def test_model_with_a_graph_is_written_with_its_table_and_read_again(tmp_path):
    policy = load_policy(GRAPH)
    made = gathered(tmp_path, policy, circles(), span=Span(start_us=CUT), scored=Span(start_us=CUT))
    trained = train(made.table, "INR", QUICK)
    model = load_model(trained.data)
    assert (
        model.embeddings["customer", "merchant"].table == made.table.embeddings["customer", "merchant"].table
    )
    assert made.score(model).equals(made.score(trained.model))
    (near,) = (one for one in model.head.inputs if one.partner)
    assert near.says_hi.startswith("ऐसे ग्राहक के लिए यह व्यापारी")


def test_table_is_left_out_where_the_model_does_not_use_it(tmp_path):
    made = gathered(tmp_path, load_policy(GRAPH), circles(), span=Span(start_us=CUT))
    column(made, "customer_near_merchant")[:] = 0.5
    model = train(made.table, "INR", QUICK).model
    assert model.head.card["left_out"]["customer_near_merchant"] == "always the same"
    assert model.embeddings == {}
