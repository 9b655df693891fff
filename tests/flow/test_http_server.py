from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from satark.events.examples import GOLD_COIN_BY_CARD as PAYMENT

PROGRAM = Path(__file__).with_name("http_program.py")
SOURCE = Path(__file__).parents[2] / "src"
KEY = {"authorization": "Bearer sk_k1_good"}


@pytest.fixture
def start():
    processes = []

    def run(delay_seconds):
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(delay_seconds)],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(SOURCE)},
        )
        processes.append(process)
        return process, int(process.stdout.readline())

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def _raw(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_accepted_requests_are_answered_when_the_server_is_told_to_stop(start, number):
    process, port = start(0.2)
    answers = []

    def ask(name):
        answers.append(
            httpx.post(
                f"http://127.0.0.1:{port}/v1/decisions", json={**PAYMENT, "id": name}, headers=KEY, timeout=20
            ).status_code
        )

    threads = [threading.Thread(target=ask, args=(f"p{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while (
        b"satark_http_in_flight 5.0" not in httpx.get(f"http://127.0.0.1:{port}/metrics", headers=KEY).content
    ):
        assert time.monotonic() < deadline
        if answers:  # Too slow to see all five at once; what matters is that none is lost.
            break
    process.send_signal(number)
    for thread in threads:
        thread.join()
    assert answers == [200] * 5
    assert process.wait(timeout=20) == 0
    assert process.stdout.read().split() == ["closed", "returned"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health/live")


def test_server_stops_at_once_when_connections_are_idle(start):
    process, port = start(0.0)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/health/live").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_bytes_are_refused_as_a_problem_when_they_are_no_http(start):
    _, port = start(0.0)
    answer = _raw(port, b"\x16\x03\x01\x00\xa5 this is not http\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "invalid_request"


def test_endless_body_is_cut_off_when_it_comes_in_chunks(start):
    _, port = start(0.0)
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = (
        b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_k1_good\r\n"
        b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        sent = 0
        try:
            while sent < 64 * len(chunk):
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:  # The server has closed; its answer may be lost with the rest.
            pass
        assert sent < 64 * len(chunk)
    assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200


def test_requests_are_served_in_turn_when_they_are_pipelined(start):
    _, port = start(0.0)
    body = json.dumps(PAYMENT).encode()
    request = (
        b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_k1_good\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
    )
    last = request + b"connection: close\r\n\r\n" + body
    answer = _raw(port, (request + b"\r\n" + body) * 3 + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 4
