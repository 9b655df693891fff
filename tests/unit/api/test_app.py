from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from satark.api import ApiOptions, create_app
from satark.api.answers import Receipt
from satark.api.problems import Problem
from satark.core.errors import StorageUnavailable
from satark.decisions.model import Decision
from satark.events.examples import GOLD_COIN_BY_CARD as PAYMENT
from satark.events.examples import LABEL_FRAUD as LABEL
from satark.events.examples import PAYEE_ADDED as PAYEE_CHANGE
from satark.events.examples import RESULT_DECLINED as PAYMENT_RESULT

JSON = {"content-type": "application/json"}
HOT = ["/v1/decisions", "/v1/labels", "/v1/events", "/v1/decisions/batch"]


def _problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(response.content, type=Problem)
    assert (problem.status, problem.code) == (status, code)
    assert problem.request_id == response.headers["x-request-id"]
    return problem


@pytest.mark.parametrize("mode", ["at_once", "thread"])
def test_payment_is_decided_when_all_is_well(http, engine, mode):
    engine.mode = mode
    response = http.send("POST", "/v1/decisions", json=PAYMENT)
    assert response.status_code == 200
    assert msgspec.json.decode(response.content, type=Decision).id == PAYMENT["id"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


def test_stored_answer_comes_back_when_the_same_payment_is_sent_again(http):
    first = http.send("POST", "/v1/decisions", json=PAYMENT)
    assert http.send("POST", "/v1/decisions", json=PAYMENT).content == first.content


def test_conflict_is_told_when_the_id_comes_with_another_body(http):
    http.send("POST", "/v1/decisions", json=PAYMENT)
    _problem(http.send("POST", "/v1/decisions", json={**PAYMENT, "amount_minor": 1}), 409, "id_conflict")


def test_problem_names_the_field_when_an_event_is_bad(http, engine):
    problem = _problem(
        http.send("POST", "/v1/decisions", json={**PAYMENT, "amount_minor": -1}), 422, "invalid_event"
    )
    assert problem.fields["field"] == "amount_minor"
    assert engine.seen == []


@pytest.mark.parametrize("path", HOT)
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"type":1}', b"[" * 5_000])
def test_problem_is_told_when_the_body_is_no_event(http, path, body):
    _problem(http.send("POST", path, content=body, headers=JSON), 422, "invalid_event")


@pytest.mark.parametrize("path", HOT)
def test_key_is_asked_for_when_none_comes(make_http, path):
    response = make_http(key=None).send("POST", path, json=PAYMENT)
    _problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/decisions", "decide"),
        ("POST", "/v1/decisions/batch", "decide"),
        ("POST", "/v1/labels", "label"),
        ("POST", "/v1/events", "events"),
        ("GET", "/v1/decisions/x", "read"),
        ("GET", "/metrics", "metrics"),
    ],
)
def test_key_is_refused_when_the_route_needs_another_scope(http, keys, make_key, method, path, scope):
    others = make_key().scopes - {scope}
    keys.keys["sk_k1_good"] = make_key(scopes=others)
    problem = _problem(http.send(method, path, json={}), 403, "forbidden")
    assert problem.fields == {"scope": scope}


