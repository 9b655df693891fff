from __future__ import annotations

import asyncio

import pytest

from satark.web.counters import MINUTE_US, Counters
from satark.web.feed import Feed
from satark.web.live import chart_of
from satark.web.options import WebOptions
from satark.web.views import row_of


@pytest.fixture
def feed(log, clock):
    return Feed(log, clock, WebOptions(rows=10))


def test_news_reach_all_viewers_when_the_log_grows(feed, log, entry):
    async def run():
        await feed.poll()
        with feed.viewer() as one, feed.viewer() as two:
            log.entries.append(entry(4, "block"))
            asked = log.asked
            await feed.poll()
            assert log.asked == asked + 1
            assert [row.seq for row in one.get_nowait().rows] == [4]
            assert [row.seq for row in two.get_nowait().rows] == [4]
        assert [row.seq for row in feed.latest] == [4, 3, 2, 1]

    asyncio.run(run())


def test_viewer_is_let_go_at_once_when_he_comes_as_the_pages_close(feed):
    async def run():
        feed.let_go()
        with feed.viewer() as late:
            assert late.get_nowait().ended

    asyncio.run(run())


def test_nothing_comes_twice_or_is_missed_when_looks_are_cut_short(feed, log, entry):
    async def run():
        await feed.poll()
        for seq in range(4, 60):
            log.entries.append(entry(seq))
        seen = []
        for _ in range(5):
            rows, passed_over = await asyncio.to_thread(feed.look, 20)
            assert passed_over == 0
            seen += [row.seq for row in reversed(rows)]
        assert seen == list(range(4, 60))

    asyncio.run(run())


def test_decisions_are_found_when_other_events_stand_between(feed, log, entry):
    feed.look(10)
    log.last = 50
    assert feed.look(10) == ([], 0)
    log.entries.append(entry(51))
    log.last = 52
    assert [row.seq for row in feed.look(10)[0]] == [51]


def test_flood_is_passed_over_when_it_is_too_much_to_show(feed, log, entry):
    feed.look(10)
    for seq in range(4, 500):
        log.entries.append(entry(seq))
    rows, passed_over = feed.look(10)
    assert [row.seq for row in rows] == list(range(499, 489, -1))
    assert passed_over == 486


def test_viewers_are_told_when_the_database_is_gone_and_back(feed, log):
    async def run():
        with feed.viewer() as queue:
            log.broken = True
            await feed.poll()
            assert queue.get_nowait().broken
            log.broken = False
            await feed.poll()
            assert not queue.get_nowait().broken

    asyncio.run(run())


def test_memory_stays_bounded_when_a_viewer_is_slow(feed, log, entry):
    async def run():
        with feed.viewer() as queue:
            for seq in range(4, 44):
                log.entries.append(entry(seq))
                await feed.poll()
            assert queue.qsize() == 16
            assert [row.seq for row in queue.get_nowait().rows] == [28]

    asyncio.run(run())


def test_feed_runs_on_when_a_look_fails_unexpectedly(log, clock, entry):
    async def run():
        feed = Feed(log, clock, WebOptions(poll_seconds=0.001, quiet_poll_seconds=0.001))
        feed.start()
        with feed.viewer() as queue:
            assert [row.seq for row in (await queue.get()).rows] == [3, 2, 1]
            await feed.stop()
            while not (news := queue.get_nowait()).ended:
                pass
            assert news.ended

    asyncio.run(run())


def test_counts_are_those_of_the_last_minutes_when_time_goes_on(entry, clock):
    counters = Counters()
    now = clock.now_us()
    counters.add([row_of(entry(1, "hold", at_us=now)), row_of(entry(2, "block", at_us=now - 4 * MINUTE_US))])
    counters.add([row_of(entry(3, "block", at_us=now - 5 * MINUTE_US))])
    assert counters.totals(now) == {"block": 1, "hold": 1, "challenge": 0, "allow": 0}
    assert counters.stopped_minor(now) == 2 * 7_645_000
    assert sum(count for minute in counters.chart(now) for _, count in minute) == 3
    counters.forget(now + 30 * MINUTE_US)
    assert counters.chart(now) == [[(action, 0) for action in counters.totals(now)]] * 15


def test_chart_shows_one_block_when_there_are_thousands_of_others():
    bars = chart_of([[("block", 1), ("allow", 10_000)]])
    assert [bar.action for bar in bars] == ["block", "allow"]
    assert bars[0].height == 1.0
    assert all(bar.y >= 0 for bar in bars)
    assert chart_of([[("allow", 0)]]) == []
