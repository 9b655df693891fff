"""Which things share which events: written by the follower, asked by search, entity pages and graphs.

Answers are bounded: what has very many events (a merchant, a PIN) is described by its own figures and by its newest
events, so that no page waits for a million rows.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.cases.linking import LinkedEvent
from satark.cases.model import EntityRef
from satark.cases.ports import EntityHit, EntitySummary, Link, SeriesPoint
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import InputInvalid
from satark.storage.desk.entity_codes import FIGURES, FIRST_SUM, KIND_OF, KINDS, OTHER, is_storable
from satark.storage.desk.entity_graph import shortest
from satark.storage.desk.entity_index import HEAVY_EVENTS, hour_begins_us, hour_of, index_batch, mark_batch
from satark.storage.desk.entity_search import search
from satark.storage.desk.entity_sql import ACTIVITY, AMONG, CHAIN, NEAR
from satark.storage.desk.tables.cases import ALERTS
from satark.storage.desk.tables.entities import (
    ACTIONS,
    ENTITIES,
    ENTITY_EVENTS,
    ENTITY_HOURS,
    ENTITY_LINKS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from satark.cases.linking import Labelled
    from satark.storage.engines import Engines

LOOKED_AT = 500
"""Neighbours are those of so many newest events."""
MAX_PAGE = 500
MAX_STEPS = 10_000
"""The longest walk along a chain."""
MAX_BUCKETS = 2_000
FORGET_EVENTS = 2_000
"""Removed per transaction, so that nobody at the desk waits for long."""
LATE_US = 3_600 * MICROS_PER_SECOND
"""A walk back in time goes on for so long after it has left the span, for events that came late."""
MAX_AMONG = 200
SHARED_OVER = 100
"""So many newest events of each thing are looked at for what it shares with others of a case."""
MAX_TOGETHER = 32
"""Things whose activity is asked for at once."""
_HOUR_SECONDS = 3_600
_MILLION = 1_000_000
_WALKS_ONLY = "SELECT " + ", ".join(
    f"set_config('{name}', '{value}', true)"
    for name, value in (
        *((name, "off") for name in ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "jit")),
        ("join_collapse_limit", "1"),
    )
)
"""For one transaction: every join here goes from few rows into a key, in the order in which it is written. How many
rows a recursive query brings is beyond PostgreSQL's statistics, and a wrong guess would read ten million links to find
fifty."""


class SqlEntities:
    """`satark.cases.ports.Entities` over the desk database; reads come from any thread."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    # ---- writing: in the follower's transaction ------------------------------------------------------------------

    def index(
        self,
        connection: sa.Connection,
        seq: int,
        owner: int,
        occurred_us: int,
        action: str | None,
        amount_minor: int,
        refs: Sequence[EntityRef],
    ) -> None:
        """Enter one event; `index_many` is quicker for several."""
        event = LinkedEvent(seq, owner, occurred_us, action, amount_minor, tuple(dict.fromkeys(refs)))
        index_batch(connection, [event])

    def index_many(self, connection: sa.Connection, events: Sequence[LinkedEvent]) -> int:
        """Enter events in log order; return how many links there were."""
        return index_batch(connection, events)

    def mark(self, connection: sa.Connection, labels: Iterable[Labelled]) -> int:
        """Enter what labels say of events; return how many events it changed."""
        return mark_batch(connection, labels)

    def forget(self, before_us: int) -> int:
        """Remove the links of events before a time, and things that were not seen since; return how many things.

        As far as the first later event in log order. What a thing has done in all stays counted while it is known; its
        chain ends where the links end.

        Raises
        ------
        StorageUnavailable
            Not all was removed; the next call goes on.
        """
        with self._asking() as connection:
            later = sa.select(ENTITY_EVENTS.c.seq).where(ENTITY_EVENTS.c.occurred_us >= before_us)
            oldest = sa.select(ENTITY_EVENTS.c.seq).order_by(ENTITY_EVENTS.c.seq).limit(1)
            first = int(connection.scalar(oldest) or 0)
            last = int(connection.scalar(sa.select(sa.func.max(ENTITY_EVENTS.c.seq))) or 0)
            until = int(connection.scalar(later.order_by(ENTITY_EVENTS.c.seq).limit(1)) or last + 1)
        if not first or until <= first:
            return 0
        for start in range(first, until, FORGET_EVENTS):
            end = min(start + FORGET_EVENTS, until)
            with self._engines.writing("the entities") as connection:
                connection.execute(sa.delete(ENTITY_LINKS).where(ENTITY_LINKS.c.seq < end))
                connection.execute(sa.delete(ENTITY_EVENTS).where(ENTITY_EVENTS.c.seq < end))
        with self._engines.writing("the entities") as connection:
            gone = connection.execute(sa.delete(ENTITIES).where(ENTITIES.c.last_seq < until)).rowcount
            known = sa.select(ENTITIES.c.id).where(ENTITIES.c.id == ENTITY_HOURS.c.entity)
            connection.execute(sa.delete(ENTITY_HOURS).where(~known.exists()))
        return gone

    # ---- asking ----------------------------------------------------------------------------------------------------

    def find(self, text: str, limit: int = 20) -> list[EntityHit]:
        """Search by id, last four digits, phone, UPI id, e-mail address, IP, PIN or street, or how one begins."""
        with self._asking() as connection:
            return search(connection, text, limit)

    def of_event(self, seq: int) -> list[EntityRef]:
        """Return the things that an event names."""
        query = (
            sa.select(ENTITIES.c.kind, ENTITIES.c.value)
            .join(ENTITY_LINKS, ENTITY_LINKS.c.entity == ENTITIES.c.id)
            .where(ENTITY_LINKS.c.seq == seq)
            .order_by(ENTITIES.c.kind, ENTITIES.c.value)
        )
        with self._asking() as connection:
            return [_ref(row) for row in connection.execute(query)]

    def events(self, ref: EntityRef, limit: int = 50, before_seq: int | None = None) -> list[int]:
        """Return the places in the log of a thing's events, newest first.

        Parameters
        ----------
        before_seq
            Only events before this place: pass the last page's smallest for the next page. A place of another event
            is looked for among the thing's newest `MAX_STEPS`.
        """
        limit = max(1, min(limit, MAX_PAGE))
        with self._asking() as connection:
            thing = _known(connection, ref)
            if thing is None:
                return []
            start, steps = thing.last_seq, limit
            if before_seq is not None:
                start = connection.scalar(
                    sa.select(ENTITY_LINKS.c.previous).where(
                        ENTITY_LINKS.c.seq == before_seq, ENTITY_LINKS.c.entity == thing.id
                    )
                )
                if start is None:
                    start, steps = thing.last_seq, MAX_STEPS
            rows = connection.scalars(CHAIN, {"start": start, "entity": thing.id, "steps": steps})
            return [seq for seq in rows if before_seq is None or seq < before_seq][:limit]

    def summary(self, ref: EntityRef) -> EntitySummary | None:
        """Return what a thing has done; `linked` is over its newest `LOOKED_AT` events."""
        found = self.surroundings(ref, 1)
        return None if found is None else found[0]

    def neighbours(self, ref: EntityRef, limit: int = 50) -> list[Link]:
        """Return what shares a thing's newest `LOOKED_AT` events, most first."""
        found = self.surroundings(ref, limit)
        return [] if found is None else found[1]

    def surroundings(self, ref: EntityRef, limit: int = 50) -> tuple[EntitySummary, list[Link]] | None:
        """Return summary and neighbours of a thing by one walk along its events; None when it was never seen."""
        with self._asking() as connection:
            thing = _known(connection, ref)
            if thing is None:
                return None
            walk = {"start": thing.last_seq, "entity": thing.id, "steps": LOOKED_AT}
            rows = connection.execute(NEAR, {**walk, "most": max(1, min(limit, MAX_PAGE))}).all()
        counts = {action: getattr(thing, f"n_{action}") for action in ACTIONS}
        if thing.n_other:
            counts["other"] = thing.n_other
        summary = EntitySummary(
            ref=ref,
            first_us=thing.first_us,
            last_us=thing.last_us,
            counts=counts,
            sums_minor={action: getattr(thing, f"sum_{action}") for action in ACTIONS},
            linked={KIND_OF[row.kind].value: row.n_events for row in rows if row.value is None},
        )
        near = [
            Link(_ref(row), row.n_events, int(row.n_fraud), row.last_seq)
            for row in rows
            if row.value is not None
        ]
        return summary, sorted(near, key=lambda link: (-link.n_events, -link.last_seq, link.ref))

    def among(self, refs: Sequence[EntityRef]) -> list[tuple[EntityRef, Link]]:
        """Return what several things share among themselves, each over its newest `SHARED_OVER` events.

        Raises
        ------
        InputInvalid
            There are more than `MAX_AMONG` things.
        """
        if len(refs) > MAX_AMONG:
            message = f"at most {MAX_AMONG} things are asked for together"
            raise InputInvalid(message, field="refs")
        with self._asking() as connection:
            names = {row.id: _ref(row) for row in _all_known(connection, refs)}
            if not names:
                return []
            rows = connection.execute(AMONG, {"ids": list(names), "steps": SHARED_OVER})
            return [
                (names[row.one], Link(names[row.other], row.n_events, int(row.n_fraud), row.last_seq))
                for row in rows
            ]

    def path(
        self, a: EntityRef, b: EntityRef, max_hops: int = 6, max_nodes: int = 10_000
    ) -> list[EntityRef] | None:
        """Return the shortest way from one thing to another, both among it; None when there is none.

        A way does not lead through merchants and PINs, and through any other thing by its newest events alone.
        """
        with self._asking() as connection:
            start, goal = _known(connection, a), _known(connection, b)
            if start is None or goal is None:
                return None
            way = shortest(connection, start.id, goal.id, max_hops=max_hops, max_nodes=max_nodes)
            if way is None:
                return None
            columns = (ENTITIES.c.id, ENTITIES.c.kind, ENTITIES.c.value)
            rows = connection.execute(sa.select(*columns).where(ENTITIES.c.id.in_(way)))
            refs = {row.id: _ref(row) for row in rows}
        return [refs[number] for number in way]

    def sizes(self) -> tuple[int, int]:
        """Return how many alerts the desk has, and how many links; it counts them, which takes a while."""
        with self._asking() as connection:
            alerts = connection.scalar(sa.select(sa.func.count()).select_from(ALERTS))
            links = connection.scalar(sa.select(sa.func.count()).select_from(ENTITY_LINKS))
        return int(alerts or 0), int(links or 0)

    def series(self, ref: EntityRef, bucket_seconds: int, from_us: int, to_us: int) -> list[SeriesPoint]:
        """Return what a thing did over time; see `activity`."""
        return self.activity([ref], bucket_seconds, from_us, to_us)[ref]

    def activity(
        self, refs: Sequence[EntityRef], bucket_seconds: int, from_us: int, to_us: int
    ) -> dict[EntityRef, list[SeriesPoint]]:
        """Return what several things did over time, a point for each bucket from `from_us` up to before `to_us`.

        Of a thing with very many events whole hours (in Indian time) are exact however many there are, other spans
        cover its newest `MAX_STEPS` events.

        Raises
        ------
        InputInvalid
            The span is empty or has more than `MAX_BUCKETS` buckets, or there are more than `MAX_TOGETHER` things.
        """
        bucket_us = bucket_seconds * MICROS_PER_SECOND
        if bucket_us <= 0 or not 0 < to_us - from_us <= bucket_us * MAX_BUCKETS:
            message = f"a span has 1 to {MAX_BUCKETS} buckets"
            raise InputInvalid(message, field="bucket_seconds")
        if len(refs) > MAX_TOGETHER:
            message = f"at most {MAX_TOGETHER} things are asked for together"
            raise InputInvalid(message, field="refs")
        buckets = -((from_us - to_us) // bucket_us)
        counts: dict[EntityRef, list[dict[str, int]]] = {ref: [{} for _ in range(buckets)] for ref in refs}
        sums = {ref: [0] * buckets for ref in refs}
        with self._asking() as connection:
            things = {row.id: row for row in _all_known(connection, refs)}
            names = {number: _ref(row) for number, row in things.items()}
            by_the_hour = bucket_seconds % _HOUR_SECONDS == 0 and hour_begins_us(hour_of(from_us)) == from_us
            heavy = [row.id for row in things.values() if by_the_hour and row.n_events >= HEAVY_EVENTS]
            light = [number for number in things if number not in set(heavy)]
            for number, place, action, n, amount in (
                *_by_the_hour(connection, heavy, bucket_seconds, from_us, to_us),
                *_by_the_event(connection, light, bucket_us, from_us, to_us),
            ):
                point = counts[names[number]][place]
                point[action] = point.get(action, 0) + n
                sums[names[number]][place] += amount
        return {
            ref: [
                SeriesPoint(from_us + place * bucket_us, counts[ref][place], sums[ref][place])
                for place in range(buckets)
            ]
            for ref in refs
        }

    @contextmanager
    def _asking(self) -> Iterator[sa.Connection]:
        """Give a connection for questions, on which PostgreSQL walks chains as they are."""
        with self._engines.reading("the entities") as connection:
            if connection.dialect.name != "sqlite":
                connection.exec_driver_sql(_WALKS_ONLY)
            yield connection


_Happened = tuple[int, int, str, int, int]
"""A thing, a bucket, an action, how often, and the amount."""
_NAMES = (*ACTIONS, "other")


def _by_the_hour(
    connection: sa.Connection, numbers: list[int], bucket_seconds: int, from_us: int, to_us: int
) -> Iterator[_Happened]:
    """Give what things with very many events did, from their hours."""
    if not numbers:
        return
    first, hours = hour_of(from_us), bucket_seconds // _HOUR_SECONDS
    rows = connection.execute(_HOURS, {"ids": numbers, "first": first, "last": hour_of(to_us - 1)})
    for number, hour, *figures in rows:
        for code, action in enumerate(_NAMES):
            if figures[code]:
                amount = 0 if code == OTHER else figures[FIRST_SUM + code]
                yield number, (hour - first) // hours, action, figures[code], amount


def _by_the_event(
    connection: sa.Connection, numbers: list[int], bucket_us: int, from_us: int, to_us: int
) -> Iterator[_Happened]:
    """Give what things did, from their chains of events."""
    if not numbers:
        return
    walk = {"ids": numbers, "steps": MAX_STEPS, "stop": from_us - LATE_US}
    for row in connection.execute(ACTIVITY, {**walk, "begin": from_us, "until": to_us, "bucket": bucket_us}):
        amount = 0 if row.action == OTHER else int(row.millions) * _MILLION + int(row.rest)
        yield row.entity, int(row.place), _NAMES[row.action], row.n, amount


_HOURS = sa.select(
    ENTITY_HOURS.c.entity, ENTITY_HOURS.c.hour, *(ENTITY_HOURS.c[name] for name in FIGURES)
).where(
    ENTITY_HOURS.c.entity.in_(sa.bindparam("ids", expanding=True)),
    ENTITY_HOURS.c.hour >= sa.bindparam("first"),
    ENTITY_HOURS.c.hour <= sa.bindparam("last"),
)
_KNOWN = sa.select(ENTITIES).where(
    ENTITIES.c.kind == sa.bindparam("kind"), ENTITIES.c.value == sa.bindparam("value")
)
_ALL_KNOWN = sa.select(ENTITIES.c.id, ENTITIES.c.kind, ENTITIES.c.value, ENTITIES.c.n_events)


def _known(connection: sa.Connection, ref: EntityRef) -> Any:  # noqa: ANN401 - a row or None
    if not is_storable(ref.value):
        return None
    return connection.execute(_KNOWN, {"kind": KINDS[ref.kind], "value": ref.value}).first()


def _all_known(connection: sa.Connection, refs: Sequence[EntityRef]) -> list[Any]:
    """Return those of some things that were ever seen."""
    wanted = [
        sa.and_(ENTITIES.c.kind == KINDS[ref.kind], ENTITIES.c.value == ref.value)
        for ref in refs
        if is_storable(ref.value)
    ]
    return list(connection.execute(_ALL_KNOWN.where(sa.or_(*wanted)))) if wanted else []


def _ref(row: Any) -> EntityRef:  # noqa: ANN401 - a row
    return EntityRef(KIND_OF[row.kind], row.value)
