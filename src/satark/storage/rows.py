"""Log entries as rows of the `events` table, and the digest by which the chain holds them.

A row's digest covers every column that `LogEntry` has. The body enters by its own digest, the decision and
the feature vector by theirs, so that retention may remove all three and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.decisions.model import Action
from satark.decisions.ports import LogEntry
from satark.storage.tables import EVENTS, LOG_CHAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect

ACTION_UNKNOWN = -1
"""The decision is stored in a form that names no action."""

NO_DIGEST = bytes(32)
CHAIN_START = bytes(32)

Row = tuple[Any, ...]

_ENTRY_COLUMNS = (
    EVENTS.c.seq,
    EVENTS.c.owner,
    EVENTS.c.event_id,
    EVENTS.c.kind,
    EVENTS.c.occurred_us,
    EVENTS.c.arrived_us,
    EVENTS.c.flags,
    EVENTS.c.ref,
    EVENTS.c.digest,
    EVENTS.c.body,
    EVENTS.c.decision,
    EVENTS.c.features,
)
_FIXED = struct.Struct(">QqqqqHHH")
_GRAVITY = {action.value: action.gravity for action in Action}


class _Head(msgspec.Struct, frozen=True):
    """The one field of a decision that the tables need."""

    action: str


_DECODE_HEAD = msgspec.json.Decoder(_Head).decode


class Statements:
    """The log's statements, compiled once from the Core tables for one dialect."""

    __slots__ = (
        "by_id",
        "by_ref",
        "by_seq",
        "chain_head",
        "chain_insert",
        "covered",
        "entries",
        "event_insert",
        "ids",
        "ids_sorted",
        "last_seq",
        "newest",
        "newest_of",
        "next",
        "next_of",
        "tail_by_id",
    )

    def __init__(self, dialect: Dialect) -> None:
        def text(statement: sa.ClauseElement, ending: str = "") -> str:
            return str(statement.compile(dialect=dialect)) + ending

        def whole(name: str) -> sa.BindParameter[int]:
            return sa.bindparam(name, type_=sa.BigInteger)

        def insert(table: sa.Table) -> str:
            return text(
                sa.insert(table).values({column.name: sa.bindparam(column.name) for column in table.columns})
            )

        # SQLAlchemy's own limit() brings an OFFSET parameter along on one of the two.
        many = " LIMIT ?" if dialect.name == "sqlite" else " LIMIT %s"
        one = " LIMIT 1"
        events = EVENTS.c
        entries = sa.select(*_ENTRY_COLUMNS)
        after, within = events.seq > whole("after"), events.seq <= whole("until")
        with_id = (events.owner == whole("owner"), events.event_id == sa.bindparam("id"))
        refers = events.ref != sa.literal_column("''")
        with_ref = (events.owner == whole("owner"), events.ref == sa.bindparam("ref"), refers)
        decided = events.action.is_not(None)
        of_action = events.action == sa.bindparam("action", type_=sa.SmallInteger)
        forwards, backwards = events.seq.asc(), events.seq.desc()

        self.event_insert = insert(EVENTS)
        self.chain_insert = insert(LOG_CHAIN)
        self.chain_head = text(
            sa.select(LOG_CHAIN.c.last_seq, LOG_CHAIN.c.hash).order_by(LOG_CHAIN.c.last_seq.desc()), one
        )
        self.last_seq = text(sa.select(sa.func.max(events.seq)))
        self.by_seq = text(entries.where(events.seq == whole("seq")))
        self.by_id = text(entries.where(*with_id))
        self.by_ref = text(entries.where(*with_ref, after).order_by(forwards))
        self.tail_by_id = text(entries.where(after, *with_id), one)
        self.entries = text(entries.where(after, within).order_by(forwards), many)
        self.covered = text(
            sa.select(*_ENTRY_COLUMNS, EVENTS.c.decision_digest, EVENTS.c.features_digest)
            .where(after, within)
            .order_by(forwards),
            many,
        )
        self.ids = text(
            sa.select(events.seq, events.owner, events.event_id, events.ref)
            .where(after, within)
            .order_by(forwards),
            many,
        )
        names = sa.select(events.owner, events.event_id)
        place = sa.tuple_(whole("owner"), sa.bindparam("id", type_=sa.String))
        self.ids_sorted = text(
            names.where(sa.tuple_(events.owner, events.event_id) > place).order_by(
                events.owner, events.event_id
            ),
            many,
        )
        recent = entries.where(decided, after, within)
        self.newest = text(recent.order_by(backwards), many)
        self.newest_of = text(recent.where(of_action).order_by(backwards), many)
        self.next = text(recent.order_by(forwards), many)
        self.next_of = text(recent.where(of_action).order_by(forwards), many)


