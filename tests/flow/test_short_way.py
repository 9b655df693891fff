"""Usual requests take a short way through the server; whatever is odd about one, the answer is the same."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from satark.events.examples import GOLD_COIN_BY_CARD as PAYMENT

PROGRAM = Path(__file__).with_name("http_program.py")
SOURCE = Path(__file__).parents[2] / "src"
GOOD = b"authorization: Bearer sk_k1_good\r\n"


@pytest.fixture(scope="module", params=[0.0, 0.05])
def port(request):
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(request.param)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    yield int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


class Line:
    """One connection to the server, spoken to in bytes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, *pieces):
        for piece in pieces:
            self.socket.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.03)

    def hear(self):
        """Return (status, headers, body) of the next answer."""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines)
        length = int(headers[b"content-length"])
        while len(self.rest) < length:
            self.rest += self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return int(first.split()[1]), headers, json.loads(body)

    def is_closed(self):
        return self.socket.recv(1) == b""

    def _more(self):
        piece = self.socket.recv(65_536)
        assert piece, f"closed after {self.rest!r}"
        return piece


def body_of(name):
    return json.dumps({**PAYMENT, "id": name}).encode()


def request(name, *, path=b"/v1/decisions", key=GOOD, more=b"", body=None, version=b"1.1"):
    body = body_of(name) if body is None else body
    head = b"POST %b HTTP/%b\r\nhost: x\r\n%bcontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n"
    return head % (path, version, key, more, len(body)) + body


@pytest.fixture
def line(port):
    """Return a connection whose key the server knows already, so that the short way is open."""
    with Line(port) as line:
        line.say(request(f"warm_{time.monotonic_ns():x}"))
        assert line.hear()[0] == 200
        yield line


def fresh(label):
    return f"{label}_{time.monotonic_ns():x}"


def test_answers_are_the_same_on_both_ways(line):
    name = fresh("both")
    line.say(request(name))
    short = line.hear()
    whole = request(name)
    line.say(whole[:-20], whole[-20:])
    long = line.hear()
    assert short[0] == long[0] == 200
    assert short[2] == long[2]
    assert short[1].keys() == long[1].keys()
    for header in (b"content-type", b"cache-control", b"x-content-type-options"):
        assert short[1][header] == long[1][header]


def test_body_may_come_in_any_pieces(line):
    for cut in (1, 40, -1):
        whole = request(fresh("cut"))
        line.say(whole[:cut], whole[cut:])
        assert line.hear()[0] == 200
    whole = request(fresh("head"))
    end = whole.index(b"\r\n\r\n") + 4
    line.say(whole[:end], whole[end:])
    assert line.hear()[0] == 200


def test_pipelined_requests_are_answered_in_turn(line):
    names = [fresh(f"pipe{number}") for number in range(20)]
    line.say(b"".join(map(request, names)))
    assert [line.hear()[2]["id"] for _ in names] == names
    line.say(request(names[0]))
    assert line.hear()[2]["id"] == names[0]


@pytest.mark.parametrize(
    ("key", "status"),
    [(b"", 401), (b"authorization: Bearer sk_bad\r\n", 401), (b"authorization: x\r\n", 401)],
)
def test_unknown_callers_are_refused_and_the_connection_stays(line, key, status):
    line.say(request(fresh("who"), key=key))
    assert line.hear()[0] == status
    line.say(request(fresh("me")))
    assert line.hear()[0] == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"body": b"{"}, 400),
        ({"body": b""}, 400),
        ({"body": b" " * 300_000}, 413),
        ({"more": b"content-encoding: gzip\r\n"}, 415),
        ({"path": b"/v1/decisions?deadline_ms=0"}, 400),
        ({"path": b"/v1/decisions?deadline_ms=9999999"}, 400),
        ({"path": b"/v1/decisionsx"}, 404),
        ({"path": b"/v1/labels"}, 400),
    ],
)
def test_refusals_are_problems_on_the_short_way_too(port, line, changes, status):
    line.say(request(fresh("odd"), **changes))
    found, headers, problem = line.hear()
    assert found in {status, 422}
    assert headers[b"content-type"] == b"application/problem+json"
    assert problem["request_id"] == headers[b"x-request-id"].decode()


def test_own_request_id_is_given_back_and_a_bad_one_is_not(line):
    line.say(request(fresh("id"), more=b"x-request-id: order-7\r\n"))
    assert line.hear()[1][b"x-request-id"] == b"order-7"
    line.say(request(fresh("id"), more=b"x-request-id: <b>\r\n"))
    assert b"<" not in line.hear()[1][b"x-request-id"]


def test_same_id_with_another_body_is_a_conflict(line):
    name = fresh("same")
    line.say(request(name))
    assert line.hear()[0] == 200
    line.say(request(name, body=json.dumps({**PAYMENT, "id": name, "amount_minor": 1}).encode()))
    assert line.hear()[0] == 409


@pytest.mark.parametrize("more", [b"connection: close\r\n", b"Connection: Close\r\n"])
def test_connection_is_closed_after_the_answer_when_that_is_asked_for(line, more):
    line.say(request(fresh("last"), more=more))
    status, headers, _ = line.hear()
    assert status == 200
    assert headers[b"connection"] == b"close"
    assert line.is_closed()


def test_old_http_is_answered_and_closed(line):
    line.say(request(fresh("old"), version=b"1.0"))
    assert line.hear()[0] == 200
    assert line.is_closed()


def test_body_is_asked_for_when_the_caller_waits_to_be_asked(line):
    whole = request(fresh("expect"), more=b"expect: 100-continue\r\n")
    end = whole.index(b"\r\n\r\n") + 4
    line.say(whole[:end])
    assert line.socket.recv(64).startswith(b"HTTP/1.1 100")
    line.say(whole[end:])
    assert line.hear()[0] == 200


def test_chunked_body_is_taken(line):
    body = body_of(fresh("chunk"))
    head = (
        b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\n%bcontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    line.say(head % GOOD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert line.hear()[0] == 200


def test_answer_that_comes_too_late_is_a_timeout_and_is_there_the_next_time(port, line):
    name = fresh("late")
    line.say(request(name, path=b"/v1/decisions?deadline_ms=1"))
    status, _, answer = line.hear()
    if status != 200:
        assert answer["code"] == "deadline_exceeded"
        time.sleep(0.3)
    line.say(request(name))
    assert line.hear()[0] == 200


def test_caller_that_hangs_up_harms_nobody(port, line):
    for _ in range(20):
        with Line(port) as gone:
            gone.say(request(fresh("gone")))
    line.say(request(fresh("still")))
    assert line.hear()[0] == 200


def test_many_callers_at_once_get_each_his_own(port):
    lines = [Line(port) for _ in range(40)]
    try:
        for _ in range(3):
            names = [fresh(f"many{number}") for number in range(len(lines))]
            for line, name in zip(lines, names, strict=True):
                line.say(request(name))
            assert [line.hear()[2]["id"] for line in lines] == names
    finally:
        for line in lines:
            line.socket.close()
