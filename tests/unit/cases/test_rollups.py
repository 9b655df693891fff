from __future__ import annotations

import json

import msgspec
import pytest

from satark.cases import rollups
from satark.cases.rollups import DAY_GRAIN, HOUR_GRAIN, Tally, base_amount, hour_of, quantile_us
from satark.decisions.ports import LogEntry

AT_US = 1_790_000_000_000_000


def entry(seq=1, *, action="hold", at_us=AT_US, body=None, features=None, decision=True, **changes):
    told = {
        "action": action,
        "score": 0.7,
        "reasons": [{"code": "velocity"}],
        "degraded": [],
        "latency_us": {"total": 61},
        **changes,
    }
    event = {"amount_minor": 50_000, "currency": "INR", "method": "card", "shipping": {"pin": "400001"}}
    return LogEntry(
        seq, 1, f"p{seq}", "payment", at_us, at_us + 9_000_000_000, 0, "", b"",
        json.dumps({**event, **(body or {})}).encode(),
        json.dumps(told).encode() if decision else None,
        features,
    )  # fmt: skip


def counted(*entries, grain=HOUR_GRAIN):
    tally = Tally()
    tally.take(entries)
    return {(measure, key): (n, minor) for g, _, measure, key, n, minor in tally.rows() if g == grain}


def test_every_measure_is_counted_when_payment_was_held():
    assert counted(entry()) == {
        ("action", "hold"): (1, 50_000),
        ("score", "14.hold"): (1, 50_000),
        ("state", "MH.hold"): (1, 50_000),
        ("method", "card.hold"): (1, 50_000),
        ("rule", "velocity"): (1, 50_000),
        ("latency", "02"): (1, 0),
    }


def test_what_was_released_by_lot_counts_as_allowed():
    assert ("action", "allow") in counted(entry(action="allow", would="hold", released=True))


def test_what_would_have_been_counts_when_policy_only_observes():
    assert ("action", "block") in counted(entry(action="allow", would="block"))


def test_rule_stops_no_money_when_payment_was_allowed():
    assert counted(entry(action="allow"))["rule", "velocity"] == (1, 0)


def test_rule_counts_once_when_it_gives_two_reasons():
    assert counted(entry(reasons=[{"code": "a"}, {"code": "a"}]))["rule", "a"][0] == 1


def test_hour_is_that_of_the_act_in_india_when_entry_arrived_later():
    tally = Tally()
    tally.take([entry()])
    assert {(grain, bucket) for grain, bucket, *_ in tally.rows()} == {
        (HOUR_GRAIN, hour_of(AT_US)),
        (DAY_GRAIN, hour_of(AT_US) // 24),
    }


def test_days_add_their_hours_up_when_rows_are_made():
    found = counted(entry(1), entry(2, at_us=AT_US - 3_600_000_000), grain=DAY_GRAIN)
    assert found["action", "hold"] == (2, 100_000)


def test_entry_is_passed_over_when_it_has_no_decision_or_a_broken_one():
    broken = msgspec.structs.replace(entry(), decision=b"{")
    assert counted(entry(decision=False), broken) == {}


def test_decision_counts_without_amount_when_its_body_was_removed():
    bare = msgspec.structs.replace(entry(), body=b"")
    found = counted(bare)
    assert found["action", "hold"] == (1, 0)
    assert found["state", "-.hold"] == (1, 0)


def test_state_is_where_the_bill_goes_when_goods_go_nowhere():
    found = counted(entry(body={"shipping": None, "billing": {"pin": "194101"}}))
    assert ("state", "LA.hold") in found


def test_state_is_where_the_payer_is_when_there_is_no_address():
    body = {"shipping": None, "location": {"lat": 13.08, "lon": 80.27}}
    assert ("state", "TN.hold") in counted(entry(body=body))


@pytest.mark.parametrize(
    ("currency", "features", "amount"),
    [
        ("INR", None, 500),
        ("USD", None, 0),
        ("USD", msgspec.msgpack.encode(["v", [1, 2], 41_500]), 41_500),
        ("USD", msgspec.msgpack.encode(["v", [1, 2], None]), 0),
        ("USD", b"\xc1", 0),
    ],
)
def test_amount_is_in_rupees_when_currency_is_another(currency, features, amount):
    assert base_amount(500, currency, features) == amount


def test_quantile_is_the_last_bound_when_all_were_slower():
    histogram = [0] * len(rollups.LATENCY_BOUNDS_US) + [3]
    assert quantile_us(histogram, 0.5) == rollups.LATENCY_BOUNDS_US[-1]