def test_caller_is_slowed_when_it_asks_too_often(http, keys, make_key):
    keys.keys["sk_k1_good"] = make_key(rate_per_s=0.1, burst=2)
    answers = [http.send("POST", "/v1/decisions", json=PAYMENT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    _problem(answers[2], 429, "rate_limited")
    assert 1 <= int(answers[2].headers["retry-after"]) <= 10


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/jsonx"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
@pytest.mark.parametrize("path", HOT)
def test_body_is_refused_when_it_is_not_plain_json(http, path, headers):
    _problem(http.send("POST", path, content=b"{}", headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
def test_body_is_taken_when_its_charset_is_named(http, kind):
    body = json.dumps(PAYMENT).encode()
    response = http.send("POST", "/v1/decisions", content=body, headers={"content-type": kind})
    assert response.status_code == 200


async def _chunks(count, size):
    for _ in range(count):
        yield b" " * size


@pytest.mark.parametrize(("path", "limit"), [("/v1/decisions", 4_096), ("/v1/decisions/batch", 8_192)])
def test_body_is_cut_off_when_it_is_too_large(make_http, path, limit):
    http = make_http(body_limit_bytes=4_096, batch_limit_bytes=8_192)
    told = http.send("POST", path, content=b" " * (limit + 1), headers=JSON)
    problem = _problem(told, 413, "body_too_large")
    assert problem.fields == {"limit_bytes": limit}
    assert told.headers["connection"] == "close"
    _problem(http.send("POST", path, content=_chunks(100, 1_000), headers=JSON), 413, "body_too_large")


def test_body_is_put_together_when_it_comes_in_pieces(http):
    body = json.dumps(PAYMENT).encode()

    async def pieces():
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    assert http.send("POST", "/v1/decisions", content=pieces(), headers=JSON).status_code == 200


def test_caller_is_told_when_its_body_never_ends(make_http):
    async def slow():
        yield b"{"
        await asyncio.sleep(30)

    http = make_http(body_timeout_seconds=0.02)
    response = http.send("POST", "/v1/decisions", content=slow(), headers=JSON)
    _problem(response, 408, "body_timeout")


def test_deadline_is_kept_when_no_outcome_comes(http, engine):
    engine.mode = "never"
    problem = http.send("POST", "/v1/decisions?deadline_ms=5", json=PAYMENT)
    _problem(problem, 504, "deadline_exceeded")


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1e3", "60001", "999999999", "%31"])
def test_deadline_is_refused_when_it_is_not_a_sane_number(http, text):
    problem = _problem(
        http.send("POST", f"/v1/decisions?deadline_ms={text}", json=PAYMENT), 400, "invalid_request"
    )
    assert problem.fields == {"parameter": "deadline_ms"}


def test_caller_is_sent_away_when_too_many_wait(make_http, engine):
    engine.mode = "never"
    http = make_http(max_waiting=2, deadline_ms=200)
    requests = [("POST", "/v1/decisions", {"json": {**PAYMENT, "id": f"p{n}"}}) for n in range(4)]
    statuses = sorted(answer.status_code for answer in http.together(requests))
    assert statuses == [503, 503, 504, 504]


def test_nothing_is_said_when_the_engine_breaks(http, engine):
    engine.broken = RuntimeError("secret of the engine")
    response = http.send("POST", "/v1/decisions", json=PAYMENT)
    _problem(response, 500, "internal_error")
    assert "secret" not in response.text


def test_caller_may_retry_when_storage_fails(http, engine):
    engine.broken = StorageUnavailable("The disk is full.")
    response = http.send("POST", "/v1/decisions", json=PAYMENT)
    _problem(response, 503, "storage_unavailable")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", [*HOT, "/v1/decisions/none", "/nowhere", "/health/live"])
def test_request_id_is_the_callers_when_it_is_sane(http, path):
    response = http.send("POST", path, content=b"", headers={"x-request-id": "trace-17.a_B"})
    assert response.headers["x-request-id"] == "trace-17.a_B"


@pytest.mark.parametrize("given", ["", "a b", "<x>", "x" * 65, "é"])
def test_request_id_is_ours_when_the_callers_is_not_sane(http, given):
    headers = {"x-request-id": given.encode("utf-8")}
    response = http.send("GET", "/health/live", headers=headers)
    assert response.headers["x-request-id"].isascii()
    assert response.headers["x-request-id"] not in {given, ""}


@pytest.mark.parametrize("path", HOT)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_method_is_refused_when_a_route_only_takes_posts(http, path, method):
    response = http.send(method, path)
    if path.endswith("batch") and method in {"GET", "HEAD"}:  # A payment may be called "batch".
        assert response.status_code == 404
        return
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert "POST" in response.headers["allow"] or path.endswith("batch")
    assert (response.content == b"") == (method == "HEAD")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs", "/openapi.json"])
def test_head_is_answered_without_a_body_when_a_get_exists(http, path):
    response = http.send("HEAD", path)
    assert response.status_code == 200
    assert response.content == b""


def test_method_is_refused_when_a_read_route_gets_a_post(http):
    response = http.send("POST", "/health/live")
    _problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD"


def test_problem_is_told_when_the_address_is_unknown(http):
    _problem(http.send("GET", "/v2/decisions"), 404, "not_found")
    _problem(http.send("GET", "/v1/decisions/"), 404, "not_found")


def test_decision_is_read_back_when_it_belongs_to_the_owner(http, keys, make_key):
    http.send("POST", "/v1/decisions", json={**PAYMENT, "id": "a/b|c+d"})
    assert http.send("GET", "/v1/decisions/a%2Fb%7Cc+d").json()["id"] == "a/b|c+d"
    keys.keys["sk_k2_good"] = make_key(id="k2", owner=8)
    stranger = {"authorization": "Bearer sk_k2_good"}
    _problem(http.send("GET", "/v1/decisions/a%2Fb%7Cc+d", headers=stranger), 404, "not_found")


@pytest.mark.parametrize("event", [PAYMENT_RESULT, LABEL, PAYEE_CHANGE], ids=lambda event: event["type"])
def test_event_is_remembered_when_it_is_not_a_payment(http, event):
    response = http.send("POST", "/v1/events", json=event)
    receipt = msgspec.json.decode(response.content, type=Receipt)
    assert (receipt.id, receipt.type) == (event["id"], event["type"])


def test_payment_is_refused_when_sent_as_a_plain_event(http, engine):
    problem = _problem(http.send("POST", "/v1/events", json=PAYMENT), 422, "invalid_event")
    assert problem.fields["found"] == "payment"
    smuggled = json.dumps(PAYMENT)[:-1] + ', "type": "label"}'
    response = http.send("POST", "/v1/events", content=smuggled, headers=JSON)
    _problem(response, 422, "invalid_event")
    assert engine.seen == []


def test_label_needs_its_scope_when_sent_as_a_plain_event(http, keys, make_key):
    keys.keys["sk_k1_good"] = make_key(scopes=frozenset({"events"}))
    _problem(http.send("POST", "/v1/events", json=LABEL), 403, "forbidden")
    assert http.send("POST", "/v1/events", json=PAYMENT_RESULT).status_code == 200


def test_label_is_taken_when_its_route_gets_one(http):
    assert http.send("POST", "/v1/labels", json=LABEL).json()["type"] == "label"
    _problem(http.send("POST", "/v1/labels", json=PAYMENT), 422, "invalid_event")


def test_readiness_is_told_when_the_engine_is_not_ready(make_http, engine):
    http = make_http(key=None)
    assert http.send("GET", "/health/ready").json() == {"ready": True, "reasons": []}
    engine.state.ready = False
    engine.state.reasons.append("windows: rebuilding")
    response = http.send("GET", "/health/ready")
    assert (response.status_code, response.json()["reasons"]) == (503, ["windows: rebuilding"])
    assert http.send("GET", "/health/live").status_code == 200


def test_lifespan_calls_the_hooks_when_the_server_starts_and_stops(engine, keys):
    calls = []

    async def start():
        calls.append("start")

    app = create_app(engine, keys, ApiOptions(), on_start=start, on_stop=lambda: calls.append("stop") or None)
    sent = []

    async def run():
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive():
            return next(messages)

        async def send(message):
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)

    asyncio.run(run())
    assert calls == ["start", "stop"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("where", ["on_start", "on_stop"])
def test_lifespan_says_failed_when_a_hook_breaks(engine, keys, where):
    def broken():
        raise OSError("locked")

    app = create_app(engine, keys, ApiOptions(), **{where: broken})
    sent = []

    async def run():
        async def receive():
            return {"type": "lifespan"}

        async def send(message):
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)

    asyncio.run(run())
    assert sent[-1].endswith(".failed")


def test_nothing_is_answered_when_the_caller_hangs_up(engine, keys):
    app = create_app(engine, keys, ApiOptions())
    sent = []

    async def run():
        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/decisions",
            "query_string": b"",
            "headers": [(b"authorization", b"Bearer sk_k1_good"), (b"content-type", b"application/json")],
        }
        await app(scope, receive, send)

    asyncio.run(run())
    assert sent == []
    assert app.in_flight() == 0
