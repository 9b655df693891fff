"""The order to stop: heard once or many times at once, and never in the way of itself."""

from __future__ import annotations

import os
import signal
import threading
import time

from satark.core.stopping import SIGNALS, StopOrder


def test_nothing_is_said_when_no_signal_comes():
    with StopOrder() as order:
        assert not order.given()
        assert not order.wait(0.01)


def test_a_signal_is_heard_while_and_before_waiting():
    with StopOrder() as order:
        signal.raise_signal(signal.SIGTERM)
        assert order.given()
        assert order.wait(20)
        assert order.wait()
    with StopOrder() as order:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert order.wait(20)


def test_many_signals_at_once_do_not_hang_the_one_who_waits():
    ended = threading.Event()

    def send():
        while not ended.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    with StopOrder() as order:
        thread = threading.Thread(target=send)
        thread.start()
        try:
            until = time.monotonic() + 1
            while time.monotonic() < until:
                assert order.wait(20)
        finally:
            ended.set()
            thread.join()


def test_the_handler_waits_for_no_lock_that_the_handler_holds(monkeypatch):
    order = StopOrder()
    inner = order._told.put

    class Told:
        """A queue into whose midst another signal comes."""

        calls = 0

        def put(self, item):
            self.calls += 1
            if self.calls < 5:
                signal.raise_signal(signal.SIGTERM)
            inner(item)

    monkeypatch.setattr(order, "_told", Told())
    with order:
        signal.raise_signal(signal.SIGTERM)
        assert order.given()


def test_the_handlers_before_are_put_back():
    before = [signal.getsignal(number) for number in SIGNALS]
    with StopOrder():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