def entry_of(row: Sequence[Any]) -> LogEntry:
    """Turn a row of the entry columns into a `LogEntry`."""
    return LogEntry(*row)


def action_of(decision: bytes | None) -> int | None:
    """Return the gravity of a stored decision, None when nothing was decided.

    Examples
    --------
    >>> action_of(b'{"action":"hold","score":0.7}'), action_of(None), action_of(b"?")
    (2, None, -1)
    """
    if decision is None:
        return None
    try:
        return _GRAVITY.get(_DECODE_HEAD(decision).action, ACTION_UNKNOWN)
    except msgspec.DecodeError:
        return ACTION_UNKNOWN


def rows_and_digest(entries: Sequence[LogEntry]) -> tuple[list[Row], bytes]:
    """Return the table rows of a batch and the digest over all of them, in one pass (the hot path).

    The order of the values is that of the columns of `EVENTS`.
    """
    rows: list[Row] = []
    pack, sha256 = _FIXED.pack, hashlib.sha256
    # Entry by entry: over 2,047 bytes at once the hash lets go of the interpreter's lock, and the thread that commits
    # waits half a millisecond to get it back.
    batch = sha256()
    update = batch.update
    for entry in entries:
        decision, features = entry.decision, entry.features
        event_id, kind, ref = entry.event_id.encode(), entry.kind.encode(), entry.ref.encode()
        update(
            pack(
                entry.seq,
                entry.owner,
                entry.occurred_us,
                entry.arrived_us,
                entry.flags,
                len(event_id),
                len(kind),
                len(ref),
            )
            + event_id
            + kind
            + ref
            + entry.digest
            + (NO_DIGEST if decision is None else sha256(decision).digest())
            + (NO_DIGEST if features is None else sha256(features).digest())
        )
        rows.append(
            (
                entry.seq,
                entry.owner,
                entry.event_id,
                entry.kind,
                entry.occurred_us,
                entry.arrived_us,
                entry.flags,
                entry.ref,
                action_of(decision),
                entry.digest,
                None,
                None,
                entry.body,
                decision,
                features,
            )
        )
    return rows, batch.digest()


def row_part(entry: LogEntry, decision_digest: bytes | None, features_digest: bytes | None) -> bytes:
    """Return what one stored row contributes to its batch's digest, whatever retention removed."""
    event_id, kind, ref = entry.event_id.encode(), entry.kind.encode(), entry.ref.encode()
    fixed = _FIXED.pack(
        entry.seq,
        entry.owner,
        entry.occurred_us,
        entry.arrived_us,
        entry.flags,
        len(event_id),
        len(kind),
        len(ref),
    )
    return b"".join(
        (
            fixed,
            event_id,
            kind,
            ref,
            entry.digest,
            _digest(entry.decision, decision_digest),
            _digest(entry.features, features_digest),
        )
    )


def chain_hash(key: bytes, previous: bytes, batch: bytes) -> bytes:
    """Return the chain's next value; keyed, so that whoever can only write the database cannot forge it."""
    return hmac.digest(key, previous + batch, "sha256")


def _digest(value: bytes | None, removed: bytes | None) -> bytes:
    """Return the digest of a part that is there, was removed, or never was."""
    if value is not None:
        return hashlib.sha256(value).digest()
    return NO_DIGEST if removed is None else removed
