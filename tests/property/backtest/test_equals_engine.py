"""A backtest over the log gives every payment the answer that the engine gave it: bit for bit, whatever came."""

from __future__ import annotations

import random

import msgspec
import polars as pl
import pytest
from tests.support.engine import (
    MINUTE_US,
    NOW_US,
    SECOND_US,
    SEED,
    TOKENS,
    Answer,
    Bench,
    label,
    payee_change,
    payment,
    result,
)
from tests.support.models import KNOTS

from satark.core.rates import RateTable
from satark.decisions.backtest.log_source import LogSource
from satark.decisions.backtest.run import Options, backtest
from satark.decisions.binding import bind_for
from satark.decisions.decide import Decider
from satark.decisions.list_edits import ListEdit
from satark.decisions.model import Decision
from satark.decisions.views import Lineup, View
from satark.features.spec import feature_signature
from satark.models import ModelHead, ModelInput, load_model, write_model
from satark.models.logistic_scorer import LogisticPayload
from satark.payments.simulation import Simulation, SimulationPlan
from satark.policies import ListBook, bundled_path, load_policy

POLICY = """
policy: tried
version: 1
features:
  card_1m: count() by card over 1m
  card_sum: sum(amount) by card over 1h
  card_mean: mean(amount) by card over 10m
  card_first_ip: first(ip_country) by card over 1h
  merchant_fraud: count(label == "fraud") by merchant over 1h
  merchant_declined: share_of(outcome == "declined") by merchant over 1h
  seen: count() by card+merchant over 1h
  added: count(change == "added") by customer over 1h
lists:
  stolen: {of: card, entries: [card_9]}
  watched: {of: merchant, entries: [merchant_2]}
model: {use: m.model, hash: HASH, if_missing: IF_MISSING}
rules:
  velocity: {when: card_1m > 3, action: hold, score: 0.7, reason: {en: x, hi: x}}
  stolen_card: {when: 'listed(card, "stolen")', action: block, score: 0.95, reason: {en: x, hi: x}}
  risky:
    when: merchant_fraud >= 2 or (seen > 4 and listed(merchant, "watched"))
    action: challenge
    score: 0.35
    reason: {en: x, hi: x}
  likely: {when: model_score > 0.3, action: hold, score: 0.6, reason: {en: "{model_score}", hi: x}}
  calm: {when: 'card_first_ip == "IN" and card_sum < 30000', exempt: [likely], reason: {en: x, hi: x}}
  off: {when: amount > 0, action: block, score: 0.99, reason: {en: x, hi: x}}
"""


def model_for(text):
    """A linear model over some features of a policy, and the policy that names it."""
    plain = load_policy(text.replace("HASH", "0" * 64))
    used = [one for one in plain.features if one.type in {"int", "float"}][:4]
    inputs = tuple(
        ModelInput(one.name, one.name, str(one.type), features={one.name: feature_signature(one)})
        for one in used
    )
    inputs += (ModelInput("amount", "amount", "int"),)
    n = len(inputs)
    payload = LogisticPayload(
        bias=-1.5, means=(2.0,) * n, scales=(1.0,) * (n - 1) + (90_000.0,), weights=(0.13,) * n,
        missing=(0.25,) * n,
    )  # fmt: skip
    data = write_model(ModelHead(1, "m", "logistic", inputs, "INR", KNOTS), msgspec.msgpack.encode(payload))
    model = load_model(data)
    policy = load_policy(text.replace("HASH", model.hash), folder=bundled_path().parent)
    return policy, bind_for(policy, model)


class ScoredBench(Bench):
    """An engine whose policy has a model and a rule that is switched off."""

    def __init__(self, policy, model, killed=frozenset(), **options):
        self.view = lambda: View(policy, model, {}, killed, ListBook.of(policy))
        super().__init__(policy=policy, **options)

    def fresh(self, rows=None):
        return Decider(Lineup(self.view()), windows_options=self.windows, rows=rows, seed=SEED)


