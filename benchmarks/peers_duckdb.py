"""DuckDB on one thread: ten features as SQL windows over a batch, and as one query per event on a growing table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import duckdb
from benchmarks.peers_work import (
    DAY_US,
    HOUR_US,
    TEN_FEATURES,
    Satark,
    compare,
    frame_of,
    make_events,
    named,
    time_satark,
)

if TYPE_CHECKING:
    from benchmarks.peers_work import Sizes

TEN_MINUTES_US = HOUR_US // 6


def _window(name: str, key: str, width_us: int) -> str:
    # (t - w, t] in whole microseconds; DuckDB's RANGE is closed at both ends.
    return f"{name} as (partition by {key} order by t range between {width_us - 1} preceding and current row)"


BATCH_SQL = f"""
select count(*) over card_10m, count(*) over card_1d, sum(amount) over card_1d, max(amount) over card_1d,
  avg(amount) over card_7d, stddev_pop(amount) over card_7d, count(distinct merchant) over card_1d,
  count(*) over merchant_1h, sum(amount) over merchant_1h, count(distinct card) over merchant_1h
from payments
window {_window("card_10m", "card", TEN_MINUTES_US)}, {_window("card_1d", "card", DAY_US)},
  {_window("card_7d", "card", 7 * DAY_US)}, {_window("merchant_1h", "merchant", HOUR_US)}
order by t
"""
EVENT_SQL = f"""
select c.*, m.* from
 (select count(*) filter (t > $1 - {TEN_MINUTES_US}), count(*) filter (t > $1 - {DAY_US}),
    sum(amount) filter (t > $1 - {DAY_US}), max(amount) filter (t > $1 - {DAY_US}), avg(amount), stddev_pop(amount),
    count(distinct merchant) filter (t > $1 - {DAY_US})
  from payments where card = $2 and t > $1 - {7 * DAY_US}) c,
 (select count(*), sum(amount), count(distinct card)
  from payments where merchant = $3 and t > $1 - {HOUR_US}) m
"""


def measure(sizes: Sizes) -> dict[str, float]:
    """Time both ways."""
    return _batch(sizes) | _one_by_one(sizes)


def _batch(sizes: Sizes) -> dict[str, float]:
    frame = frame_of(make_events(sizes.stored))
    with duckdb.connect() as db:
        db.execute("set threads = 1")
        db.execute("create table payments as select * from frame")
        started = time.perf_counter()
        found = db.execute(BATCH_SQL).fetchnumpy()
        theirs_us = (time.perf_counter() - started) / frame.height * 1e6
    satark = Satark(TEN_FEATURES)
    started = time.perf_counter()
    ours = satark.many(frame)
    ours_us = (time.perf_counter() - started) / frame.height * 1e6
    columns = [column[::7].tolist() for column in found.values()]
    compare("duckdb_batch", ours.gather_every(7).rows(), list(zip(*columns, strict=True)))
    return named("duckdb_batch", theirs_us, ours_us)


def _one_by_one(sizes: Sizes) -> dict[str, float]:
    events = make_events(sizes.stored + sizes.queried)
    before, timed = events[: sizes.stored], events[sizes.stored :]
    frame = frame_of(before)
    found = []
    with duckdb.connect() as db:
        db.execute("set threads = 1")
        db.execute("create table payments as select * from frame")
        db.execute("create index cards on payments (card)")
        db.execute("create index merchants on payments (merchant)")
        started = time.perf_counter()
        for at, card, merchant, amount in timed:
            db.execute("insert into payments values ($1, $2, $3, $4)", [at, card, merchant, amount])
            found.append(db.execute(EVENT_SQL, [at, card, merchant]).fetchone() or ())
        theirs_us = (time.perf_counter() - started) / len(timed) * 1e6
    assert frame.height == len(before)
    ours_us, ours = time_satark(TEN_FEATURES, before, timed)
    compare("duckdb_query", ours, found)
    return named("duckdb_query", theirs_us, ours_us)
