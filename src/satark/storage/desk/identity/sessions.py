"""Sessions of the staff: found by the digest of a cookie on each request, so by one look at a primary key."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.core.staff import SessionRecord
from satark.storage.desk.tables.identity import STAFF_SESSIONS

if TYPE_CHECKING:
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.engines import Engines

_WHAT = "the staff's sessions"
_COLUMNS = tuple(field.name for field in fields(SessionRecord))


class StaffSessions:
    """The sessions; implements `satark.web.sessions.SessionStore`."""

    def __init__(self, engines: Engines, audit: DeskAudit) -> None:
        self._engines = engines
        self._audit = audit

    def add(self, record: SessionRecord, *, ended_before_us: int) -> None:
        """Keep a session, and forget those that were last seen before a time."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(sa.delete(STAFF_SESSIONS).where(STAFF_SESSIONS.c.seen_us < ended_before_us))
            connection.execute(
                sa.insert(STAFF_SESSIONS).values({name: getattr(record, name) for name in _COLUMNS})
            )

    def find(self, key: bytes) -> SessionRecord | None:
        """Return a session by its key."""
        with self._engines.reading(_WHAT) as connection:
            row = connection.execute(_FIND, {"wanted": key}).first()
        return None if row is None else _record(row)

    def touch(self, key: bytes, seen_us: int) -> None:
        """Write down when it was used; never back in time."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(
                sa.update(STAFF_SESSIONS)
                .where(STAFF_SESSIONS.c.key == key, STAFF_SESSIONS.c.seen_us < seen_us)
                .values(seen_us=seen_us)
            )

    def strengthen(self, key: bytes) -> None:
        """Write down that a second factor was given."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(
                sa.update(STAFF_SESSIONS).where(STAFF_SESSIONS.c.key == key).values(strong=True)
            )

    def remove(self, key: bytes) -> None:
        """End one."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(sa.delete(STAFF_SESSIONS).where(STAFF_SESSIONS.c.key == key))

    def of(self, username: str) -> list[SessionRecord]:
        """Return the sessions of a member, the last used first."""
        query = _SELECT.where(STAFF_SESSIONS.c.username == username).order_by(
            STAFF_SESSIONS.c.seen_us.desc(), STAFF_SESSIONS.c.id
        )
        with self._engines.reading(_WHAT) as connection:
            return [_record(row) for row in connection.execute(query)]

    def end(self, username: str, session_id: str, *, actor: str) -> bool:
        """End one of a member's sessions by its name; False when he has none of this name."""
        with self._engines.writing(_WHAT) as connection:
            done = connection.execute(
                sa.delete(STAFF_SESSIONS).where(
                    STAFF_SESSIONS.c.username == username, STAFF_SESSIONS.c.id == session_id
                )
            )
            if done.rowcount:
                self._audit.note(
                    connection,
                    actor=actor,
                    action="session_ended",
                    subject=username,
                    detail={"session": session_id},
                )
        return bool(done.rowcount)

    def end_all(self, username: str, *, actor: str, but: bytes | None = None) -> int:
        """End all sessions of a member, but one if that is given; return how many."""
        with self._engines.writing(_WHAT) as connection:
            return end_all(connection, self._audit, username, actor=actor, but=but)


def end_all(
    connection: sa.Connection, audit: DeskAudit, username: str, *, actor: str, but: bytes | None = None
) -> int:
    """End sessions of a member in the caller's transaction."""
    condition = STAFF_SESSIONS.c.username == username
    if but is not None:
        condition = sa.and_(condition, STAFF_SESSIONS.c.key != but)
    ended = connection.execute(sa.delete(STAFF_SESSIONS).where(condition)).rowcount
    if ended:
        audit.note(
            connection, actor=actor, action="sessions_ended", subject=username, detail={"sessions": ended}
        )
    return int(ended)


_SELECT = sa.select(*(STAFF_SESSIONS.c[name] for name in _COLUMNS))
_FIND = _SELECT.where(STAFF_SESSIONS.c.key == sa.bindparam("wanted"))
"""Built once: every request of the pages asks it."""


def _record(row: Any) -> SessionRecord:  # noqa: ANN401 - a row
    return SessionRecord(bytes(row[0]), *row[1:])
