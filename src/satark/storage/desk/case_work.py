"""What people do with open cases: lock, assign, take the next one, note, attach, tick.

Every act is one transaction: the rules of the work are asked (`satark.cases.work`), the case changes, its timeline and
the audit chain say so, and what is needed to take it back is kept.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases import work
from satark.cases.model import (
    LOCK_SECONDS,
    UNDO_SECONDS,
    Attachment,
    Case,
    CaseState,
    CheckItem,
    Refusal,
    TimelineEntry,
    Undo,
)
from satark.core.clock import MICROS_PER_SECOND
from satark.storage.desk.case_reading import CaseReading
from satark.storage.desk.case_rows import IS_OPEN, case_of
from satark.storage.desk.tables.cases import (
    CASE_ATTACHMENTS,
    CASE_CHECKS,
    CASE_TIMELINE,
    CASE_UNDOS,
    CASES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_LOCK_SECONDS = 900
MAX_ATTACHMENTS = 50


class CaseWork(CaseReading):
    """Everyday acts; closing is in `satark.storage.desk.case_closing`."""

    def lock(self, case_id: int, user: str, seconds: int = LOCK_SECONDS) -> Case:
        """Take or renew the lock that shows others who has the case open.

        Renewing writes the case's row alone: neither its version nor its timeline tells of it.
        """
        with self._writing() as connection:
            row = self._one(connection, case_id)
            now_us = self._clock.now_us()
            case = case_of(row, now_us)
            work.check_lock(case, user)
            until_us = now_us + max(1, min(seconds, MAX_LOCK_SECONDS)) * MICROS_PER_SECOND
            self._set_lock(connection, case_id, user, until_us)
            if case.locked_by is None:
                self._line(connection, case_id, user, "locked", {})
                self._note(connection, user, "case_locked", case_id)
            return msgspec.structs.replace(case, locked_by=user, locked_until_us=until_us)

    def unlock(self, case_id: int, user: str) -> None:
        """Give one's own lock back; nothing happens when it is not one's own."""
        with self._writing() as connection:
            row = self._one(connection, case_id)
            if case_of(row, self._clock.now_us()).locked_by != user:
                return
            self._set_lock(connection, case_id, None, 0)
            self._line(connection, case_id, user, "unlocked", {})
            self._note(connection, user, "case_unlocked", case_id)

    def assign(self, case_ids: Sequence[int], assignee: str | None, actor: str) -> Undo:
        """Give cases to somebody; None or "" gives them back to the queue."""
        assignee = assignee or None
        ids = work.check_bulk(case_ids)
        with self._writing() as connection:
            before = self._assign(connection, self._rows(connection, ids), lambda _: assignee, actor)
            return self._keep_undo(connection, "assigned", actor, before)

    def spread(self, case_ids: Sequence[int], users: Sequence[str], actor: str) -> Undo:
        """Deal cases out in turn, the most at risk first, beginning with who has least."""
        ids = work.check_bulk(case_ids)
        people = list(dict.fromkeys(users))
        if not people:
            raise work.refuse(Refusal.EMPTY, "there is nobody to deal the cases to")
        with self._writing() as connection:
            rows = self._rows(connection, ids)
            counted = connection.execute(
                sa.select(CASES.c.assignee, sa.func.count())
                .where(IS_OPEN, CASES.c.assignee.in_(people), CASES.c.id.not_in(ids))
                .group_by(CASES.c.assignee)
            )
            loads = {**dict.fromkeys(people, 0), **{str(user): int(number) for user, number in counted}}
            dealt = work.in_turn([row.id for row in rows], loads)
            whose = {case_id: user for user, cases in dealt.items() for case_id in cases}
            before = self._assign(connection, rows, whose.__getitem__, actor)
            return self._keep_undo(connection, "assigned", actor, before)

    def take_next(self, queue: str | None, user: str) -> Case | None:
        """Take the unassigned, unlocked open case most at risk; None when the queue is empty."""
        with self._writing() as connection:
            now_us = self._clock.now_us()
            query = (
                sa.select(CASES)
                .where(
                    IS_OPEN,
                    CASES.c.assignee.is_(None),
                    CASES.c.state == CaseState.OPEN.value,
                    sa.or_(
                        CASES.c.locked_by.is_(None),
                        CASES.c.locked_by == user,
                        CASES.c.locked_until_us <= now_us,
                    ),
                )
                .order_by(CASES.c.priority.desc(), CASES.c.id)
                .limit(1)
            )
            if queue is not None:
                query = query.where(CASES.c.queue == queue)
            row = connection.execute(query).first()
            if row is None:
                return None
            self._set_lock(connection, row.id, user, now_us + LOCK_SECONDS * MICROS_PER_SECOND)
            self._change(connection, row.id, assignee=user, state=CaseState.IN_PROGRESS.value)
            self._line(connection, row.id, user, "assigned", {"from": None, "to": user, "taken": True})
            self._line(
                connection, row.id, user, "state", {"from": row.state, "to": CaseState.IN_PROGRESS.value}
            )
            self._note(connection, user, "case_taken", row.id)
            return case_of(self._one(connection, row.id), now_us)

    def set_state(
        self, case_ids: Sequence[int], state: CaseState, actor: str, *, version: int | None = None
    ) -> Undo:
        """Move open cases to another open state; work on a case that is nobody's makes it one's own."""
        work.check_state(state)
        ids = work.check_bulk(case_ids)
        with self._writing() as connection:
            rows = self._checked(connection, ids, actor, version)
            before: list[dict[str, Any]] = []
            for row in rows:
                if row.state == state.value:
                    continue
                becomes_own = state is CaseState.IN_PROGRESS and row.assignee is None
                assignee = actor if becomes_own else row.assignee
                self._change(connection, row.id, state=state.value, assignee=assignee)
                self._line(connection, row.id, actor, "state", {"from": row.state, "to": state.value})
                if becomes_own:
                    self._line(connection, row.id, actor, "assigned", {"from": None, "to": actor})
                self._note(
                    connection, actor, "case_state_set", row.id, {"from": row.state, "to": state.value}
                )
                before.append(
                    {
                        "case": row.id,
                        "state": row.state,
                        "assignee": row.assignee,
                        "became": state.value,
                        "became_assignee": assignee,
                    }
                )
            return self._keep_undo(connection, "state", actor, before)

    def note(self, case_id: int, text: str, actor: str) -> TimelineEntry:
        """Add a note; the audit chain keeps its digest, not its words."""
        text = work.check_note(text)
        with self._writing() as connection:
            self._one(connection, case_id)
            line = self._line(connection, case_id, actor, "note", {"text": text})
            self._touch(connection, case_id)
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._note(connection, actor, "case_note_added", case_id, {"line": line, "sha256": digest})
            row = connection.execute(sa.select(CASE_TIMELINE).where(CASE_TIMELINE.c.id == line)).one()
        return TimelineEntry(row.id, row.case_id, row.at_us, row.actor, row.kind, {"text": text})

    def attach(self, case_id: int, name: str, media_type: str, data: bytes, actor: str) -> Attachment:
        """Add a file of at most 5 MiB of a known media type."""
        name, media_type = work.check_attachment(name, media_type, data)
        digest = hashlib.sha256(data).hexdigest()
        with self._writing() as connection:
            self._one(connection, case_id)
            count = sa.select(sa.func.count()).where(CASE_ATTACHMENTS.c.case_id == case_id)
            if (connection.scalar(count) or 0) >= MAX_ATTACHMENTS:
                raise work.refuse(
                    Refusal.TOO_MANY, f"a case has at most {MAX_ATTACHMENTS} files", limit=MAX_ATTACHMENTS
                )
            made = Attachment(0, case_id, self._clock.now_us(), actor, name, media_type, len(data), digest)
            values = {**msgspec.structs.asdict(made), "data": data}
            del values["id"]
            done = connection.execute(
                sa.insert(CASE_ATTACHMENTS).values(values).returning(CASE_ATTACHMENTS.c.id)
            )
            made = msgspec.structs.replace(made, id=int(done.scalar_one()))
            detail = {"attachment": made.id, "name": name, "size_bytes": len(data)}
            self._line(connection, case_id, actor, "attachment", detail)
            self._touch(connection, case_id)
            self._note(
                connection, actor, "case_file_added", case_id, {"attachment": made.id, "sha256": digest}
            )
        return made

    def check(self, case_id: int, item: str, actor: str, *, done: bool) -> list[CheckItem]:
        """Tick an item of the checklist, or take the tick back."""
        with self._writing() as connection:
            work.check_open(case_of(self._one(connection, case_id), self._clock.now_us()))
            if item not in self._terms(connection).checklist:
                raise work.refuse(Refusal.UNKNOWN_ITEM, "the checklist has no such item")
            here = sa.and_(CASE_CHECKS.c.case_id == case_id, CASE_CHECKS.c.item == item)
            is_done = connection.scalar(sa.select(CASE_CHECKS.c.item).where(here)) is not None
            if done != is_done:
                if done:
                    tick = {"done_by": actor, "done_us": self._clock.now_us()}
                    connection.execute(sa.insert(CASE_CHECKS).values(case_id=case_id, item=item, **tick))
                else:
                    connection.execute(sa.delete(CASE_CHECKS).where(here))
                self._line(connection, case_id, actor, "check", {"item": item, "done": done})
                self._touch(connection, case_id)
                self._note(connection, actor, "case_item_checked", case_id, {"item": item, "done": done})
            return self._checklist(connection, case_id)

    # ---- shared by acts --------------------------------------------------------------------------------------------

    def _checked(
        self, connection: sa.Connection, ids: Sequence[int], actor: str, version: int | None
    ) -> list[Any]:
        """Return the rows of open cases that the actor may change now."""
        rows = self._rows(connection, ids)
        now_us = self._clock.now_us()
        for row in rows:
            case = case_of(row, now_us)
            work.check_open(case)
            work.check_lock(case, actor)
            if len(rows) == 1:
                work.check_version(case, version)
        return rows

    def _assign(
        self,
        connection: sa.Connection,
        rows: Sequence[Any],
        whose: Callable[[int], str | None],
        actor: str,
    ) -> list[dict[str, Any]]:
        before: list[dict[str, Any]] = []
        for row in rows:
            work.check_open(case_of(row, self._clock.now_us()))
            assignee = whose(row.id)
            if row.assignee == assignee:
                continue
            self._change(connection, row.id, assignee=assignee)
            self._line(connection, row.id, actor, "assigned", {"from": row.assignee, "to": assignee})
            self._note(connection, actor, "case_assigned", row.id, {"from": row.assignee, "to": assignee})
            before.append({"case": row.id, "assignee": row.assignee, "became_assignee": assignee})
        return before

    def _set_lock(self, connection: sa.Connection, case_id: int, user: str | None, until_us: int) -> None:
        connection.execute(
            sa.update(CASES).where(CASES.c.id == case_id).values(locked_by=user, locked_until_us=until_us)
        )

    def _touch(self, connection: sa.Connection, case_id: int) -> None:
        """Say when the case was last worked on; what others decide from did not change, so its version stays."""
        connection.execute(
            sa.update(CASES).where(CASES.c.id == case_id).values(changed_us=self._clock.now_us())
        )

    def _keep_undo(
        self, connection: sa.Connection, kind: str, actor: str, before: Sequence[dict[str, Any]]
    ) -> Undo:
        """Keep how the cases of an act were."""
        now_us = self._clock.now_us()
        until_us = now_us + UNDO_SECONDS * MICROS_PER_SECOND
        done = connection.execute(
            sa.insert(CASE_UNDOS)
            .values(
                actor=actor,
                kind=kind,
                at_us=now_us,
                until_us=until_us,
                body=msgspec.json.encode(list(before)).decode(),
            )
            .returning(CASE_UNDOS.c.id)
        )
        cases = tuple(int(one["case"]) for one in before)
        return Undo(int(done.scalar_one()), kind, actor, cases, now_us, until_us)
