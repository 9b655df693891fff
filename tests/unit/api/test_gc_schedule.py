from __future__ import annotations

import asyncio
import gc

import pytest

from satark.api.gc_schedule import GcSchedule


class World:
    def __init__(self):
        self.now = 1_000.0
        self.busy = 0
        self.collected = []

    def collect(self, generation):
        self.collected.append(generation)
        self.now += 0.002
        return 0


@pytest.fixture
def world():
    return World()


@pytest.fixture
def schedule(world):
    loop = asyncio.new_event_loop()
    yield GcSchedule(loop, lambda: world.busy, clock=lambda: world.now, collect=world.collect)
    loop.close()


def test_young_objects_are_collected_when_idle(schedule, world):
    schedule.run()
    assert world.collected == [0]


def test_collector_waits_when_requests_are_under_way(schedule, world):
    world.busy = 3
    world.now += 0.1
    schedule.run()
    assert world.collected == []
    world.now += 0.2
    schedule.run()
    assert world.collected == [0]


def test_middle_generation_is_collected_when_its_time_has_come(schedule, world):
    world.now += 6.0
    world.busy = 1
    schedule.run()
    world.busy = 0
    schedule.run()
    assert world.collected == [0, 1]


def test_everything_is_collected_when_idle_for_a_while(schedule, world):
    world.now += 61.0
    schedule.run()
    assert world.collected == [2]
    assert schedule.runs == [0, 0, 1]
    assert schedule.longest_seconds[2] == pytest.approx(0.002)


def test_everything_is_collected_when_the_server_was_never_idle_for_long(schedule, world):
    world.busy = 1
    world.now += 1_801.0
    schedule.run()
    assert world.collected == [2]


def test_python_gets_its_collector_back_when_stopped(schedule):
    schedule.start()
    try:
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        schedule.stop()
    assert gc.isenabled()


def test_everything_is_frozen_once_more_when_the_engine_is_built(world):
    loop = asyncio.new_event_loop()
    ready = []
    schedule = GcSchedule(
        loop, lambda: 0, settled=lambda: bool(ready), clock=lambda: world.now, collect=world.collect
    )
    schedule.start()
    try:
        built = [[] for _ in range(1_000)]
        schedule.run()
        before = gc.get_freeze_count()
        ready.append(True)
        schedule.run()
        assert gc.get_freeze_count() >= before + len(built)
    finally:
        schedule.stop()
        loop.close()
