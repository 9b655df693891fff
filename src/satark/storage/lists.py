"""Lists that people edit: what they hold now, until when, and every edit by whom.

The engine reads them through its own log entries (an edit is an input and lies in the log); these tables
are what the pages and commands show and change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.errors import InputInvalid, NotFound
from satark.storage.tables import LIST_EDITS, LIST_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.core.clock import Clock
    from satark.storage.engines import Engines

MAX_VALUE_LENGTH = 512
MAX_NOTE_LENGTH = 2_000

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One value on a list; `edit` is the `ListEdit` that made it what it is."""

    list: str
    value: str
    expires_us: int | None
    note: str
    edit: int


@dataclass(frozen=True, slots=True)
class ListEdit:
    """One change: `set` (added, or expiry or note changed) or `removed`."""

    id: int
    list: str
    value: str
    change: str
    expires_us: int | None
    note: str
    actor: str
    at_us: int


class Lists:
    """The lists; callable from any thread."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self._engines = engines
        self._clock = clock

    def set(
        self, name: str, value: str, *, actor: str, expires_us: int | None = None, note: str = ""
    ) -> ListEdit:
        """Put a value on a list, or change its expiry or note.

        Raises
        ------
        InputInvalid
            The list's name, the value or the note is not of the right form.
        """
        return self.set_many(name, [value], actor=actor, expires_us=expires_us, note=note)[0]

    def set_many(
        self, name: str, values: Iterable[str], *, actor: str, expires_us: int | None = None, note: str = ""
    ) -> list[ListEdit]:
        """Put values on a list, all or none.

        Raises
        ------
        InputInvalid
            The list's name, a value or the note is not of the right form.
        """
        wanted = list(dict.fromkeys(values))
        _check(name, wanted, note)
        now = self._clock.now_us()
        edits = []
        with self._engines.writing("the lists") as connection:
            for value in wanted:
                edit = _record(connection, ListEdit(0, name, value, "set", expires_us, note, actor, now))
                connection.execute(sa.delete(LIST_ENTRIES).where(*_at(name, value)))
                connection.execute(
                    sa.insert(LIST_ENTRIES).values(
                        list=name, value=value, expires_us=expires_us, note=note, edit=edit.id
                    )
                )
                edits.append(edit)
        return edits

    def remove(self, name: str, value: str, *, actor: str, note: str = "") -> ListEdit:
        """Take a value off a list; the edit remains.

        Raises
        ------
        NotFound
            The list does not hold the value.
        InputInvalid
            The note is too long.
        """
        _check(name, [value], note)
        with self._engines.writing("the lists") as connection:
            if not connection.execute(sa.delete(LIST_ENTRIES).where(*_at(name, value))).rowcount:
                message = "the list does not hold this value"
                raise NotFound(message, list=name)
            now = self._clock.now_us()
            return _record(connection, ListEdit(0, name, value, "removed", None, note, actor, now))

    def names(self) -> list[str]:
        """Return the names of all lists that hold or ever held something."""
        with self._engines.reading("the lists") as connection:
            return list(
                connection.scalars(sa.select(LIST_EDITS.c.list).distinct().order_by(LIST_EDITS.c.list))
            )

    def entries(self, name: str, *, at_us: int | None = None) -> list[ListEntry]:
        """Return a list's entries in order of value; with `at_us` only those not expired at that moment."""
        query = sa.select(LIST_ENTRIES).where(LIST_ENTRIES.c.list == name).order_by(LIST_ENTRIES.c.value)
        if at_us is not None:
            query = query.where(
                sa.or_(LIST_ENTRIES.c.expires_us.is_(None), LIST_ENTRIES.c.expires_us > at_us)
            )
        with self._engines.reading("the lists") as connection:
            return [ListEntry(*row) for row in connection.execute(query)]

    def find(self, name: str, value: str) -> ListEntry | None:
        """Return one entry, None when the list does not hold the value."""
        with self._engines.reading("the lists") as connection:
            row = connection.execute(sa.select(LIST_ENTRIES).where(*_at(name, value))).first()
        return None if row is None else ListEntry(*row)

    def edits(
        self, *, name: str | None = None, value: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[ListEdit]:
        """Return edits after the one numbered `after`, in order: the history, or what a reader has not seen."""
        query = sa.select(LIST_EDITS).where(LIST_EDITS.c.id > after).order_by(LIST_EDITS.c.id).limit(limit)
        if name is not None:
            query = query.where(LIST_EDITS.c.list == name)
        if value is not None:
            query = query.where(LIST_EDITS.c.value == value)
        with self._engines.reading("the lists") as connection:
            return [ListEdit(*row) for row in connection.execute(query)]

    def last_edit(self) -> int:
        """Return the newest edit's id, 0 when there is none; cheap enough to ask every second."""
        with self._engines.reading("the lists") as connection:
            return int(connection.scalar(sa.select(sa.func.max(LIST_EDITS.c.id))) or 0)


def _record(connection: sa.Connection, edit: ListEdit) -> ListEdit:
    """Write an edit and return it with its number."""
    values = {column.name: getattr(edit, column.name) for column in LIST_EDITS.columns if column.name != "id"}
    made = connection.execute(sa.insert(LIST_EDITS).values(values)).inserted_primary_key
    return ListEdit(int(made[0]) if made else 0, *list(values.values()))


def _at(name: str, value: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return LIST_ENTRIES.c.list == name, LIST_ENTRIES.c.value == value


def _check(name: str, values: list[str], note: str) -> None:
    if not _NAME.match(name):
        message = "a list's name is 1 to 64 of a-z 0-9 _ and starts with a letter"
        raise InputInvalid(message, field="list")
    if any(not 1 <= len(value) <= MAX_VALUE_LENGTH or "\0" in value for value in values):
        message = f"a list's value has 1 to {MAX_VALUE_LENGTH} characters"
        raise InputInvalid(message, field="value")
    if len(note) > MAX_NOTE_LENGTH or "\0" in note:
        message = f"a note has at most {MAX_NOTE_LENGTH} characters"
        raise InputInvalid(message, field="note")