def history(seed, n=260):
    """Events in the order of their arrival: some late, some before their payment, corrected labels, edits of lists."""
    dice = random.Random(seed)
    paid = []
    for number in range(n):
        at = NOW_US - 90 * MINUTE_US + number * 20 * SECOND_US
        # Late, too late, and now and then in the same second as another.
        at -= dice.choice([0, 0, 0, 0, SECOND_US * dice.randrange(240), MINUTE_US * dice.randrange(4, 30)])
        owner = dice.choice([1, 1, 1, 2])
        kind = dice.random()
        about = dice.choice(paid) if paid else (1, "p0")
        if kind < 0.62:
            event = payment(
                f"p{number}", at, card=f"card_{dice.randrange(6)}", merchant=f"merchant_{dice.randrange(4)}",
                customer=dice.choice([None, f"customer_{dice.randrange(5)}"]),
                amount_minor=dice.choice([900, 5_000, 250_000]), ip_country=dice.choice(["IN", "US", None]),
            )  # fmt: skip
            paid.append((owner, f"p{number}"))
            yield owner, event
        elif kind < 0.72:
            yield about[0], result(f"r{number}", about[1], at, dice.choice(["declined", "authorised"]))
        elif kind < 0.84:
            yield about[0], label(f"l{number}", about[1], at, dice.choice(["fraud", "genuine"]))
        elif kind < 0.88:
            # Of a payment that comes later: it waits.
            yield 1, label(f"l{number}", f"p{number + dice.randrange(1, 9)}", at, "fraud")
        elif kind < 0.94:
            yield owner, payee_change(f"c{number}", at, f"customer_{dice.randrange(5)}")
        else:
            name, of = dice.choice([("stolen", "card"), ("watched", "merchant")])
            yield owner, ListEdit(name, f"{of}_{dice.randrange(6)}", remove=dice.random() < 0.3)


def fill(bench, events):
    for number, (owner, event) in enumerate(events):
        if isinstance(event, ListEdit):
            answer = Answer()
            bench.service.edit_list(event, f"e{number}", answer.take)
            assert answer.wait().error is None
        else:
            outcome = bench.tell(event, owner)
            assert outcome.error is None, outcome.error


def bulk(bench, tmp_path, **options):
    out = tmp_path / "out.parquet"
    found = backtest(
        LogSource(bench.log, TOKENS),
        [bench.view()],
        Options(windows=bench.windows, out=out, slice_events=options.pop("slice_events", 37), **options),
    )
    rows = {row["seq"]: row for row in pl.read_parquet(out).iter_rows(named=True)}
    return found, rows


def online(bench):
    found = {}
    for entry in bench.log.read(0):
        if entry.kind == "payment":
            found[entry.seq] = msgspec.json.decode(entry.decision, type=Decision)
    return found


def differences(rows, decided):
    assert rows.keys() == decided.keys()
    told = []
    for seq, one in decided.items():
        row = rows[seq]
        got = (row["id"], row["action"], row["score"], row["rules"], row["late"], row.get("model_score"))
        score = None if one.model is None else one.model.score
        want = (one.id, one.would or one.action, one.score, [r.code for r in one.reasons], one.late, score)
        if got != want:
            told.append((seq, got, want))
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_backtest_over_the_log_equals_the_engine(seed, tmp_path):
    policy, model = model_for(POLICY.replace("IF_MISSING", "open"))
    bench = ScoredBench(policy, model, frozenset({"off"})).start()
    fill(bench, history(seed))
    found, rows = bulk(bench, tmp_path)
    decided = online(bench)
    assert differences(rows, decided) == []
    assert found.payments == len(decided)
    assert {one.action for one in decided.values()} == {"allow", "challenge", "hold", "block"}
    assert sum(one.late for one in decided.values()) > 5
    assert len({one.model.score for one in decided.values()}) > 20
    bench.stop()


@pytest.mark.parametrize("if_missing", ["open", "closed"])
def test_a_missing_model_degrades_a_backtest_as_it_does_the_engine(if_missing, tmp_path):
    policy, _ = model_for(POLICY.replace("IF_MISSING", if_missing))
    bench = ScoredBench(policy, None).start()
    fill(bench, history(4, 80))
    found, rows = bulk(bench, tmp_path)
    decided = online(bench)
    assert differences(rows, decided) == []
    assert found.candidate.degraded == {"model:m": len(decided)}
    assert all("model:m" in one.degraded for one in decided.values())
    assert [note.code for note in found.notes].count("model_missing") == 1
    bench.stop()


