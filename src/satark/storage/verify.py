"""Compute the hash chains of the audit trail and of the event log again, and say where they break."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.storage.rows import CHAIN_START, chain_hash, entry_of, row_part
from satark.storage.tables import AUDIT, LOG_CHAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from satark.storage.engines import Engines
    from satark.storage.log import SqlEventLog

Progress = Callable[[str, int, int], None]
"""Told the step's name, how much is done and how much there is."""

RETENTION_ACTION = "retention_started"
MAX_PROBLEMS = 20
CHUNK = 512

HeadFields = tuple[int, str, int, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something does not verify: `audit` or `log`, the place, and what is wrong."""

    where: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `Audit.verify` found.

    Attributes
    ----------
    ok
        Everything verifies.
    audit_entries, log_entries
        How many were computed again.
    problems
        The first of what does not verify.
    audit_hash, log_hash
        The heads of both chains, in hexadecimal.
    """

    ok: bool
    audit_entries: int
    log_entries: int
    problems: tuple[Problem, ...]
    audit_hash: str
    log_hash: str


class Verifier:
    """One run over both chains."""

    def __init__(
        self,
        engines: Engines,
        events: SqlEventLog,
        key: bytes,
        entry_hash: Callable[[bytes, bytes, tuple[int, int, str, str, str, str]], bytes],
    ) -> None:
        self._engines = engines
        self._events = events
        self._key = key
        self._entry_hash = entry_hash
        self._problems: list[Problem] = []
        self._removed = {"bodies": 0, "decisions": 0}
        self._audit_heads: dict[int, set[str]] = {}
        self._log_heads: dict[int, set[str]] = {}

    def run(self, heads: Sequence[HeadFields], progress: Progress | None) -> AuditReport:
        """Verify the trail, then the log."""
        for audit_seq, audit_hash, log_seq, log_hash in heads:
            self._audit_heads.setdefault(audit_seq, set()).add(audit_hash)
            self._log_heads.setdefault(log_seq, set()).add(log_hash)
        audit_entries, audit_end = self._trail(progress)
        log_entries, log_end = self._log(progress)
        for where, left, last in (
            ("audit", self._audit_heads, audit_entries),
            ("log", self._log_heads, log_entries),
        ):
            for seq in sorted(left):
                if seq:
                    self._problem(where, seq, f"a noted head is not on the chain, which ends at {last}")
        problems = tuple(self._problems[:MAX_PROBLEMS])
        return AuditReport(not problems, audit_entries, log_entries, problems, audit_end.hex(), log_end.hex())

    def run_trail(self, progress: Progress | None) -> AuditReport:
        """Verify the trail alone."""
        entries, end = self._trail(progress)
        problems = tuple(self._problems[:MAX_PROBLEMS])
        return AuditReport(not problems, entries, 0, problems, end.hex(), "")

    def _trail(self, progress: Progress | None) -> tuple[int, bytes]:
        """Verify the trail; learn from it which heads of the log were noted and what retention removed."""
        previous, last = CHAIN_START, 0
        with self._engines.reading("the audit trail") as connection:
            total = connection.scalar(sa.select(sa.func.max(AUDIT.c.seq))) or 0
        for row in self._trail_rows():
            if row.seq != last + 1:
                self._problem("audit", last + 1, "entries are missing")
            fields = (row.seq, row.at_us, row.actor, row.action, row.subject, row.detail)
            if _plain(row.previous) != previous or not hmac.compare_digest(
                self._entry_hash(self._key, previous, fields), _plain(row.hash)
            ):
                self._problem("audit", row.seq, "the entry was changed")
            else:
                self._learn(row.action, row.detail)
            previous, last = _plain(row.hash), row.seq
            self._meet(self._audit_heads, "audit", last, previous)
            if progress is not None and (last % CHUNK == 0 or last == total):
                progress("audit", last, total)
        return last, previous

    def _trail_rows(self) -> Iterator[Any]:
        after = 0
        while True:
            with self._engines.reading("the audit trail") as connection:
                rows = connection.execute(
                    sa.select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(CHUNK)
                ).all()
            yield from rows
            if len(rows) < CHUNK:
                return
            after = rows[-1].seq

    def _learn(self, action: str, detail: str) -> None:
        """Take what an entry that verifies says about the log."""
        if action == RETENTION_ACTION:
            noted = msgspec.json.decode(detail)
            for name in self._removed:
                self._removed[name] = max(self._removed[name], int(noted.get(f"{name}_until_seq", 0)))
        elif action == "log_sealed":
            noted = msgspec.json.decode(detail)
            self._log_heads.setdefault(int(noted["log_seq"]), set()).add(str(noted["log_hash"]))

    def _log(self, progress: Progress | None) -> tuple[int, bytes]:
        """Verify the log, batch by batch."""
        previous, last = CHAIN_START, 0
        links = list(self._links())
        total = links[-1][0] if links else 0
        stored = self._events.stored_last()
        rows = self._events.stored_rows(total)
        for at, (last_seq, count, link) in enumerate(links):
            if last_seq - count != last:
                self._problem("log", last + 1, "a link of the chain is missing")
            digest = hashlib.sha256()
            expected = last_seq - count + 1
            for row in _until(rows, last_seq, count):
                if row[0] != expected:
                    self._problem("log", expected, "entries are missing")
                expected = row[0] + 1
                digest.update(self._row(row))
            if expected != last_seq + 1:
                self._problem("log", expected, "entries are missing")
            if not hmac.compare_digest(chain_hash(self._key, previous, digest.digest()), link):
                self._problem("log", last_seq, f"an entry of the batch of {count} up to here was changed")
            previous, last = link, last_seq
            self._meet(self._log_heads, "log", last, previous)
            if progress is not None and (at % 16 == 0 or last == total):
                progress("log", last, total)
        if stored > last and self._events.stored_chain_end() == last:
            self._problem("log", stored, "entries lie behind the end of the chain")
        return last, previous

    def _links(self) -> Iterator[tuple[int, int, bytes]]:
        with self._engines.reading("the log's chain") as connection:
            for row in connection.execute(sa.select(LOG_CHAIN).order_by(LOG_CHAIN.c.last_seq)):
                yield row.last_seq, row.rows, _plain(row.hash)

    def _row(self, row: tuple[Any, ...]) -> bytes:
        """Return a row's part of its batch's digest, after checking the row against its own digests."""
        try:
            return self._checked_row(row)
        except (TypeError, AttributeError, struct.error):
            self._problem("log", row[0], "a column holds a value of another type")
            return b""

    def _checked_row(self, row: tuple[Any, ...]) -> bytes:
        *fields, decision_digest, features_digest = row
        entry = entry_of(fields)
        if entry.body:
            if hashlib.sha256(entry.body).digest() != entry.digest:
                self._problem("log", entry.seq, "the body was changed")
        elif entry.seq > self._removed["bodies"]:
            self._problem("log", entry.seq, "the body was removed")
        if entry.seq > self._removed["decisions"] and (
            decision_digest is not None or features_digest is not None
        ):
            self._problem("log", entry.seq, "the decision was removed")
        return row_part(entry, decision_digest, features_digest)

    def _meet(self, heads: dict[int, set[str]], where: str, seq: int, found: bytes) -> None:
        """Compare a place of the chain with the heads that were noted for it."""
        if heads.pop(seq, {found.hex()}) != {found.hex()}:
            self._problem(where, seq, "a noted head differs from the chain")

    def _problem(self, where: str, seq: int, what: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(where, seq, what))


def _plain(value: object) -> bytes:
    """Return a stored digest; whatever is none equals none."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def _until(rows: Iterator[tuple[Any, ...]], last_seq: int, count: int) -> Iterator[tuple[Any, ...]]:
    """Take the rows of one batch."""
    for _ in range(count):
        row = next(rows, None)
        if row is None:
            return
        yield row
        if row[0] >= last_seq:
            return
