"""Rows of the case tables as the structs that people work with, and what all parts of the case store share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases.model import (
    Alert,
    Attachment,
    Case,
    CaseOutcome,
    CaseState,
    TimelineEntry,
)
from satark.core.errors import NotFound
from satark.storage.desk.tables.cases import (
    ALERTS,
    CASE_ATTACHMENTS,
    CASE_ENTITIES,
    CASE_TIMELINE,
    CASES,
    NOT_CLOSED,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from satark.cases.ports import Commands, DeskAudit, Outbox
    from satark.core.clock import Clock
    from satark.storage.engines import Engines

CHUNK = 400
"""Ids in one IN list; SQLite's builds of old take 999 parameters."""
IS_OPEN = sa.text(f"cases.{NOT_CLOSED}")
"""Word for word the condition of the partial indexes, so that both databases use them."""
GRAVITY = {"allow": 0, "challenge": 1, "hold": 2, "block": 3}

ALERT_COLUMNS = (
    ALERTS.c.id,
    ALERTS.c.case_id,
    ALERTS.c.seq,
    ALERTS.c.owner,
    ALERTS.c.event_id,
    ALERTS.c.opened_us,
    ALERTS.c.deadline_us,
    ALERTS.c.action,
    ALERTS.c.score,
    ALERTS.c.amount_minor,
    ALERTS.c.priority,
    ALERTS.c.queue,
    ALERTS.c.kinds,
    ALERTS.c.rules,
    ALERTS.c.outcome,
    ALERTS.c.closed_us,
)
CASE_COLUMNS = (
    CASES.c.id,
    CASES.c.queue,
    CASES.c.state,
    CASES.c.outcome,
    CASES.c.reason_code,
    CASES.c.assignee,
    CASES.c.locked_by,
    CASES.c.locked_until_us,
    CASES.c.priority,
    CASES.c.amount_minor,
    CASES.c.score,
    CASES.c.opened_us,
    CASES.c.deadline_us,
    CASES.c.changed_us,
    CASES.c.closed_us,
    CASES.c.n_alerts,
    CASES.c.four_eyes,
    CASES.c.proposed_by,
    CASES.c.version,
)
ATTACHMENT_COLUMNS = (
    CASE_ATTACHMENTS.c.id,
    CASE_ATTACHMENTS.c.case_id,
    CASE_ATTACHMENTS.c.at_us,
    CASE_ATTACHMENTS.c.actor,
    CASE_ATTACHMENTS.c.name,
    CASE_ATTACHMENTS.c.media_type,
    CASE_ATTACHMENTS.c.size_bytes,
    CASE_ATTACHMENTS.c.sha256,
)


