"""Enter a batch of the log into the entity tables: after the follower has read it, in the follower's transaction.

One batch costs one look for what is known, one row per event and link at the end of their tables, and one change per
thing however often the batch names it. So five thousand events with ten things each take about a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.clock import IST_OFFSET_US, MICROS_PER_SECOND
from satark.storage.desk.entity_codes import FIRST_SUM, KINDS, MOST_MINOR, N_FIGURES, OTHER, code_of, hint_of
from satark.storage.desk.entity_rows import POSTGRES, SQLITE, Rows
from satark.storage.desk.entity_sql import HISTORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa

    from satark.cases.linking import Labelled, LinkedEvent
    from satark.cases.model import EntityRef

HEAVY_EVENTS = 1_000
"""From so many events on the hours of a thing are counted beside."""
_HOUR_US = 3_600 * MICROS_PER_SECOND


class _Thing:
    """A thing that a batch names: what was known of it, and what the batch adds."""

    __slots__ = (
        "figures", "first_seq", "first_us", "hint", "id", "kind", "known", "last_seq", "last_us", "n", "places",
        "start", "value",
    )  # fmt: skip

    def __init__(self, kind: int, value: str) -> None:
        self.kind = kind
        self.value = value
        self.id = 0
        self.known = 0
        """Events before this batch."""
        self.start = 0
        """The last event before this batch."""
        self.last_seq = 0
        self.first_seq = 0
        self.first_us = 0
        self.last_us = 0
        self.hint: str | None = None
        self.n = 0
        self.figures = [0] * N_FIGURES
        self.places: list[int] = []


def index_batch(connection: sa.Connection, events: Sequence[LinkedEvent]) -> int:
    """Enter events in log order; return how many links there were.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        One of them was entered before.
    """
    if not events:
        return 0
    rows = SQLITE if connection.dialect.name == "sqlite" else POSTGRES
    things: dict[tuple[int, str], _Thing] = {}
    named = [[_thing(things, event, ref) for ref in event.refs] for event in events]
    _recognise(connection, rows, things)
    links = []
    event_rows = []
    for place, (event, its_things) in enumerate(zip(events, named, strict=True)):
        code = code_of(event.action)
        event_rows.append((event.seq, event.owner, event.occurred_us, code, event.amount_minor, 0))
        for thing in its_things:
            links.append((event.seq, thing.id, thing.last_seq))
            _add(thing, place, event, code)
    rows.add_events(connection, event_rows)
    rows.add_links(connection, links)
    fresh = [_new_row(thing) for thing in things.values() if not thing.known]
    if fresh:
        rows.add_entities(connection, fresh)
    changed = [_change(thing) for thing in things.values() if thing.known]
    if changed:
        rows.change_entities(connection, changed)
    heavy = [thing for thing in things.values() if thing.known + thing.n >= HEAVY_EVENTS]
    if heavy:
        _count_hours(connection, rows, heavy, events)
    return len(links)


def mark_batch(connection: sa.Connection, labels: Iterable[Labelled]) -> int:
    """Enter what labels say of events; return how many events it changed."""
    changed = 0
    rows = SQLITE if connection.dialect.name == "sqlite" else POSTGRES
    for label in labels:
        before = rows.verdict(connection, label.seq)
        if before is None or before == label.verdict:
            continue
        rows.set_verdict(connection, label.seq, int(label.verdict), int(before == 1))
        changed += 1
    return changed


def hour_of(at_us: int) -> int:
    """Return the number of the hour in Indian time.

    Examples
    --------
    >>> hour_of(0), hour_of(30 * 60 * 1_000_000)
    (5, 6)
    """
    return (at_us + IST_OFFSET_US) // _HOUR_US


def hour_begins_us(hour: int) -> int:
    """Return when an hour of `hour_of` begins.

    Examples
    --------
    >>> hour_of(hour_begins_us(6)), hour_of(hour_begins_us(6) - 1)
    (6, 5)
    """
    return hour * _HOUR_US - IST_OFFSET_US


def _thing(things: dict[tuple[int, str], _Thing], event: LinkedEvent, ref: EntityRef) -> _Thing:
    key = (KINDS[ref.kind], ref.value)
    found = things.get(key)
    if found is None:
        found = things[key] = _Thing(*key)
    if found.hint is None:
        found.hint = hint_of(ref, event.last4)
    return found


def _recognise(connection: sa.Connection, rows: Rows, things: dict[tuple[int, str], _Thing]) -> None:
    """Give each thing its number: its own, or the next free one."""
    by_kind: dict[int, list[str]] = {}
    for kind, value in things:
        by_kind.setdefault(kind, []).append(value)
    for kind, values in by_kind.items():
        for value, number, last_seq, n_events in rows.find_known(connection, kind, values):
            thing = things[kind, value]
            thing.id, thing.last_seq, thing.start, thing.known = number, last_seq, last_seq, n_events
    following = rows.last_id(connection)
    for thing in things.values():
        if not thing.id:
            following += 1
            thing.id = following


def _add(thing: _Thing, place: int, event: LinkedEvent, code: int) -> None:
    at_us = event.occurred_us
    if not thing.n:
        thing.first_seq, thing.first_us, thing.last_us = event.seq, at_us, at_us
    elif at_us > thing.last_us:
        thing.last_us = at_us
    elif at_us < thing.first_us:
        thing.first_us = at_us
    thing.last_seq = event.seq
    thing.n += 1
    thing.places.append(place)
    thing.figures[code] += 1
    if code != OTHER:
        thing.figures[FIRST_SUM + code] = min(
            thing.figures[FIRST_SUM + code] + event.amount_minor, MOST_MINOR
        )


def _new_row(thing: _Thing) -> tuple[object, ...]:
    return (
        thing.id,
        thing.kind,
        thing.value,
        thing.hint,
        thing.first_seq,
        thing.first_us,
        thing.last_seq,
        thing.last_us,
        thing.n,
        0,
        *thing.figures,
    )


def _change(thing: _Thing) -> tuple[int, ...]:
    return (thing.last_seq, thing.first_us, thing.last_us, thing.n, *thing.figures, thing.id)


def _count_hours(
    connection: sa.Connection, rows: Rows, heavy: list[_Thing], events: Sequence[LinkedEvent]
) -> None:
    """Count the hours of things with very many events; one that has just become so is counted from its first."""
    counted: dict[tuple[int, int], list[int]] = {}
    for thing in heavy:
        for place in thing.places:
            event = events[place]
            code = code_of(event.action)
            _count(counted, thing.id, event.occurred_us, code, event.amount_minor)
        if 0 < thing.known < HEAVY_EVENTS:
            history = {"entity": thing.id, "start": thing.start, "steps": HEAVY_EVENTS, "stop": -(2**62)}
            for row in connection.execute(HISTORY, history):
                _count(counted, thing.id, row.occurred_us, row.action, row.amount_minor)
    rows.add_hours(connection, [(*key, *figures) for key, figures in counted.items()])


def _count(
    counted: dict[tuple[int, int], list[int]], thing: int, at_us: int, code: int, amount_minor: int
) -> None:
    figures = counted.setdefault((thing, hour_of(at_us)), [0] * N_FIGURES)
    figures[code] += 1
    if code != OTHER:
        figures[FIRST_SUM + code] = min(figures[FIRST_SUM + code] + amount_minor, MOST_MINOR)
