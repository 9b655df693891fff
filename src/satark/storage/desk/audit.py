"""The desk's audit chain: each act is noted in the transaction that does it.

The same entries and the same keyed hash as the installation's own trail (`satark.storage.audit`), over a table of the
desk database. The key is derived, so that no entry of one chain fits into the other. What people wrote (notes, files)
is not copied into the trail; their digest is, so that a changed note shows and personal data stays where it can be
erased.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.storage.audit import START, AuditEntry, entry_hash
from satark.storage.desk.tables.audit import DESK_AUDIT
from satark.storage.verify import MAX_PROBLEMS, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from satark.core.clock import Clock
    from satark.storage.engines import Engines
    from satark.storage.verify import Progress

CHUNK = 512
_PURPOSE = b"satark desk audit 1"


_FIELDS = ("seq", "at_us", "actor", "action", "subject", "detail")


class DeskAuditReport(msgspec.Struct, frozen=True):
    """What `DeskAudit.verify` found: whether all verifies, how many entries, the first problems, the newest hash."""

    ok: bool
    entries: int
    problems: tuple[Problem, ...]
    hash: str


class DeskAudit:
    """The chain; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, *, key: bytes) -> None:
        self._engines = engines
        self._clock = clock
        self._key = hmac.digest(key, _PURPOSE, "sha256")

    def over(self, engines: Engines) -> DeskAudit:
        """Return the same chain as another database has it, for instance a copy."""
        made = DeskAudit.__new__(DeskAudit)
        made._engines, made._clock, made._key = engines, self._clock, self._key  # noqa: SLF001 - its own
        return made

    def note(
        self,
        connection: sa.Connection,
        *,
        actor: str,
        action: str,
        subject: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> int:
        """Write one entry in a transaction of `Desk.writing`; return its place.

        That transaction is alone in writing (SQLite's write lock, an advisory lock on PostgreSQL), so no two entries
        follow the same one.
        """
        return self.note_all(connection, [(actor, action, subject, detail or {})])

    def note_all(
        self, connection: sa.Connection, notes: Sequence[tuple[str, str, str, Mapping[str, object]]]
    ) -> int:
        """Write several entries (actor, action, subject, detail) as `note` does; return the place of the last."""
        newest = connection.execute(
            sa.select(DESK_AUDIT.c.seq, DESK_AUDIT.c.hash).order_by(DESK_AUDIT.c.seq.desc()).limit(1)
        ).first()
        seq, previous = (int(newest[0]) + 1, bytes(newest[1])) if newest else (1, START)
        at_us, rows = self._clock.now_us(), []
        for place, (actor, action, subject, detail) in enumerate(notes, seq):
            text = msgspec.json.encode(dict(detail), order="sorted").decode()
            fields = (place, at_us, actor, action, subject, text)
            digest = entry_hash(self._key, previous, fields)
            rows.append({**dict(zip(_FIELDS, fields, strict=True)), "previous": previous, "hash": digest})
            previous = digest
        if rows:
            connection.execute(sa.insert(DESK_AUDIT), rows)
        return seq + len(rows) - 1

    def append(
        self, *, actor: str, action: str, subject: str = "", detail: Mapping[str, object] | None = None
    ) -> int:
        """Write one entry, durably, for something that leaves no other trace (a read of personal data).

        Raises
        ------
        StorageUnavailable
            Nothing was written; whatever was to be audited must then not happen.
        """
        with self._engines.writing("the desk's audit trail") as connection:
            return self.note(connection, actor=actor, action=action, subject=subject, detail=detail)

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
        query = sa.select(DESK_AUDIT).order_by(DESK_AUDIT.c.seq.desc()).limit(limit)
        if before_seq is not None:
            query = query.where(DESK_AUDIT.c.seq < before_seq)
        for column, wanted in (
            (DESK_AUDIT.c.action, action),
            (DESK_AUDIT.c.subject, subject),
            (DESK_AUDIT.c.actor, actor),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._engines.reading("the desk's audit trail") as connection:
            return [_entry(row) for row in connection.execute(query)]

    def genuine(self, connection: sa.Connection, seq: int) -> AuditEntry | None:
        """Return an entry that this installation wrote, None when there is none or it was changed afterwards.

        For acts that may only follow from another one (what is published must have been approved): a row of a table
        says so as well, but whoever can write the database without the installation's key can write rows, and no
        entries.
        """
        row: Any = connection.execute(sa.select(DESK_AUDIT).where(DESK_AUDIT.c.seq == seq)).first()
        if row is None:
            return None
        fields = (row.seq, row.at_us, row.actor, row.action, row.subject, row.detail)
        expected = entry_hash(self._key, _plain(row.previous), fields)
        return _entry(row) if hmac.compare_digest(expected, _plain(row.hash)) else None

    def head(self) -> tuple[int, bytes]:
        """Return the newest entry's place and hash."""
        with self._engines.reading("the desk's audit trail") as connection:
            newest = connection.execute(
                sa.select(DESK_AUDIT.c.seq, DESK_AUDIT.c.hash).order_by(DESK_AUDIT.c.seq.desc()).limit(1)
            ).first()
        return (int(newest[0]), bytes(newest[1])) if newest else (0, START)

    def verify(
        self, *, heads: Mapping[int, str] | None = None, progress: Progress | None = None
    ) -> DeskAuditReport:
        """Compute the chain again from what is stored, and compare it with heads noted elsewhere.

        Parameters
        ----------
        heads
            Place to hash (hexadecimal), as the installation's own trail noted them; each must lie on the chain, else
            a tail was cut or rewritten.
        progress
            Called with ("desk", done, total).

        Raises
        ------
        StorageUnavailable
            The database cannot be read.
        """
        wanted = dict(heads or {})
        problems: list[Problem] = []
        previous, last = START, 0
        total = self.head()[0]
        for row in self._rows():
            if row.seq != last + 1:
                problems.append(Problem("desk", last + 1, "entries are missing"))
            fields = (row.seq, row.at_us, row.actor, row.action, row.subject, row.detail)
            if not _follows(row, previous, entry_hash(self._key, previous, fields)):
                problems.append(Problem("desk", row.seq, "the entry was changed"))
            previous, last = _plain(row.hash), int(row.seq)
            if wanted.pop(last, previous.hex()) != previous.hex():
                problems.append(Problem("desk", last, "a noted head differs from the chain"))
            if progress is not None and (last % CHUNK == 0 or last == total):
                progress("desk", last, total)
        problems += [
            Problem("desk", seq, f"a noted head is not on the chain, which ends at {last}")
            for seq in sorted(wanted)
            if seq
        ]
        return DeskAuditReport(not problems, last, tuple(problems[:MAX_PROBLEMS]), previous.hex())

    def _rows(self) -> Iterator[Any]:
        after = 0
        while True:
            with self._engines.reading("the desk's audit trail") as connection:
                rows = connection.execute(
                    sa.select(DESK_AUDIT)
                    .where(DESK_AUDIT.c.seq > after)
                    .order_by(DESK_AUDIT.c.seq)
                    .limit(CHUNK)
                ).all()
            yield from rows
            if len(rows) < CHUNK:
                return
            after = rows[-1].seq


def _entry(row: Any) -> AuditEntry:  # noqa: ANN401 - a row
    return AuditEntry(
        row.seq, row.at_us, row.actor, row.action, row.subject, msgspec.json.decode(row.detail), row.hash
    )


def _follows(row: Any, previous: bytes, expected: bytes) -> bool:  # noqa: ANN401 - a row
    return _plain(row.previous) == previous and hmac.compare_digest(expected, _plain(row.hash))


def _plain(value: object) -> bytes:
    """Return a stored digest; whatever is none equals none."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""
