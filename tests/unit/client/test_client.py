from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from satark.api.examples import DECISION, RECEIPT
from satark.client import AsyncClient, Client
from satark.core.errors import (
    DeadlineExceeded,
    Forbidden,
    IdConflict,
    InvalidEvent,
    SatarkError,
    Unauthenticated,
)
from satark.events.decode import decode_event
from satark.events.examples import GOLD_COIN_BY_CARD, LABEL_FRAUD, RESULT_DECLINED


class Server:
    """Plays a list of answers and keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content, headers=headers[0] if headers else None)


class Waits:
    def __init__(self):
        self.seconds = []

    def __call__(self, seconds):
        self.seconds.append(seconds)

    async def later(self, seconds):
        self.seconds.append(seconds)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture(params=["sync", "async"])
def call(request, waits):
    """Call a method of either client against a server and return its result."""

    def run(server, method, *args, client=None, **kwargs):
        options = {"timeout_seconds": 30.0, **(client or {})}
        transport = httpx.MockTransport(server)
        if request.param == "sync":
            with Client("http://satark.test", "sk_1", transport=transport, sleep=waits, **options) as one:
                return getattr(one, method)(*args, **kwargs)

        async def later():
            sleep = waits.later
            async with AsyncClient(
                "http://satark.test", "sk_1", transport=transport, sleep=sleep, **options
            ) as one:
                return await getattr(one, method)(*args, **kwargs)

        return asyncio.run(later())

    return run


def _problem(status, code, **fields):
    return (status, {"status": status, "code": code, "detail": "A sentence.", "fields": fields})


def test_answer_has_the_decision_when_all_is_well(call):
    server = Server((200, DECISION))
    answer = call(server, "decide", GOLD_COIN_BY_CARD, deadline_ms=250)
    assert (answer.action, answer.answered, answer.attempts) == ("hold", True, 1)
    assert answer.decision.reasons[0].numbers["limit"] == 4
    sent = server.requests[0]
    assert sent.headers["authorization"] == "Bearer sk_1"
    assert sent.url.path == "/v1/decisions"
    assert sent.url.query == b"deadline_ms=250"
    assert json.loads(sent.content) == GOLD_COIN_BY_CARD


def test_struct_is_sent_as_the_server_reads_it_when_given(call):
    server = Server((200, DECISION))
    payment = decode_event(json.dumps(GOLD_COIN_BY_CARD).encode())
    call(server, "decide", payment)
    assert decode_event(server.requests[0].content) == payment


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_same_bytes_are_sent_again_when_the_server_could_not_answer(call, waits, status):
    server = Server((status, b"busy"), (status, b""), (200, DECISION))
    answer = call(server, "decide", GOLD_COIN_BY_CARD)
    assert (answer.action, answer.attempts) == ("hold", 3)
    assert len({request.content for request in server.requests}) == 1
    assert len(waits.seconds) == 2


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")]
)
def test_call_is_repeated_when_the_connection_breaks(call, error):
    server = Server(error, (200, DECISION))
    assert call(server, "decide", GOLD_COIN_BY_CARD).attempts == 2


def test_client_waits_as_told_when_the_server_says_how_long(call, waits):
    server = Server((503, b"", {"retry-after": "2"}), (200, DECISION))
    call(server, "decide", GOLD_COIN_BY_CARD)
    assert 2.0 <= waits.seconds[0] <= 2.1


def test_client_gives_up_at_once_when_told_to_wait_beyond_its_budget(call, waits):
    server = Server((429, b"", {"retry-after": "60"}))
    answer = call(server, "decide", GOLD_COIN_BY_CARD, client={"timeout_seconds": 1.0})
    assert not answer.answered
    assert waits.seconds == []


@pytest.mark.parametrize("action", ["allow", "challenge", "hold", "block"])
def test_configured_action_stands_in_when_no_answer_comes(call, action):
    server = Server(httpx.ConnectError("x"))
    answer = call(server, "decide", GOLD_COIN_BY_CARD, client={"on_no_answer": action})
    assert (answer.action, answer.decision, answer.answered, answer.attempts) == (action, None, False, 5)


def test_client_is_refused_when_the_configured_action_is_none(call):
    with pytest.raises(ValueError, match="on_no_answer"):
        call(Server((200, DECISION)), "decide", GOLD_COIN_BY_CARD, client={"on_no_answer": "guess"})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, "invalid_event", InvalidEvent),
        (409, "id_conflict", IdConflict),
        (401, "unauthenticated", Unauthenticated),
        (403, "forbidden", Forbidden),
        (418, "from_the_future", SatarkError),
    ],
)
def test_error_is_raised_once_when_the_caller_must_change_something(call, status, code, kind):
    server = Server(_problem(status, code, field="amount_minor"))
    with pytest.raises(kind) as caught:
        call(server, "decide", GOLD_COIN_BY_CARD)
    assert caught.value.fields["field"] == "amount_minor"
    assert caught.value.fields["status"] == status
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer", [(404, b"<html>"), (301, b""), (200, b"<html>"), (200, b"\xff"), (200, {})]
)
def test_error_is_raised_when_somebody_else_answers(call, answer):
    with pytest.raises(SatarkError):
        call(Server(answer), "decide", GOLD_COIN_BY_CARD)


def test_batch_keeps_its_order_when_some_are_refused(call):
    results = [
        {"status": 200, "decision": DECISION},
        {"status": 422, "problem": {"status": 422, "code": "invalid_event", "detail": "no"}},
        {"status": 504, "problem": {"status": 504, "code": "deadline_exceeded", "detail": "late"}},
    ]
    server = Server((200, {"results": results}))
    first, second, third = call(server, "decide_batch", [GOLD_COIN_BY_CARD] * 3)
    assert first.action == "hold"
    assert isinstance(second, InvalidEvent)
    assert (third.action, third.answered) == ("hold", False)
    assert len(json.loads(server.requests[0].content)["events"]) == 3


def test_batch_stands_in_for_all_when_no_answer_comes(call):
    server = Server((503, b""))
    answers = call(server, "decide_batch", [GOLD_COIN_BY_CARD] * 2, client={"on_no_answer": "block"})
    assert [answer.action for answer in answers] == ["block", "block"]


def test_batch_is_refused_when_its_answer_misses_a_result(call):
    with pytest.raises(SatarkError, match="one result per event"):
        call(Server((200, {"results": []})), "decide_batch", [GOLD_COIN_BY_CARD])


@pytest.mark.parametrize("count", [0, 1_001])
def test_batch_is_refused_when_its_size_is(call, count):
    with pytest.raises(ValueError, match="1 to 1000"):
        call(Server((200, {})), "decide_batch", [GOLD_COIN_BY_CARD] * count)


def test_decision_is_read_when_its_id_has_odd_characters(call):
    server = Server((200, DECISION))
    assert call(server, "read", "a/b|c d").id == DECISION["id"]
    assert server.requests[0].url.raw_path == b"/v1/decisions/a%2Fb%7Cc%20d"


def test_none_is_read_when_there_is_no_decision(call):
    assert call(Server(_problem(404, "not_found")), "read", "x") is None


def test_receipt_is_returned_when_an_event_is_remembered(call):
    server = Server((200, RECEIPT))
    assert call(server, "label", LABEL_FRAUD).seq == RECEIPT["seq"]
    assert call(server, "send", RESULT_DECLINED).type == "label"
    assert [request.url.path for request in server.requests] == ["/v1/labels", "/v1/events"]


def test_label_says_so_when_no_answer_comes(call):
    with pytest.raises(DeadlineExceeded):
        call(Server((503, b"")), "label", LABEL_FRAUD)
