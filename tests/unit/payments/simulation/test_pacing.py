from __future__ import annotations

import pytest

from satark.core.clock import FixedClock, Micros, to_us
from satark.core.errors import SettingInvalid
from satark.events import Label, Payment
from satark.payments.simulation import Simulation, SimulationPlan
from satark.payments.simulation.pacing import Pace, live_simulation, stream

NOW_US = 1_790_000_000_000_000


class Listener:
    """A sender that remembers what came when."""

    def __init__(self, clock):
        self.clock = clock
        self.heard = []

    def send(self, events):
        self.heard.extend((self.clock.now_us(), event) for event in events)


def _play(pace, *, count=300, stopped=lambda: False):
    clock = FixedClock(Micros(NOW_US))
    listener = Listener(clock)
    source = Simulation(SimulationPlan(settle_days=0, customers=300, payments_per_day=400, fraud_share=0.05))
    events = list(source.events())[:count]
    sent = stream(events, listener, pace, clock, sleep=clock.advance, stopped=stopped)
    return events, listener.heard, sent


def _time_us(event):
    return to_us(event.reported_at if isinstance(event, Label) else event.occurred_at)


def test_events_carry_the_present_time_when_they_are_sent():
    events, heard, sent = _play(Pace())
    assert sent == len(heard) == len(events)
    for at_us, event in heard:
        assert 0 <= at_us - _time_us(event) < 1_000


def test_distances_stay_true_when_the_speed_is_one():
    events, heard, _ = _play(Pace())
    moved_us = NOW_US - _time_us(events[0])
    assert [_time_us(event) for _, event in heard] == [_time_us(event) + moved_us for event in events]


def test_an_hour_passes_in_a_minute_when_the_speed_is_sixty():
    events, heard, _ = _play(Pace(speed=60))
    real = (heard[-1][0] - NOW_US) / 1e6
    simulated = (_time_us(events[-1]) - _time_us(events[0])) / 1e6
    assert real == pytest.approx(simulated / 60, abs=0.01)


def test_the_rate_is_steady_when_one_is_given():
    _, heard, _ = _play(Pace(events_per_second=50))
    assert [at_us - NOW_US for at_us, _ in heard] == [place * 20_000 for place in range(300)]


def test_ages_stay_what_they_were_when_events_are_moved():
    events, heard, _ = _play(Pace())
    for before, (_, after) in zip(events, heard, strict=True):
        if isinstance(before, Payment) and before.customer and before.customer.added_at:
            age = before.occurred_at - before.customer.added_at
            assert after.occurred_at - after.customer.added_at == age
        if isinstance(before, Payment) and before.payee.added_at:
            assert after.occurred_at - after.payee.added_at == before.occurred_at - before.payee.added_at


def test_the_stream_ends_when_it_is_stopped():
    answers = iter([False] * 40 + [True] * 1_000)
    events, _, sent = _play(Pace(), stopped=lambda: next(answers))
    assert sent < len(events)


@pytest.mark.parametrize("pace", [{"speed": 0}, {"events_per_second": -1}, {"batch": 0}])
def test_a_pace_is_refused_when_it_stands_still(pace):
    with pytest.raises(SettingInvalid):
        Pace(**pace)


def test_a_live_market_has_about_the_asked_rate_when_it_opens():
    simulation, events = live_simulation(2.0, seed=1, id_prefix="a-")
    first = next(events)
    assert first.id.startswith("a-")
    start_us = _time_us(first)
    count = sum(1 for _ in zip(range(7_200), events, strict=False))
    last = next(events)
    assert count / ((_time_us(last) - start_us) / 1e6) == pytest.approx(2.0, rel=0.75)
    assert simulation.plan.id_prefix == "a-"
