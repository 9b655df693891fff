"""The audit trail: who did what to what, as a hash chain that also holds on to the event log.

Each entry's hash is keyed and covers the hash before it, so a changed, removed or inserted entry shows.
What no chain shows by itself is a tail that was cut; for that the head (the newest hash of the trail and of
the log) is exported, and `verify` compares exported heads with what is there.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import msgspec
import sqlalchemy as sa

from satark.core.errors import InputInvalid, StorageUnavailable
from satark.storage.tables import AUDIT, LOG_CHAIN
from satark.storage.verify import AuditReport, Verifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from satark.core.clock import Clock
    from satark.storage.engines import Engines
    from satark.storage.log import SqlEventLog
    from satark.storage.verify import Progress

START = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail.

    Attributes
    ----------
    actor
        A user name, `key:<id>`, or `system`.
    action
        Stable snake_case, for instance `key_created`.
    subject
        The id of what was touched.
    """

    seq: int
    at_us: int
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: bytes


class Head(msgspec.Struct, frozen=True):
    """The newest hashes of trail and log, to be kept where the database's owner cannot change them.

    Examples
    --------
    >>> head = Head(at_us=1, audit_seq=0, audit_hash="00", log_seq=0, log_hash="00")
    >>> Head.parse(head.encode()) == head
    True
    """

    at_us: int
    audit_seq: int
    audit_hash: str
    log_seq: int
    log_hash: str

    def encode(self) -> bytes:
        """Return one line of JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def parse(cls, line: bytes | str) -> Self:
        """Read what `encode` wrote.

        Raises
        ------
        InputInvalid
            The line is no head.
        """
        try:
            return msgspec.json.decode(line, type=cls)
        except msgspec.DecodeError as error:
            message = "a line of the file is no exported head"
            raise InputInvalid(message) from error


class Audit:
    """The trail; callable from any thread and process."""

    def __init__(self, engines: Engines, events: SqlEventLog, clock: Clock, *, key: bytes) -> None:
        self._engines = engines
        self._events = events
        self._clock = clock
        self._key = key

    def over(self, engines: Engines) -> Audit:
        """Return the same trail as another database has it, for instance a copy."""
        return Audit(engines, self._events, self._clock, key=self._key)

    def append(
        self, *, actor: str, action: str, subject: str = "", detail: Mapping[str, object] | None = None
    ) -> AuditEntry:
        """Write one entry, durably.

        Raises
        ------
        StorageUnavailable
            Nothing was written; whatever was to be audited must then not happen.
        """
        with self._engines.writing("the audit trail") as connection:
            return self.note(connection, actor=actor, action=action, subject=subject, detail=detail)

    def note(
        self,
        connection: sa.Connection,
        *,
        actor: str,
        action: str,
        subject: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> AuditEntry:
        """Write one entry in a transaction of `Engines.writing`, together with what it tells of."""
        text = msgspec.json.encode(dict(detail or {}), order="sorted").decode()
        newest = connection.execute(
            sa.select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
        ).first()
        seq, previous = (newest[0] + 1, bytes(newest[1])) if newest else (1, START)
        at_us = self._clock.now_us()
        made = entry_hash(self._key, previous, (seq, at_us, actor, action, subject, text))
        connection.execute(
            sa.insert(AUDIT).values(
                seq=seq,
                at_us=at_us,
                actor=actor,
                action=action,
                subject=subject,
                detail=text,
                previous=previous,
                hash=made,
            )
        )
        return AuditEntry(seq, at_us, actor, action, subject, msgspec.json.decode(text), made)

    def entries(
        self,
        limit: int = 100,
        *,
        before_seq: int | None = None,
        action: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
    ) -> list[AuditEntry]:
        """Return entries, newest first, a page at a time."""
        query = sa.select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
        if before_seq is not None:
            query = query.where(AUDIT.c.seq < before_seq)
        if action is not None:
            query = query.where(AUDIT.c.action == action)
        if subject is not None:
            query = query.where(AUDIT.c.subject == subject)
        if actor is not None:
            query = query.where(AUDIT.c.actor == actor)
        with self._engines.reading("the audit trail") as connection:
            return [
                AuditEntry(
                    row.seq,
                    row.at_us,
                    row.actor,
                    row.action,
                    row.subject,
                    msgspec.json.decode(row.detail),
                    row.hash,
                )
                for row in connection.execute(query)
            ]

    def head(self) -> Head:
        """Return the newest hashes of the trail and of the log."""
        with self._engines.reading("the audit trail") as connection:
            trail = connection.execute(
                sa.select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
            ).first()
            log = connection.execute(
                sa.select(LOG_CHAIN.c.last_seq, LOG_CHAIN.c.hash)
                .order_by(LOG_CHAIN.c.last_seq.desc())
                .limit(1)
            ).first()
        return Head(
            at_us=self._clock.now_us(),
            audit_seq=trail[0] if trail else 0,
            audit_hash=(bytes(trail[1]) if trail else START).hex(),
            log_seq=log[0] if log else 0,
            log_hash=(bytes(log[1]) if log else START).hex(),
        )

    def export_head(self, path: Path) -> Head:
        """Note the log's newest hash in the trail, then add the head of both as a line to a file.

        Called hourly; the file belongs on another machine or a medium that can only be added to.

        Raises
        ------
        StorageUnavailable
            The trail or the file cannot be written.
        """
        log = self.head()
        self.append(
            actor="system", action="log_sealed", detail={"log_seq": log.log_seq, "log_hash": log.log_hash}
        )
        head = self.head()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(head.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            message = f"the audit trail's head cannot be exported: {error.strerror}"
            raise StorageUnavailable(message, certain=True) from error
        return head

    def verify(self, *, heads: Iterable[Head] = (), progress: Progress | None = None) -> AuditReport:
        """Compute both chains again from what is stored, and compare them with exported heads.

        Parameters
        ----------
        heads
            Heads exported earlier (`read_heads`): each must lie on the chains, else a tail was cut or
            rewritten.
        progress
            Called with (step, done, total).

        Raises
        ------
        StorageUnavailable
            The database cannot be read.
        """
        verifier = Verifier(self._engines, self._events, self._key, entry_hash)
        return verifier.run([msgspec.structs.astuple(head)[1:] for head in heads], progress)

    def verify_trail(self, *, progress: Progress | None = None) -> AuditReport:
        """Compute the trail's own chain again, without the log's, which is far longer (``log_entries`` is 0).

        Raises
        ------
        StorageUnavailable
            The database cannot be read.
        """
        return Verifier(self._engines, self._events, self._key, entry_hash).run_trail(progress)


def entry_hash(key: bytes, previous: bytes, fields: tuple[int, int, str, str, str, str]) -> bytes:
    """Return the hash of an entry: seq, at_us, actor, action, subject, detail."""
    return hmac.digest(key, previous + msgspec.json.encode(fields), "sha256")


def read_heads(path: Path) -> list[Head]:
    """Read the file that `Audit.export_head` writes.

    Raises
    ------
    InputInvalid
        It cannot be read, or a line is no head.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        message = f"the exported heads cannot be read: {error.strerror}"
        raise InputInvalid(message, path=str(path)) from error
    return [Head.parse(line) for line in lines if line.strip()]
