from __future__ import annotations

import asyncio

import pytest

from satark.api.auth import Door
from satark.core.errors import Forbidden, NotReady, RateLimited, StorageUnavailable, Unauthenticated

GOOD = b"Bearer sk_k1_good"


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def door(keys, clock):
    return Door(keys, fresh_seconds=2.0, keep_seconds=5.0, clock=clock)


async def _settle():
    for _ in range(50):
        await asyncio.sleep(0.001)


def test_store_is_asked_once_when_a_key_is_fresh(door, keys):
    async def run():
        for _ in range(5):
            assert (await door.admit(GOOD, "decide")).owner == 7

    asyncio.run(run())
    assert keys.asked == ["sk_k1_good"]


def test_store_is_asked_once_when_many_come_together(door, keys):
    async def run():
        await asyncio.gather(*(door.admit(GOOD, "decide") for _ in range(20)))

    asyncio.run(run())
    assert len(keys.asked) == 1


def test_request_does_not_wait_when_a_key_is_asked_about_in_the_background(door, keys, clock):
    async def run():
        await door.admit(GOOD, "decide")
        clock.now += 3.0
        assert door.known(GOOD) is not None
        assert door.known(GOOD) is not None
        await _settle()
        assert len(keys.asked) == 2
        clock.now += 1.9
        assert door.known(GOOD) is not None
        await _settle()
        assert len(keys.asked) == 2

    asyncio.run(run())


def test_revoked_key_is_refused_when_the_background_question_is_answered(door, keys, clock):
    async def run():
        await door.admit(GOOD, "decide")
        keys.keys.clear()
        clock.now += 2.5
        door.known(GOOD)
        await _settle()
        with pytest.raises(Unauthenticated):
            await door.admit(GOOD, "decide")

    asyncio.run(run())


def test_revoked_key_is_refused_when_its_time_is_over(door, keys, clock):
    async def run():
        await door.admit(GOOD, "decide")
        keys.keys.clear()
        clock.now += 5.0
        with pytest.raises(Unauthenticated):
            await door.admit(GOOD, "decide")

    asyncio.run(run())


def test_known_key_serves_no_longer_than_its_time_when_the_store_is_down(door, keys, clock):
    async def run():
        await door.admit(GOOD, "decide")
        keys.broken = OSError("disk")
        clock.now += 2.5
        assert door.known(GOOD) is not None
        await _settle()
        clock.now += 2.5
        with pytest.raises(StorageUnavailable):
            await door.admit(GOOD, "decide")

    asyncio.run(run())


def test_error_of_the_store_is_kept_when_it_is_ours(door, keys):
    keys.broken = NotReady("starting")
    with pytest.raises(NotReady):
        asyncio.run(door.admit(GOOD, "decide"))


@pytest.mark.parametrize(
    "header",
    [None, b"", b"Basic abc", b"Bearer", b"Bearer \xff", b"Bearer sk_k1_bad", b"Bearer a b", b"sk_k1_good"],
)
def test_caller_is_refused_when_the_header_is_not_a_valid_key(door, header):
    with pytest.raises(Unauthenticated):
        asyncio.run(door.admit(header, "decide"))


def test_store_is_spared_when_a_bad_key_comes_again_at_once(door, keys, clock):
    async def run():
        for _ in range(3):
            with pytest.raises(Unauthenticated):
                await door.admit(b"Bearer sk_k1_bad", "decide")
        assert len(keys.asked) == 1
        clock.now += 1.5
        with pytest.raises(Unauthenticated):
            await door.admit(b"Bearer sk_k1_bad", "decide")
        assert len(keys.asked) == 2

    asyncio.run(run())


def test_scheme_is_understood_when_written_in_any_case(door):
    assert asyncio.run(door.admit(b"bEARER  sk_k1_good", "decide")).id == "k1"


def test_key_is_refused_when_the_scope_is_missing(door, keys, make_key):
    keys.keys["sk_k1_good"] = make_key(scopes=frozenset({"read"}))
    with pytest.raises(Forbidden) as caught:
        asyncio.run(door.admit(GOOD, "decide"))
    assert caught.value.fields == {"scope": "decide"}


def test_rate_holds_across_refreshes_when_a_key_is_busy(door, keys, clock, make_key):
    keys.keys["sk_k1_good"] = make_key(rate_per_s=1.0, burst=2)

    async def run():
        await door.admit(GOOD, "decide")
        await door.admit(GOOD, "decide")
        with pytest.raises(RateLimited) as caught:
            await door.admit(GOOD, "decide")
        assert caught.value.fields["retry_after_seconds"] == 1.0
        clock.now += 6.0
        keys.keys["sk_k1_good"] = make_key(rate_per_s=1.0, burst=1)
        await door.admit(GOOD, "decide")
        with pytest.raises(RateLimited):
            await door.admit(GOOD, "decide")

    asyncio.run(run())


def test_tables_stay_bounded_when_strangers_try_many_keys(door):
    async def run():
        for number in range(1_100):
            with pytest.raises(Unauthenticated):
                await door.admit(b"Bearer sk_%d" % number, "decide")

    asyncio.run(run())
    assert len(door._refused) == 1_024


def test_limit_of_the_installation_holds_when_a_key_has_none(keys, clock):
    door = Door(keys, clock=clock, rate_per_s=2.0)

    async def run():
        await door.admit(GOOD, "decide")
        await door.admit(GOOD, "decide")
        with pytest.raises(RateLimited):
            await door.admit(GOOD, "decide")

    asyncio.run(run())
