from __future__ import annotations

import msgspec
import pytest

from satark.api.answers import BatchAnswer
from satark.events.examples import GOLD_COIN_BY_CARD as PAYMENT

PATH = "/v1/decisions/batch"


def _events(count):
    return [{**PAYMENT, "id": f"p{number}"} for number in range(count)]


@pytest.mark.parametrize("mode", ["at_once", "thread"])
def test_events_are_decided_in_order_when_a_batch_comes(http, engine, mode):
    engine.mode = mode
    response = http.send("POST", PATH, json={"events": _events(50)})
    answer = msgspec.json.decode(response.content, type=BatchAnswer)
    assert [item.decision.id for item in answer.results] == [f"p{number}" for number in range(50)]
    assert [event_id for _, event_id in engine.seen] == [f"p{number}" for number in range(50)]


def test_each_item_has_its_own_status_when_some_are_bad(http):
    events = _events(4)
    events[1]["amount_minor"] = -5
    events[2] = "not an object"
    events.append({**events[0], "amount_minor": 1})
    answer = http.send("POST", PATH, json={"events": events}).json()
    assert [item["status"] for item in answer["results"]] == [200, 422, 422, 200, 409]
    assert answer["results"][1]["problem"]["fields"]["field"] == "amount_minor"
    assert "decision" not in answer["results"][1]


def test_item_is_refused_when_it_is_larger_than_a_single_event_may_be(make_http):
    events = _events(2)
    events[0]["custom"] = {"note": "x" * 3_000}
    answer = make_http(body_limit_bytes=2_048).send("POST", PATH, json={"events": events}).json()
    assert [item["status"] for item in answer["results"]] == [413, 200]


def test_batch_is_refused_when_it_is_too_long_or_empty(make_http, engine):
    http = make_http(batch_limit_items=3)
    assert http.send("POST", PATH, json={"events": _events(4)}).status_code == 413
    assert http.send("POST", PATH, json={"events": []}).status_code == 422
    assert http.send("POST", PATH, json={"events": _events(1), "more": 1}).status_code == 422
    assert engine.seen == []


def test_item_is_told_when_its_outcome_never_comes(http, engine):
    engine.mode = "never"
    answer = http.send("POST", f"{PATH}?deadline_ms=5", json={"events": _events(3)}).json()
    assert [item["status"] for item in answer["results"]] == [504, 504, 504]


def test_batch_counts_by_its_events_when_the_key_has_a_rate(http, keys, make_key):
    keys.keys["sk_k1_good"] = make_key(rate_per_s=0.1, burst=5)
    assert http.send("POST", PATH, json={"events": _events(5)}).status_code == 200
    assert http.send("POST", PATH, json={"events": _events(5)}).status_code == 429


def test_other_requests_get_their_turn_when_a_batch_is_long(make_http, engine):
    http = make_http(batch_slice_items=2)
    single = {**PAYMENT, "id": "single"}
    http.together(
        [("POST", PATH, {"json": {"events": _events(60)}}), ("POST", "/v1/decisions", {"json": single})]
    )
    assert ("payment", "single") in engine.seen[:-1]