class CasePart:
    """What every part of the case store stands on."""

    def __init__(
        self, engines: Engines, clock: Clock, *, audit: DeskAudit, outbox: Outbox, commands: Commands
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit
        self._outbox = outbox
        self._commands = commands

    def _reading(self) -> AbstractContextManager[sa.Connection]:
        return self._engines.reading("the cases")

    def _writing(self) -> AbstractContextManager[sa.Connection]:
        return self._engines.writing("the cases")

    def _rows(self, connection: sa.Connection, case_ids: Sequence[int]) -> list[Any]:
        """Return the cases' whole rows, most at risk first.

        Raises
        ------
        NotFound
            One of them does not exist.
        """
        rows: list[Any] = []
        for part in chunks(case_ids):
            rows += connection.execute(sa.select(CASES).where(CASES.c.id.in_(part))).all()
        if len(rows) != len(case_ids):
            message = "there is no such case"
            raise NotFound(message)
        return sorted(rows, key=lambda row: (-row.priority, row.id))

    def _one(self, connection: sa.Connection, case_id: int) -> Any:  # noqa: ANN401 - a row
        return self._rows(connection, (case_id,))[0]

    def _change(self, connection: sa.Connection, case_id: int, **values: object) -> int:
        """Change a case; return its new version."""
        done = connection.execute(
            sa.update(CASES)
            .where(CASES.c.id == case_id)
            .values(version=CASES.c.version + 1, changed_us=self._clock.now_us(), **values)
            .returning(CASES.c.version)
        )
        return int(done.scalar_one())

    def _open_again(self, connection: sa.Connection, case_id: int, **values: object) -> None:
        """Make a closed case an open one: its alerts wait again, and others may join them."""
        kept: dict[str, object] = {"outcome": None, "reason_code": None, "closed_us": None, "closed_by": None}
        self._change(connection, case_id, **{**kept, **values})
        connection.execute(
            sa.update(ALERTS).where(ALERTS.c.case_id == case_id).values(outcome=None, closed_us=None)
        )
        self._set_joins(connection, case_id, joins=True)

    def _set_joins(self, connection: sa.Connection, case_id: int, *, joins: bool) -> None:
        connection.execute(
            sa.update(CASE_ENTITIES).where(CASE_ENTITIES.c.case_id == case_id).values(joins=joins)
        )

    def _line(
        self, connection: sa.Connection, case_id: int, actor: str, kind: str, detail: Mapping[str, Any]
    ) -> int:
        """Add a line to a case's timeline; return its id."""
        done = connection.execute(
            sa.insert(CASE_TIMELINE)
            .values(
                case_id=case_id,
                at_us=self._clock.now_us(),
                actor=actor,
                kind=kind,
                detail=msgspec.json.encode(dict(detail)).decode(),
            )
            .returning(CASE_TIMELINE.c.id)
        )
        return int(done.scalar_one())

    def _note(
        self,
        connection: sa.Connection,
        actor: str,
        action: str,
        case_id: int,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Note an act on a case in the audit chain."""
        self._audit.note(connection, actor=actor, action=action, subject=f"case:{case_id}", detail=detail)


def case_of(row: Any, now_us: int) -> Case:  # noqa: ANN401 - a row
    """Make a case of a row; a lock that has run out is none."""
    is_locked = row.locked_by is not None and row.locked_until_us > now_us
    return Case(
        id=row.id,
        queue=row.queue,
        state=CaseState(row.state),
        outcome=None if row.outcome is None else CaseOutcome(row.outcome),
        reason_code=row.reason_code,
        assignee=row.assignee,
        locked_by=row.locked_by if is_locked else None,
        locked_until_us=row.locked_until_us if is_locked else 0,
        priority=row.priority,
        amount_minor=row.amount_minor,
        score=row.score,
        opened_us=row.opened_us,
        deadline_us=row.deadline_us,
        changed_us=row.changed_us,
        closed_us=row.closed_us,
        n_alerts=row.n_alerts,
        four_eyes=bool(row.four_eyes),
        proposed_by=row.proposed_by,
        version=row.version,
    )


def alert_of(row: Any) -> Alert:  # noqa: ANN401 - a row
    """Make an alert of a row."""
    return Alert(
        id=row.id,
        case_id=row.case_id,
        seq=row.seq,
        owner=row.owner,
        event_id=row.event_id,
        opened_us=row.opened_us,
        deadline_us=row.deadline_us,
        action=row.action,
        score=row.score,
        amount_minor=row.amount_minor,
        priority=row.priority,
        queue=row.queue,
        kinds=tuple(row.kinds.split()),
        rules=tuple(row.rules.split()),
        outcome=None if row.outcome is None else CaseOutcome(row.outcome),
        closed_us=row.closed_us,
    )


def entry_of(row: Any) -> TimelineEntry:  # noqa: ANN401 - a row
    """Make a line of the timeline of a row."""
    return TimelineEntry(row.id, row.case_id, row.at_us, row.actor, row.kind, msgspec.json.decode(row.detail))


def attachment_of(row: Any) -> Attachment:  # noqa: ANN401 - a row
    """Make a file's particulars of a row."""
    return Attachment(
        row.id, row.case_id, row.at_us, row.actor, row.name, row.media_type, row.size_bytes, row.sha256
    )


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut a sequence into parts that fit into one IN list."""
    for begin in range(0, len(values), CHUNK):
        yield values[begin : begin + CHUNK]
