"""Connections to receivers are used again while they are surely open, and never otherwise."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from satark.cases.outbox import Verdict
from satark.connectors.kept import AGE_SECONDS, IDLE_SECONDS, MOST_KEPT, Kept

PATIENCE_SECONDS = 10.0
HERE = (1, False, "bank.example", 80)


class Ticks:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Line:
    """A connection, and its other end."""

    def __init__(self):
        self.sock, self.other = socket.socketpair()

    def close(self):
        self.sock.close()
        self.other.close()


@pytest.fixture
def line():
    made = []

    def make():
        made.append(Line())
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def kept(ticks):
    return Kept(ticks)


def test_a_silent_connection_is_given_out_once_and_to_its_receiver_alone(kept, line):
    one = line()
    kept.give(HERE, one, 99.0)
    assert kept.take((2, *HERE[1:])) is None
    assert kept.take(HERE) == (one, 99.0)
    assert kept.take(HERE) is None


@pytest.mark.parametrize("spoils", ["closes", "speaks", "waits", "ages"])
def test_a_connection_that_may_be_closing_is_not_used_again(kept, line, ticks, spoils):
    one = line()
    kept.give(HERE, one, ticks.now - (AGE_SECONDS if spoils == "ages" else 0))
    if spoils == "closes":
        one.other.close()
    elif spoils == "speaks":
        one.other.sendall(b"HTTP/1.1 408 Too slow\r\n\r\n")
    elif spoils == "waits":
        ticks.now += IDLE_SECONDS
    assert kept.take(HERE) is None
    assert one.sock.fileno() == -1


def test_few_are_kept_and_old_ones_go_when_others_come(kept, line, ticks):
    first = line()
    kept.give(("another",), first, ticks.now)
    ticks.now += IDLE_SECONDS
    many = [line() for _ in range(MOST_KEPT + 1)]
    for one in many:
        kept.give(HERE, one, ticks.now)
    assert first.sock.fileno() == -1
    assert [one.sock.fileno() == -1 for one in many] == [False] * MOST_KEPT + [True]
    kept.close()
    assert {one.sock.fileno() for one in many} == {-1}


class Receiver:
    """Answers 204 as often as it is told on each connection, then closes it without a word."""

    def __init__(self, answers_each):
        self._each = answers_each
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        self.got = []
        """Per connection, how many requests came over it."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.got.append(0)
            threading.Thread(target=self._serve, args=(sock, len(self.got) - 1), daemon=True).start()

    def _serve(self, sock, place):
        with sock, contextlib.suppress(OSError):
            sock.settimeout(PATIENCE_SECONDS)
            for _ in range(self._each):
                data = b""
                while not data.endswith(b"}"):
                    read = sock.recv(65_536)
                    if not read:
                        return
                    data += read
                self.got[place] += 1
                sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def close(self):
        self._listener.close()


@pytest.mark.parametrize(("each", "got"), [(100, [7]), (3, [3, 3, 1]), (1, [1] * 7)])
def test_events_go_over_one_connection_until_the_receiver_closes_it(carrier, parcel, each, got):
    there = Receiver(each)
    sender = carrier(there.url)
    verdicts = []
    for number in range(7):
        verdicts.append(sender.deliver(parcel(key=f"k{number}")).verdict)
        _settle(sender, there, each)
    assert verdicts == [Verdict.SENT] * 7
    assert there.got == got
    sender.close()
    there.close()


def _settle(sender, there, each):
    """Wait until a connection that the receiver closes is seen to be closed."""
    if there.got[-1] < each:
        return
    for silent in sender._kept._silent.values():
        for _, _, connection in silent:
            connection.sock.settimeout(PATIENCE_SECONDS)
            assert connection.sock.recv(1, socket.MSG_PEEK) == b""
