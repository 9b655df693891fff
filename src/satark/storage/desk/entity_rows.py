"""The rows of the entity tables in bulk: each database in its own quickest way.

SQLite is in this process, so many small statements cost little; PostgreSQL is a round trip away, so a batch is one
COPY per table and one UPDATE from arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import sqlalchemy as sa

from satark.storage.desk.entity_codes import FIGURES, FIRST_SUM, MOST_MINOR
from satark.storage.desk.tables.entities import ENTITIES, ENTITY_EVENTS, ENTITY_LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
Row = tuple[Any, ...]


class Rows(Protocol):
    """Ways to write and look up rows in bulk."""

    def find_known(self, connection: sa.Connection, kind: int, values: list[str]) -> Iterable[Row]:
        """Return (value, id, last_seq, n_events) of those that are known."""

    def last_id(self, connection: sa.Connection) -> int:
        """Return the greatest number of a thing, 0 when there is none."""

    def add_entities(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert things."""

    def add_events(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert events."""

    def add_links(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert links."""

    def add_hours(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Add figures to hours: (entity, hour, *figures)."""

    def change_entities(self, connection: sa.Connection, rows: list[tuple[int, ...]]) -> None:
        """Bring things up to date: (last_seq, first_us, last_us, n_events, *figures, id)."""

    def verdict(self, connection: sa.Connection, seq: int) -> int | None:
        """Return what a label said of an event; None for an event that was never entered."""

    def set_verdict(self, connection: sa.Connection, seq: int, verdict: int, was_fraud: int) -> None:
        """Note a label's verdict at its event and its things."""


_SUMS = frozenset(FIGURES[FIRST_SUM:])


def _grown(least: str, name: str, old: str, more: str) -> str:
    """Return the change of one figure; sums stop at their bound."""
    total = f"{old} + {more}"
    return f"{name} = {least}({total}, {MOST_MINOR})" if name in _SUMS else f"{name} = {total}"


_GROW = ", ".join(_grown("min", name, name, "?") for name in FIGURES)
_HOUR_COLUMNS = ", ".join(("entity", "hour", *FIGURES))

_ADD_HOURS = (
    f"INSERT INTO entity_hours ({_HOUR_COLUMNS}) VALUES ({{}}) "  # noqa: S608 - names of our own tables
    "ON CONFLICT (entity, hour) DO UPDATE SET {}"
)
_LAST_ID = "SELECT max(id) FROM entities"
_FIND = "SELECT value, id, last_seq, n_events FROM entities WHERE kind = %s AND value = ANY(%s)"
_HOUR_WIDTH = 2 + len(FIGURES)


class _Common:
    """What both databases do alike, but for the sign of a parameter."""

    sign = "?"
    least = "min"

    def last_id(self, connection: sa.Connection) -> int:
        """Return the greatest number of a thing, 0 when there is none."""
        return int(connection.exec_driver_sql(_LAST_ID).scalar() or 0)

    def add_hours(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Add figures to hours: (entity, hour, *figures)."""
        if rows:
            signs = ", ".join([self.sign] * _HOUR_WIDTH)
            changes = ", ".join(
                _grown(self.least, name, f"entity_hours.{name}", f"excluded.{name}") for name in FIGURES
            )
            connection.exec_driver_sql(_ADD_HOURS.format(signs, changes), rows)

    def verdict(self, connection: sa.Connection, seq: int) -> int | None:
        """Return what a label said of an event; None for an event that was never entered."""
        found = connection.exec_driver_sql(
            f"SELECT verdict FROM entity_events WHERE seq = {self.sign}",  # noqa: S608 - a sign of our own
            (seq,),
        ).scalar()
        return None if found is None else int(found)

    def set_verdict(self, connection: sa.Connection, seq: int, verdict: int, was_fraud: int) -> None:
        """Note a label's verdict at its event and its things."""
        sign = self.sign
        connection.exec_driver_sql(
            f"UPDATE entity_events SET verdict = {sign} WHERE seq = {sign}",  # noqa: S608 - as above
            (verdict, seq),
        )
        change = int(verdict == 1) - was_fraud
        if change:
            connection.exec_driver_sql(
                f"UPDATE entities SET n_fraud = n_fraud + {sign} "  # noqa: S608 - as above
                f"WHERE id IN (SELECT entity FROM entity_links WHERE seq = {sign})",
                (change, seq),
            )


class _SqliteRows(_Common):
    def find_known(self, connection: sa.Connection, kind: int, values: list[str]) -> Iterable[Row]:
        """Return (value, id, last_seq, n_events) of those that are known."""
        found: Sequence[Any] = connection.exec_driver_sql(
            "SELECT known.value, known.id, known.last_seq, known.n_events FROM json_each(?) AS asked "
            "CROSS JOIN entities AS known WHERE known.kind = ? AND known.value = asked.value",
            (msgspec.json.encode(values).decode(), kind),
        ).all()
        return found

    def add_entities(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert things."""
        # In the order of the index, so that neighbours share its pages.
        connection.exec_driver_sql(_insert(ENTITIES), sorted(rows, key=_kind_and_value))

    def add_events(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert events."""
        connection.exec_driver_sql(_insert(ENTITY_EVENTS), rows)

    def add_links(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert links."""
        if rows:
            connection.exec_driver_sql(_insert(ENTITY_LINKS), rows)

    def change_entities(self, connection: sa.Connection, rows: list[tuple[int, ...]]) -> None:
        """Bring things up to date: (last_seq, first_us, last_us, n_events, *figures, id)."""
        connection.exec_driver_sql(
            "UPDATE entities SET last_seq = ?, first_us = min(first_us, ?), last_us = max(last_us, ?), "  # noqa: S608
            f"n_events = n_events + ?, {_GROW} WHERE id = ?",
            sorted(rows, key=_last),
        )


class _PostgresRows(_Common):
    sign = "%s"
    least = "least"

    def find_known(self, connection: sa.Connection, kind: int, values: list[str]) -> Iterable[Row]:
        """Return (value, id, last_seq, n_events) of those that are known."""
        found: Sequence[Any] = connection.exec_driver_sql(_FIND, (kind, values)).all()
        return found

    def add_entities(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert things."""
        _copy(connection, ENTITIES, rows)

    def add_events(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert events."""
        _copy(connection, ENTITY_EVENTS, rows)

    def add_links(self, connection: sa.Connection, rows: list[Row]) -> None:
        """Insert links."""
        _copy(connection, ENTITY_LINKS, rows)

    def change_entities(self, connection: sa.Connection, rows: list[tuple[int, ...]]) -> None:
        """Bring things up to date: (last_seq, first_us, last_us, n_events, *figures, id)."""
        names = ("last_seq", "first_us", "last_us", "n_events", *FIGURES, "id")
        grow = ", ".join(
            _grown(self.least, name, f"entities.{name}", f"new.{name}") for name in ("n_events", *FIGURES)
        )
        arrays = ", ".join(["%s::bigint[]"] * len(names))
        connection.exec_driver_sql(
            "UPDATE entities SET last_seq = new.last_seq, "  # noqa: S608 - names of our own tables
            "first_us = least(entities.first_us, new.first_us), "
            f"last_us = greatest(entities.last_us, new.last_us), {grow} "
            f"FROM unnest({arrays}) AS new ({', '.join(names)}) WHERE entities.id = new.id",
            tuple(list(column) for column in zip(*sorted(rows, key=_last), strict=True)),
        )


SQLITE: Rows = _SqliteRows()
POSTGRES: Rows = _PostgresRows()


def _insert(table: sa.Table) -> str:
    names = [column.name for column in table.columns]
    signs = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({signs})"  # noqa: S608 - our own names


def _copy(connection: sa.Connection, table: sa.Table, rows: list[Row]) -> None:
    """Send rows by COPY, in the transaction of the connection."""
    names = ", ".join(column.name for column in table.columns)
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {table.name} ({names}) FROM STDIN"
    faults: Any = connection.dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except faults.Error as error:
        # As SQLAlchemy would have named it.
        raise sa.exc.DBAPIError.instance(
            statement, None, error, faults.Error, dialect=connection.dialect
        ) from error


def _kind_and_value(row: Row) -> tuple[int, str]:
    return row[1], row[2]


def _last(row: tuple[int, ...]) -> int:
    return row[-1]
