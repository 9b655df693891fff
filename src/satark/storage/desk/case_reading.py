"""Cases as the pages read them: the queue, one case with all that hangs on it, and its relatives."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from satark.cases.model import (
    Alert,
    Attachment,
    Case,
    CaseEntity,
    CaseState,
    CheckItem,
    Cursor,
    EntityKind,
    EntityRef,
    Page,
    QueueFilter,
    RelatedCase,
    TimelineEntry,
)
from satark.policies.case_rules import CaseTerms
from satark.policies.read_cases import default_case_rules
from satark.storage.desk.case_rows import (
    ALERT_COLUMNS,
    ATTACHMENT_COLUMNS,
    CASE_COLUMNS,
    GRAVITY,
    IS_OPEN,
    CasePart,
    alert_of,
    attachment_of,
    case_of,
    entry_of,
)
from satark.storage.desk.tables.cases import (
    ALERTS,
    CASE_ATTACHMENTS,
    CASE_CHECKS,
    CASE_ENTITIES,
    CASE_TERMS,
    CASE_TIMELINE,
    CASES,
)

MAX_PAGE = 500
MAX_SHARED_ASKED = 100
"""Things of a case that its relatives are looked up by."""
_WEAK_KINDS = (EntityKind.MERCHANT, EntityKind.PIN)
"""Shared by too many strangers to make cases relatives."""
_TERMS = msgspec.json.Decoder(CaseTerms)


class CaseReading(CasePart):
    """The reading half of `satark.cases.ports.CaseStore`."""

    def queue(self, wanted: QueueFilter, limit: int = 50, after: Cursor | None = None) -> Page[Case]:
        """Return cases, most at risk first."""
        limit = max(1, min(limit, MAX_PAGE))
        query = self._filtered(sa.select(*CASE_COLUMNS), wanted)
        if after is not None:
            query = query.where(
                CASES.c.priority <= after.priority,
                sa.or_(CASES.c.priority < after.priority, CASES.c.id > after.id),
            )
        query = query.order_by(CASES.c.priority.desc(), CASES.c.id).limit(limit + 1)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        now_us = self._clock.now_us()
        cases = [case_of(row, now_us) for row in rows[:limit]]
        has_more = len(rows) > limit
        return Page(cases, Cursor(cases[-1].priority, cases[-1].id) if has_more else None)

    def count(self, wanted: QueueFilter, at_most: int = 10_000) -> int:
        """Count cases, not further than `at_most`."""
        found = self._filtered(sa.select(sa.literal(1)).select_from(CASES), wanted).limit(at_most).subquery()
        with self._reading() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(found)) or 0)

    def get(self, case_id: int) -> Case | None:
        """Return one case."""
        with self._reading() as connection:
            row = connection.execute(sa.select(*CASE_COLUMNS).where(CASES.c.id == case_id)).first()
        return None if row is None else case_of(row, self._clock.now_us())

    def of_event(self, seq: int) -> Case | None:
        """Return the case that the decision at this place of the log belongs to."""
        query = (
            sa.select(*CASE_COLUMNS).join(ALERTS, ALERTS.c.case_id == CASES.c.id).where(ALERTS.c.seq == seq)
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else case_of(row, self._clock.now_us())

    def alerts(self, case_id: int, limit: int = 50, before: int | None = None) -> list[Alert]:
        """Return a case's alerts, newest first."""
        query = sa.select(*ALERT_COLUMNS).where(ALERTS.c.case_id == case_id)
        if before is not None:
            query = query.where(ALERTS.c.id < before)
        query = query.order_by(ALERTS.c.id.desc()).limit(max(1, min(limit, MAX_PAGE)))
        with self._reading() as connection:
            return [alert_of(row) for row in connection.execute(query)]

    def timeline(self, case_id: int, limit: int = 50, before: int | None = None) -> list[TimelineEntry]:
        """Return what happened to a case, newest first."""
        query = sa.select(CASE_TIMELINE).where(CASE_TIMELINE.c.case_id == case_id)
        if before is not None:
            query = query.where(CASE_TIMELINE.c.id < before)
        query = query.order_by(CASE_TIMELINE.c.id.desc()).limit(max(1, min(limit, MAX_PAGE)))
        with self._reading() as connection:
            return [entry_of(row) for row in connection.execute(query)]

    def entities(self, case_id: int, limit: int = 500) -> list[CaseEntity]:
        """Return the things that a case's alerts name, those in most alerts first."""
        query = (
            sa.select(CASE_ENTITIES)
            .where(CASE_ENTITIES.c.case_id == case_id)
            .order_by(CASE_ENTITIES.c.n_alerts.desc(), CASE_ENTITIES.c.kind, CASE_ENTITIES.c.value)
            .limit(limit)
        )
        with self._reading() as connection:
            return [
                CaseEntity(
                    EntityRef(EntityKind(row.kind), row.value), row.n_alerts, row.first_us, row.last_us
                )
                for row in connection.execute(query)
            ]

    def related(self, case_id: int, limit: int = 20) -> list[RelatedCase]:
        """Return other cases that share cards, devices and the like with this one, most shared first."""
        mine = (
            sa.select(CASE_ENTITIES.c.kind, CASE_ENTITIES.c.value, CASE_ENTITIES.c.owner)
            .where(CASE_ENTITIES.c.case_id == case_id, CASE_ENTITIES.c.kind.not_in(_WEAK_KINDS))
            .order_by(CASE_ENTITIES.c.n_alerts.desc(), CASE_ENTITIES.c.kind, CASE_ENTITIES.c.value)
            .limit(MAX_SHARED_ASKED)
            .subquery("mine")
        )
        other = CASE_ENTITIES.alias("other")
        same = sa.and_(
            other.c.value == mine.c.value, other.c.kind == mine.c.kind, other.c.owner == mine.c.owner
        )
        counted = (
            sa.select(other.c.case_id, sa.func.count().label("shared"))
            .select_from(mine.join(other, same))
            .where(other.c.case_id != case_id)
            .group_by(other.c.case_id)
            .order_by(sa.func.count().desc(), other.c.case_id.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            ids = [int(row.case_id) for row in connection.execute(counted)]
            if not ids:
                return []
            cases = {
                row.id: row for row in connection.execute(sa.select(*CASE_COLUMNS).where(CASES.c.id.in_(ids)))
            }
            shared: dict[int, list[EntityRef]] = {}
            things = (
                sa.select(other.c.case_id, other.c.kind, other.c.value)
                .select_from(mine.join(other, same))
                .where(other.c.case_id.in_(ids))
            )
            for row in connection.execute(things):
                shared.setdefault(int(row.case_id), []).append(EntityRef(EntityKind(row.kind), row.value))
        now_us = self._clock.now_us()
        return [
            RelatedCase(case_of(cases[one], now_us), tuple(sorted(shared[one])))
            for one in ids
            if one in cases
        ]

    def cases_of(self, ref: EntityRef, limit: int = 20) -> list[Case]:
        """Return the cases that name a thing, newest first."""
        query = (
            sa.select(*CASE_COLUMNS)
            .join(CASE_ENTITIES, CASE_ENTITIES.c.case_id == CASES.c.id)
            .where(CASE_ENTITIES.c.value == ref.value, CASE_ENTITIES.c.kind == ref.kind.value)
            .order_by(CASE_ENTITIES.c.case_id.desc())
            .limit(max(1, min(limit, MAX_PAGE)))
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        now_us = self._clock.now_us()
        return [case_of(row, now_us) for row in rows]

    def checklist(self, case_id: int) -> list[CheckItem]:
        """Return the policy's checklist as far as it was done."""
        with self._reading() as connection:
            return self._checklist(connection, case_id)

    def attachments(self, case_id: int) -> list[Attachment]:
        """Return a case's files, oldest first, without their bytes."""
        query = (
            sa.select(*ATTACHMENT_COLUMNS)
            .where(CASE_ATTACHMENTS.c.case_id == case_id)
            .order_by(CASE_ATTACHMENTS.c.id)
        )
        with self._reading() as connection:
            return [attachment_of(row) for row in connection.execute(query)]

    def attachment(self, attachment_id: int) -> tuple[Attachment, bytes] | None:
        """Return a file with its bytes."""
        with self._reading() as connection:
            row = connection.execute(
                sa.select(CASE_ATTACHMENTS).where(CASE_ATTACHMENTS.c.id == attachment_id)
            ).first()
        return None if row is None else (attachment_of(row), bytes(row.data))

    def terms(self) -> CaseTerms:
        """Return the words of queues, reasons and checklist as the newest policy has them."""
        with self._reading() as connection:
            return self._terms(connection)

    def queues(self) -> dict[str, int]:
        """Return all queues with the number of their open cases: those of the policy, then others with cases."""
        query = sa.select(CASES.c.queue, sa.func.count()).where(IS_OPEN).group_by(CASES.c.queue)
        with self._reading() as connection:
            found = {str(queue): int(number) for queue, number in connection.execute(query)}
            known = self._terms(connection).queues
        return {**{queue: found.get(queue, 0) for queue in known}, **dict(sorted(found.items()))}

    def _terms(self, connection: sa.Connection) -> CaseTerms:
        body = connection.scalar(sa.select(CASE_TERMS.c.body).where(CASE_TERMS.c.id == 1))
        return default_case_rules().terms if body is None else _TERMS.decode(body)

    def _checklist(self, connection: sa.Connection, case_id: int) -> list[CheckItem]:
        rows = connection.execute(sa.select(CASE_CHECKS).where(CASE_CHECKS.c.case_id == case_id))
        done: dict[str, Any] = {row.item: row for row in rows}
        items: list[CheckItem] = []
        for code, words in self._terms(connection).checklist.items():
            tick = done.get(code)
            by, at_us = (None, None) if tick is None else (tick.done_by, tick.done_us)
            items.append(CheckItem(code, words.en, words.hi, by, at_us))
        return items

    def _filtered(self, query: Any, wanted: QueueFilter) -> Any:  # noqa: ANN401 - a select of any columns
        states = set(wanted.states)
        if CaseState.CLOSED not in states:
            query = query.where(IS_OPEN)
        if states and states != {CaseState.OPEN, CaseState.IN_PROGRESS, CaseState.WAITING_FOR_CUSTOMER}:
            query = query.where(CASES.c.state.in_(sorted(states)))
        if wanted.queue is not None:
            query = query.where(CASES.c.queue == wanted.queue)
        if wanted.assignee is not None:
            query = query.where(
                CASES.c.assignee.is_(None) if wanted.assignee == "" else CASES.c.assignee == wanted.assignee
            )
        if wanted.action is not None:
            query = query.where(CASES.c.gravity == GRAVITY.get(wanted.action, -1))
        if wanted.min_amount_minor is not None:
            query = query.where(CASES.c.amount_minor >= wanted.min_amount_minor)
        if wanted.overdue:
            query = query.where(CASES.c.deadline_us < self._clock.now_us())
        if wanted.proposed:
            query = query.where(CASES.c.proposed_by.is_not(None))
        text = wanted.text.strip()
        if text:
            query = query.where(CASES.c.id.in_(_ids_of(text)))
        return query


def _ids_of(text: str) -> Any:  # noqa: ANN401 - a select
    """Select the cases that a text names: by their number, an event's id or a thing's value."""
    ways = [
        sa.select(ALERTS.c.case_id).where(ALERTS.c.event_id == text),
        sa.select(CASE_ENTITIES.c.case_id).where(CASE_ENTITIES.c.value == text),
    ]
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 18:  # noqa: PLR2004 - what 64 bits hold
        ways.append(sa.select(sa.cast(sa.literal(int(number)), sa.BigInteger)))
    return sa.union(*ways)
