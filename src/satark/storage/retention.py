"""What is kept how long: bodies and decisions go after their days, digests and the audit trail stay.

A removed body, decision or feature vector leaves its digest behind, so the chain still verifies; and the
trail says beforehand up to which place of the log things may be missing, so that a removal by anybody else
shows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.clock import MICROS_PER_DAY
from satark.core.errors import SettingInvalid
from satark.storage.engines import storage_faults
from satark.storage.tables import EVENTS
from satark.storage.verify import RETENTION_ACTION

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage.audit import Audit
    from satark.storage.engines import Engines
    from satark.storage.verify import Progress

MIN_BODY_DAYS = 181
"""Windows are rebuilt from bodies: the longest is 90 days, delayed by up to 90 more."""
SYSTEM_OWNER = 0
CHUNK = 500
"""Rows per transaction: a few milliseconds in which appends wait."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept.

    Attributes
    ----------
    body_days
        Days from arrival after which an event's body is removed; None keeps bodies for ever.
    decision_days
        The same for decisions and feature vectors.

    Raises
    ------
    SettingInvalid
        Bodies would go while windows still need them, or a number is not positive.
    """

    body_days: int | None
    decision_days: int | None

    def __post_init__(self) -> None:
        """Refuse what would break promises."""
        if self.body_days is not None and self.body_days < MIN_BODY_DAYS:
            message = f"bodies are needed for {MIN_BODY_DAYS} days: windows are rebuilt from them"
            raise SettingInvalid(message, setting="body_days", least=MIN_BODY_DAYS)
        if self.decision_days is not None and self.decision_days < 1:
            message = "decisions are kept for at least one day"
            raise SettingInvalid(message, setting="decision_days", least=1)


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What went, or in a dry run what would go.

    Attributes
    ----------
    dry_run
        Nothing was removed.
    bodies, decisions
        How many.
    bodies_until_seq, decisions_until_seq
        The places of the log up to which they go.
    """

    dry_run: bool
    bodies: int
    decisions: int
    bodies_until_seq: int
    decisions_until_seq: int


def apply_retention(
    engines: Engines,
    audit: Audit,
    clock: Clock,
    rule: Retention,
    *,
    dry_run: bool,
    actor: str = "system",
    progress: Progress | None = None,
) -> RetentionReport:
    """Remove what is older than the rule allows, beside a running engine.

    A run that was broken off is finished by the next one.

    Raises
    ------
    StorageUnavailable
        The database cannot be read or written.
    """
    now = clock.now_us()
    with engines.reading("the log") as connection:
        bodies_until = _last_before(connection, now, rule.body_days)
        decisions_until = _last_before(connection, now, rule.decision_days)
        bodies = _count(connection, _has_body(), bodies_until)
        decisions = _count(connection, _has_decision(), decisions_until)
    report = RetentionReport(dry_run, bodies, decisions, bodies_until, decisions_until)
    if dry_run or not bodies + decisions:
        return report
    detail = {
        "bodies": bodies,
        "bodies_until_seq": bodies_until,
        "decisions": decisions,
        "decisions_until_seq": decisions_until,
    }
    audit.append(actor=actor, action=RETENTION_ACTION, subject="log", detail=detail)
    _remove_bodies(engines, bodies_until, bodies, progress)
    _remove_decisions(engines, decisions_until, decisions, progress)
    audit.append(actor=actor, action="retention_finished", subject="log", detail=detail)
    return report


def _last_before(connection: sa.Connection, now_us: int, days: int | None) -> int:
    """Return the last place before which everything arrived more than `days` ago, 0 when there is none.

    Arrival never goes back in the log by more than clocks do, so the border is found by halving.
    """
    if days is None:
        return 0
    before_us = now_us - days * MICROS_PER_DAY
    low, high = 0, int(connection.scalar(sa.select(sa.func.max(EVENTS.c.seq))) or 0)
    while low < high:
        middle = (low + high + 1) // 2
        arrived = connection.scalar(sa.select(EVENTS.c.arrived_us).where(EVENTS.c.seq == middle))
        if arrived is not None and arrived < before_us:
            low = middle
        else:
            high = middle - 1
    return low


def _has_body() -> sa.ColumnElement[bool]:
    # Policies and rates hold nobody's data, and old decisions are decided again from them.
    return sa.and_(sa.func.length(EVENTS.c.body) > 0, EVENTS.c.owner != SYSTEM_OWNER)


def _has_decision() -> sa.ColumnElement[bool]:
    return sa.or_(EVENTS.c.decision.is_not(None), EVENTS.c.features.is_not(None))


def _count(connection: sa.Connection, what: sa.ColumnElement[bool], until_seq: int) -> int:
    if not until_seq:
        return 0
    query = sa.select(sa.func.count()).select_from(EVENTS).where(EVENTS.c.seq <= until_seq, what)
    return int(connection.scalar(query) or 0)


def _remove_bodies(engines: Engines, until_seq: int, total: int, progress: Progress | None) -> None:
    after, done = 0, 0
    while done < total:
        with storage_faults("the log"), engines.writer().begin() as connection:
            seqs = connection.scalars(
                sa.select(EVENTS.c.seq)
                .where(EVENTS.c.seq > after, EVENTS.c.seq <= until_seq, _has_body())
                .order_by(EVENTS.c.seq)
                .limit(CHUNK)
            ).all()
            if not seqs:
                return
            connection.execute(sa.update(EVENTS).where(EVENTS.c.seq.in_(seqs)).values(body=b""))
        after, done = seqs[-1], done + len(seqs)
        if progress is not None:
            progress("bodies", done, total)


def _remove_decisions(engines: Engines, until_seq: int, total: int, progress: Progress | None) -> None:
    after, done = 0, 0
    update = (
        sa.update(EVENTS)
        .where(EVENTS.c.seq == sa.bindparam("at"))
        .values(
            decision=None,
            features=None,
            decision_digest=sa.bindparam("of_decision"),
            features_digest=sa.bindparam("of_features"),
        )
    )
    while done < total:
        with storage_faults("the log"), engines.writer().begin() as connection:
            rows = connection.execute(
                sa.select(EVENTS.c.seq, EVENTS.c.decision, EVENTS.c.features)
                .where(EVENTS.c.seq > after, EVENTS.c.seq <= until_seq, _has_decision())
                .order_by(EVENTS.c.seq)
                .limit(CHUNK)
            ).all()
            if not rows:
                return
            changes = [
                {"at": row.seq, "of_decision": _digest(row.decision), "of_features": _digest(row.features)}
                for row in rows
            ]
            connection.execute(update, changes)
        after, done = rows[-1].seq, done + len(rows)
        if progress is not None:
            progress("decisions", done, total)


def _digest(value: bytes | None) -> bytes | None:
    return None if value is None else hashlib.sha256(value).digest()
