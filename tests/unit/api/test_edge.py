"""One timer watches a connection, however many requests come over it."""

from __future__ import annotations

import asyncio

import pytest
from uvicorn.server import ServerState

from satark.api import ServerOptions, create_app
from satark.api.edge import EdgeProtocol
from satark.api.server import server_config
from satark.events.examples import GOLD_COIN_BY_CARD as PAYMENT

ALLOWED = 0.08


class Wire(asyncio.Transport):
    """Keeps what was written."""

    def __init__(self):
        super().__init__()
        self.written, self.closed = [], False

    def write(self, data):
        self.written.append(data)

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass

    def get_extra_info(self, name, default=None):
        del name
        return default


def request(name):
    body = b'{"type":"payment","id":"%b","occurred_at":"%b","amount_minor":5000,"method":"upi"}' % (
        name.encode(),
        PAYMENT["occurred_at"].encode(),
    )
    head = b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_k1_good\r\n"
    return b"%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body)


@pytest.fixture
def connected(engine, keys):
    """Return a function that runs a test's coroutine with a protocol whose caller is known, and its wire."""

    def run(test):
        async def inside():
            wire = Wire()
            config = server_config(create_app(engine, keys), ServerOptions(port=0))
            config.load()
            loop = asyncio.get_running_loop()
            protocol = EdgeProtocol(config=config, server_state=ServerState(), app_state={}, _loop=loop)
            protocol.timeout_keep_alive = ALLOWED
            protocol.connection_made(wire)
            protocol.data_received(request("first"))
            for _ in range(2_000):
                if protocol.cycle.response_complete:
                    break
                await asyncio.sleep(0.002)
            wire.written.clear()
            await test(protocol, wire)
            protocol.connection_lost(None)

        asyncio.run(inside())

    return run


async def answers(wire, count):
    for _ in range(2_000):
        if len(wire.written) >= count:
            break
        await asyncio.sleep(0.002)
    return wire.written[count - 1]


def test_known_head_is_answered_without_the_parser_and_as_before(connected):
    async def test(protocol, wire):
        protocol.data_received(request("second"))
        parsed = await answers(wire, 1)
        parser, protocol.parser = protocol.parser, None  # Whatever needs it now would fail.
        protocol.data_received(request("the_third"))
        known = await answers(wire, 2)
        protocol.parser = parser
        assert b'"the_third"' in known
        names = [
            [line.split(b":")[0] for line in one.split(b"\r\n\r\n")[0].split(b"\r\n")]
            for one in (parsed, known)
        ]
        assert names[0] == names[1]

    connected(test)


def test_known_head_asks_who_calls_each_time(connected, keys):
    async def test(protocol, wire):
        protocol.data_received(request("second"))
        await answers(wire, 1)
        keys.keys.clear()
        protocol.config.app.desk.door._known.clear()
        protocol.data_received(request("third"))
        assert b" 401 " in (await answers(wire, 2)).split(b"\r\n")[0]

    connected(test)


def test_callers_of_one_turn_get_each_his_own_error(connected, engine):
    async def test(protocol, wire):
        engine.broken = RuntimeError("no engine")
        protocol.data_received(request("second"))
        assert b" 500 " in (await answers(wire, 1)).split(b"\r\n")[0]
        engine.broken = None
        protocol.data_received(request("third"))
        assert b" 200 " in (await answers(wire, 2)).split(b"\r\n")[0]

    connected(test)


def test_connection_is_kept_while_requests_come_and_closed_when_they_stop(connected):
    async def test(protocol, wire):
        for number in range(8):
            protocol.data_received(request(f"r{number}"))
            await asyncio.sleep(ALLOWED / 4)
            assert not wire.closed
        for _ in range(200):
            if wire.closed:
                return
            await asyncio.sleep(0.01)
        pytest.fail("an idle connection is still open")

    connected(test)


def test_connection_is_not_closed_while_an_answer_is_due(connected):
    async def test(protocol, wire):
        protocol.data_received(request("whole")[:-5])
        await asyncio.sleep(3 * ALLOWED)
        assert not wire.closed
        protocol.data_received(request("whole")[-5:])
        assert b" 200 " in (await answers(wire, 1)).split(b"\r\n")[0]

    connected(test)


def test_connection_is_closed_when_the_head_of_a_further_request_never_ends(connected):
    async def test(protocol, wire):
        protocol.data_received(request("half")[:30])
        for _ in range(300):
            if wire.closed:
                return
            await asyncio.sleep(0.01)
        pytest.fail("half a request keeps its connection for ever")

    connected(test)