def test_a_backtest_that_starts_in_the_middle_of_the_log_equals_the_engine(tmp_path):
    text = POLICY.replace("over 1h", "over 12m").replace("IF_MISSING", "open")
    policy, model = model_for(text)
    windows = {"lateness_us": 2 * MINUTE_US}
    bench = ScoredBench(policy, model, windows=windows).start()
    for number, (owner, event) in enumerate(history(5)):
        # The clock goes along, so that the log says when each entry came.
        bench.clock.at_us = NOW_US - 90 * MINUTE_US + number * 20 * SECOND_US
        fill_one = [(owner, event)]
        if isinstance(event, ListEdit):
            answer = Answer()
            bench.service.edit_list(event, f"e{number}", answer.take)
            answer.wait()
        else:
            fill(bench, fill_one)
    from_us, to_us = NOW_US - 25 * MINUTE_US, NOW_US - 5 * MINUTE_US
    whole, rows = bulk(bench, tmp_path, from_us=from_us, to_us=to_us)
    decided = online(bench)
    inside = {seq: one for seq, one in decided.items() if from_us <= bench.log.get(seq).occurred_us < to_us}
    assert differences(rows, inside) == []
    assert len(inside) > 20
    # The margin for clocks that went back is an hour; without it the log is cut where the windows end.
    import satark.decisions.backtest.log_source as source

    kept, source.CLOCK_MARGIN_US = source.CLOCK_MARGIN_US, 0
    try:
        cut, rows = bulk(bench, tmp_path, from_us=from_us, to_us=to_us)
    finally:
        source.CLOCK_MARGIN_US = kept
    assert differences(rows, inside) == []
    assert int(cut.source.name.split()[0]) > 50
    assert cut.candidate.actions == whole.candidate.actions
    bench.stop()


def test_a_market_with_a_model_gets_the_same_answers_in_bulk(tmp_path):
    text = bundled_path().read_text("utf-8") + "\nmodel: {use: m.model, hash: HASH}\n"
    policy, model = model_for(text)
    bench = ScoredBench(policy, model, windows={"max_keys": 1 << 16, "max_entries": 1 << 16}).start()
    plan = SimulationPlan(seed=11, days=2, customers=90, merchants=30, payments_per_day=220, fraud_share=0.1)
    dice = random.Random(3)
    waiting = []
    for event in Simulation(plan).events():
        body = msgspec.json.encode(event)
        fields = msgspec.json.decode(body)
        at = pl.Series([fields.get("occurred_at") or fields.get("reported_at")]).str.to_datetime(
            time_zone="UTC", time_unit="us"
        )
        waiting.append((int(at.cast(pl.Int64)[0]), body))
    newest = 0
    for at, body in sorted(waiting, key=lambda one: one[0] + dice.choice([0, 0, 0, 60, 900]) * SECOND_US):
        newest = max(newest, at)
        bench.clock.at_us = newest
        outcome = bench.tell(body)
        assert outcome.error is None, outcome.error
    _, rows = bulk(bench, tmp_path, slice_events=111)
    decided = online(bench)
    assert differences(rows, decided) == []
    assert len(decided) > 300
    assert any(one.late for one in decided.values())
    assert len({one.score for one in decided.values()}) > 100
    bench.stop()


RATES_CSV = b"currency,date,rate\nUSD,2026-05-27,80\n"


def test_rates_count_from_their_own_place_in_the_log(tmp_path):
    policy = load_policy(
        "policy: abroad\nversion: 1\nrules:\n"
        "  much: {when: amount > 1000000, action: hold, score: 0.7, reason: {en: x, hi: x}}\n"
    )
    bench = Bench(policy=policy).start()
    bench.view = lambda: View(policy)
    bench.decide(payment("p1", amount_minor=200_00, currency="USD"))
    bench.rates = RateTable.from_csv("INR", RATES_CSV.decode())
    bench.options["inputs"] = [("rates", "INR", RATES_CSV)]
    bench.restart()
    bench.decide(payment("p2", amount_minor=200_00, currency="USD"))
    found, rows = bulk(bench, tmp_path)
    decided = online(bench)
    assert differences(rows, decided) == []
    assert [row["action"] for row in rows.values()] == ["allow", "hold"]
    assert found.candidate.degraded == {"rate:USD": 1}
    assert [note.numbers for note in found.notes if note.code == "no_amount"] == [{"payments": 1}]
    bench.stop()
