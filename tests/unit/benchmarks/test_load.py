from __future__ import annotations

import asyncio
import re
import threading
from typing import ClassVar

import msgspec
import pytest
from benchmarks.load import LoadFailed, LoadPlan, main, run_load

from satark.events import decode_event

_LENGTH = re.compile(rb"content-length: (\d+)")


class TinyServer(asyncio.Protocol):
    """Answers each POST with the id it carried; `behave` may spoil an answer."""

    seen: ClassVar[list[bytes]]
    heads: ClassVar[list[bytes]]
    behave = staticmethod(lambda _nth, answer: answer)

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found or len(rest) < int(_LENGTH.search(head)[1]):
            return
        self.buffer = b""
        cls = type(self)
        cls.heads.append(head)
        cls.seen.append(rest)
        body = msgspec.json.encode({"id": msgspec.json.decode(rest)["id"], "seq": len(cls.seen)})
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        spoiled = cls.behave(len(cls.seen), answer)
        if spoiled:
            # In two pieces, as networks do.
            self.transport.write(spoiled[:30])
            self.transport.write(spoiled[30:])


@pytest.fixture
def server():
    """A server in a thread of its own; gives its class (to look at and to spoil) and its address."""

    class Server(TinyServer):
        seen: ClassVar[list[bytes]] = []
        heads: ClassVar[list[bytes]] = []

    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(loop.create_server(Server, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = listening.sockets[0].getsockname()[1]
    yield Server, f"http://127.0.0.1:{port}/v1/decisions"
    loop.call_soon_threadsafe(listening.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def _plan(url, **more):
    return LoadPlan(
        **{"url": url, "key": "sk_test", "connections": 4, "seconds": 0.5, "warmup_seconds": 0.1} | more
    )


def test_every_request_is_answered_once_when_all_is_well(server):
    seen, url = server[0].seen, server[1]
    report = run_load(_plan(url)).check()
    assert report.sent == report.answered == len(seen) > 20
    assert 0 < report.measured < report.sent
    assert 0 < report.p50_ms <= report.p99_ms <= report.max_ms


def test_bodies_are_payments_with_fresh_ids_when_they_are_sent(server):
    seen, url = server[0].seen, server[1]
    run_load(_plan(url)).check()
    events = [decode_event(body) for body in seen]
    assert len({event.id for event in events}) == len(events)
    assert min(map(len, seen)) >= 1_024
    assert len({event.card.token for event in events}) > 0.9 * len(events)
    assert all(b"authorization: Bearer sk_test" in head for head in server[0].heads)


def test_requests_follow_the_timetable_when_a_rate_is_given(server):
    report = run_load(_plan(server[1], rate=200, seconds=1.0, warmup_seconds=0.5)).check()
    assert report.sent == 300
    assert report.measured == 200


def test_waiting_counts_from_the_schedule_when_the_server_stalls(server):
    def stall_once(nth, answer):
        if nth == 40:
            threading.Event().wait(0.4)
        return answer

    server[0].behave = staticmethod(stall_once)
    report = run_load(_plan(server[1], rate=200, seconds=1.0, warmup_seconds=0.0, connections=1)).check()
    # One stall of 0.4 s delays the 80 requests that were due meanwhile, not only the one under way.
    assert report.measured == 200
    assert report.max_ms > 350
    assert report.p90_ms > 150


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda nth, answer: b"" if nth == 9 else answer, "1 had no answer"),
        (lambda nth, answer: answer.replace(b"200 OK", b"503 No") if nth == 9 else answer, "1 were refused"),
        (
            lambda nth, answer: answer.replace(b'"id":"l', b'"id":"m') if nth == 9 else answer,
            "1 got another's",
        ),
        (lambda nth, answer: answer * 2 if nth == 9 else answer, "1 got another's"),
        (
            lambda nth, answer: re.sub(rb'"seq":\d+', b'"seq":5', answer) if nth == 7 else answer,
            "given twice",
        ),
    ],
    ids=["lost", "refused", "another's", "twice", "same place"],
)
def test_a_broken_promise_is_told_when_the_server_breaks_it(server, monkeypatch, spoil, words):
    monkeypatch.setattr("benchmarks.load_engine.DRAIN_SECONDS", 0.3)
    server[0].behave = staticmethod(spoil)
    report = run_load(_plan(server[1]))
    with pytest.raises(LoadFailed, match=words):
        report.check()


def test_the_program_prints_a_line_and_ends_well_when_all_is_well(server, capsys):
    assert main([server[1], "--connections", "2", "--seconds", "0.3", "--warmup", "0"]) == 0
    assert "p99" in capsys.readouterr().out


def test_the_program_ends_with_one_when_a_promise_is_broken(server, capsys):
    server[0].behave = staticmethod(lambda _nth, answer: answer.replace(b"200 OK", b"500 No"))
    assert main([server[1], "--connections", "2", "--seconds", "0.3", "--warmup", "0", "--json"]) == 1
    assert "refused" in capsys.readouterr().err
