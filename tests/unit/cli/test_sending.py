"""The simulated stream's way to a server: in order, patient while the server starts, never lossy."""

from __future__ import annotations

from itertools import islice

import pytest

from satark.cli import sending
from satark.client import Answer
from satark.core.clock import FixedClock, Micros
from satark.core.errors import DeadlineExceeded, Forbidden
from satark.events import Payment, occurred_us
from satark.payments.simulation import Simulation, SimulationPlan

NOW_US = 1_800_000_000_000_000


class FakeClient:
    """Answers everything, after `silent` attempts without an answer."""

    def __init__(self, *_args, **_more):
        self.order = []
        self.silent = 0
        self.refusal = None

    def decide(self, payment, *, deadline_ms):
        return self.decide_batch([payment], deadline_ms=deadline_ms)[0]

    def decide_batch(self, payments, *, deadline_ms):
        assert deadline_ms > 0
        if self.silent:
            self.silent -= 1
            return [Answer(action="hold")] * len(payments)
        if self.refusal is not None:
            return [self.refusal]
        self.order += [payment.id for payment in payments]
        return [Answer(action="allow", decision=object())] * len(payments)

    def send(self, event):
        if self.silent:
            self.silent -= 1
            raise DeadlineExceeded("nothing came")
        self.order.append(event.id)

    def close(self):
        self.order.append("closed")


@pytest.fixture
def sender(monkeypatch):
    monkeypatch.setattr(sending, "Client", FakeClient)
    monkeypatch.setattr(sending.time, "sleep", lambda _seconds: None)
    return sending.ClientSender("http://127.0.0.1:1", "sk_x", stopped=lambda: False)


@pytest.fixture(scope="module")
def events():
    plan = SimulationPlan(customers=100, merchants=40, payments_per_day=500, settle_days=0)
    return list(islice(Simulation(plan).events(), 300))


def test_events_arrive_in_their_order_when_payments_go_in_batches(sender, events):
    told = []
    sender.progress = told.append
    with sender:
        sender.send(events)
    assert sender._client.order == [*(event.id for event in events), "closed"]
    payments = sum(isinstance(event, Payment) for event in events)
    assert (sender.decided, sender.actions["allow"], told[-1]) == (payments, payments, len(events))
    assert sender.summary() == f"{payments} allow"


def test_nothing_is_lost_when_the_server_is_silent_for_a_while(sender, events):
    sender._client.silent = 5
    sender.send(events[:50])
    assert sender._client.order == [event.id for event in events[:50]]
    assert "hold" not in sender.actions


def test_stream_ends_when_the_server_refuses(sender, events):
    sender._client.refusal = Forbidden("the key lacks the scope decide")
    pair = [event for event in events if isinstance(event, Payment)][:2]
    with pytest.raises(Forbidden):
        sender.send(pair)


def test_waiting_ends_when_the_stream_is_stopped(monkeypatch, events):
    monkeypatch.setattr(sending, "Client", FakeClient)
    sender = sending.ClientSender("http://127.0.0.1:1", "sk_x", stopped=lambda: True)
    sender._client.silent = 1_000
    sender.send(events[:3])
    assert sender._client.order == []


def test_past_ends_now_and_the_rest_follows_when_a_past_is_asked_for(sender, events):
    kept = []
    sender.send = kept.extend
    clock = FixedClock(Micros(NOW_US))
    sent, rest = sending.send_past(iter(events), sender, 60, clock, lambda: False)
    assert 0 < sent < len(events)
    assert [event.id for event in kept] == [event.id for event in events[:sent]]
    assert [event.id for event in rest] == [event.id for event in events[sent:]]
    assert occurred_us(kept[0]) == NOW_US - 60 * sending.MICROS_PER_MINUTE
    assert occurred_us(kept[-1]) <= NOW_US
    assert occurred_us(events[sent]) - occurred_us(events[0]) > 60 * sending.MICROS_PER_MINUTE


@pytest.mark.parametrize("minutes", [0, 10])
def test_nothing_is_sent_ahead_when_there_is_no_past(sender, events, minutes):
    given = [] if minutes else events[:3]
    sent, rest = sending.send_past(iter(given), sender, minutes, FixedClock(Micros(NOW_US)), lambda: False)
    assert (sent, list(rest)) == (0, given)
