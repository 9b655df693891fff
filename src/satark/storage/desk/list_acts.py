"""What people do to lists on the pages: each form is one act, asked of the engine and taken back as a whole.

An act writes, in one transaction, what it changes, the commands that ask the engine for it, and its line in the audit
chain. What a list holds is what the engine's log says (`LIST_VALUES`); what was asked and not yet done is known from
the newest act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.cases.lists import NOT_HELD, Act, Held, ValueRow
from satark.cases.model import UNDO_SECONDS, Refusal
from satark.cases.work import without_numbers
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import InputInvalid, NotFound
from satark.storage.desk.list_rows import (
    LIST_OWNER,
    act_of,
    asked_of,
    changed_later,
    edited_values,
    settled_of,
    value_row,
    whole_numbers,
)
from satark.storage.desk.tables.commands import COMMANDS
from satark.storage.desk.tables.rollups import LIST_ACTS, LIST_CHANGES, LIST_LOG, LIST_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from satark.core.clock import Clock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.desk.commands import Commands
    from satark.storage.engines import Engines

MAX_VALUES = 5_000
"""Values that one act may change; longer lists belong into a file that the policy names."""
MAX_NOTE_LENGTH = 500


class ListActs:
    """Lists as people see and change them; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit, commands: Commands) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit
        self._commands = commands

    # Reading.

    def values(
        self, name: str, *, begins: str = "", before_seq: int | None = None, limit: int = 100
    ) -> list[ValueRow]:
        """Return edited values of a list (removed ones too), the newest edit first.

        Parameters
        ----------
        begins
            Only values that begin so.
        before_seq
            Only edits before this place: pass the last row's for the next page.
        """
        values = LIST_VALUES.c
        query = (
            sa.select(LIST_VALUES)
            .where(values.list == name)
            .order_by(values.seq.desc(), values.value)
            .limit(limit)
        )
        if begins:
            query = query.where(values.value.startswith(begins, autoescape=True))
        if before_seq is not None:
            query = query.where(values.seq < before_seq)
        with self._engines.reading("the lists") as connection:
            return [value_row(row) for row in connection.execute(query)]

    def edited(self, name: str, wanted: Iterable[str]) -> dict[str, ValueRow]:
        """Return what the log says of some values, those it knows."""
        with self._engines.reading("the lists") as connection:
            return edited_values(connection, name, list(wanted))

    def counts(self, now_us: int) -> dict[str, tuple[int, int, int]]:
        """Return, per list, how many values people have put on it, how many of them expired, and how many taken off."""
        values = LIST_VALUES.c
        expired = sa.and_(
            sa.not_(values.removed), values.expires_us.is_not(None), values.expires_us <= now_us
        )
        query = sa.select(
            values.list,
            sa.func.count(sa.case((sa.not_(values.removed), 1))),
            sa.func.count(sa.case((expired, 1))),
            sa.func.count(sa.case((values.removed, 1))),
        ).group_by(values.list)
        with self._engines.reading("the lists") as connection:
            return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}

    def history(self, name: str, limit: int = 50, before_seq: int | None = None) -> list[ValueRow]:
        """Return the edits of a list, newest first."""
        log = LIST_LOG.c
        query = (
            sa.select(
                log.list, log.value, log.removed, log.expires_us, log.seq, log.at_us, log.actor, log.note
            )
            .where(log.list == name)
            .order_by(log.seq.desc())
            .limit(limit)
        )
        if before_seq is not None:
            query = query.where(log.seq < before_seq)
        with self._engines.reading("the lists") as connection:
            return [value_row(row) for row in connection.execute(query)]

    def acts(self, name: str | None = None, *, user: str = "", limit: int = 10) -> list[Act]:
        """Return what people did, newest first; `user` may take back what is his."""
        query = sa.select(LIST_ACTS).order_by(LIST_ACTS.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(LIST_ACTS.c.list == name)
        now_us = self._clock.now_us()
        with self._engines.reading("the lists") as connection:
            rows = connection.execute(query).all()
            settled = settled_of(connection, [row.id for row in rows])
        return [act_of(row, settled.get(row.id, (0, 0)), user, now_us) for row in rows]

    def waiting(self, name: str, limit: int = 50) -> list[tuple[str, Held]]:
        """Return (value, what it will be) of what the engine has been asked on these pages and not done yet."""
        query = (
            sa.select(LIST_CHANGES.c.value, LIST_CHANGES.c.now, LIST_CHANGES.c.now_expires_us)
            .join(COMMANDS, COMMANDS.c.id == LIST_CHANGES.c.command)
            .where(COMMANDS.c.state == sa.literal_column("'waiting'"), LIST_CHANGES.c.list == name)
            .order_by(LIST_CHANGES.c.command)
            .limit(limit)
        )
        with self._engines.reading("the lists") as connection:
            return [(row.value, Held(bool(row.now), row.now_expires_us)) for row in connection.execute(query)]

    # Acting.

    def change(
        self,
        name: str,
        wanted: Mapping[str | int, Held],
        *,
        kind: str,
        actor: str,
        note: str = "",
        base: Mapping[str, Held] | None = None,
    ) -> int | None:
        """Put values on a list or take them off; return the act, None when all is so already.

        Parameters
        ----------
        wanted
            Value to what it shall be.
        kind
            add, remove or import.
        base
            What the policy itself says of these values; those that it does not name are not on the list.

        Raises
        ------
        InputInvalid
            There are too many values, or the note is too long.
        """
        note = without_numbers(note)
        _check(len(wanted), note)
        with self._engines.writing("the lists") as connection:
            before = self._before(connection, name, [str(value) for value in wanted], base or {})
            changes = {
                value: (before[str(value)], held)
                for value, held in wanted.items()
                if before[str(value)] != held and (held.on or before[str(value)].on)
            }
            if not changes:
                return None
            return self._act(connection, name, changes, kind, actor, note)

    def undo(self, act_id: int, actor: str) -> tuple[str, int]:
        """Take one's own act back within ten minutes; return its list and how many values were put back.

        A value that somebody changed afterwards stays as it is.

        Raises
        ------
        NotFound
            There is no such act.
        InputInvalid
            It is another's, too old, or was taken back already (``reason``).
        """
        with self._engines.writing("the lists") as connection:
            row = connection.execute(sa.select(LIST_ACTS).where(LIST_ACTS.c.id == act_id)).first()
            if row is None:
                message = "there is no such act"
                raise NotFound(message, act=act_id)
            self._may_undo(row, actor)
            changed = connection.execute(
                sa.select(LIST_CHANGES).where(LIST_CHANGES.c.act == act_id).order_by(LIST_CHANGES.c.command)
            ).all()
            later = changed_later(connection, row.list, act_id, [one.value for one in changed])
            numbers = whole_numbers(connection, [one.command for one in changed])
            back = {
                (int(one.value) if one.command in numbers else one.value): (
                    Held(bool(one.now), one.now_expires_us),
                    Held(bool(one.was), one.was_expires_us),
                )
                for one in changed
                if one.value not in later
            }
            made = self._act(connection, row.list, back, "undo", actor, "")
            connection.execute(sa.update(LIST_ACTS).where(LIST_ACTS.c.id == act_id).values(undone_by=made))
        return str(row.list), len(back)

    def _may_undo(self, row: Any, actor: str) -> None:  # noqa: ANN401 - a row
        reason = None
        if row.actor != actor:
            reason = Refusal.NOT_YOURS
        elif row.undone_by is not None or row.kind == "undo":
            reason = Refusal.UNDO_USED
        elif self._clock.now_us() > row.at_us + UNDO_SECONDS * MICROS_PER_SECOND:
            reason = Refusal.UNDO_EXPIRED
        if reason is not None:
            message = "this act cannot be taken back"
            raise InputInvalid(message, reason=reason.value)

    def _before(
        self, connection: sa.Connection, name: str, values: Sequence[str], base: Mapping[str, Held]
    ) -> dict[str, Held]:
        """Return what each value is now: as last asked while the log does not have that yet, else as the log has it."""
        edited = edited_values(connection, name, values)
        found = {
            value: Held(on=not edited[value].removed, expires_us=edited[value].expires_us)
            if value in edited
            else base.get(value, NOT_HELD)
            for value in values
        }
        for row in asked_of(connection, name, values):
            # What the log says after an act has the act in it; before, the act is still on its way there.
            if row.value not in edited or edited[row.value].at_us < row.at_us:
                found[row.value] = Held(bool(row.now), row.now_expires_us)
        return found

    def _act(
        self,
        connection: sa.Connection,
        name: str,
        changes: Mapping[Any, tuple[Held, Held]],
        kind: str,
        actor: str,
        note: str,
    ) -> int:
        """Write an act, its commands and its line of the audit chain."""
        made = connection.execute(
            sa.insert(LIST_ACTS)
            .values(at_us=self._clock.now_us(), actor=actor, list=name, kind=kind, n=len(changes), note=note)
            .returning(LIST_ACTS.c.id)
        )
        act = int(made.scalar_one())
        rows = []
        for value, (was, now) in changes.items():
            body = {"list": name, "value": value, "note": note}
            if now.on:
                body["expires_us"] = now.expires_us
            command = self._commands.put(
                connection, LIST_OWNER, "list_set" if now.on else "list_remove", body, actor
            )
            rows.append(
                {
                    "act": act,
                    "value": str(value),
                    "list": name,
                    "was": was.on,
                    "was_expires_us": was.expires_us if was.on else None,
                    "now": now.on,
                    "now_expires_us": now.expires_us if now.on else None,
                    "command": command,
                }
            )
        if rows:
            connection.execute(sa.insert(LIST_CHANGES), rows)
        # Values may be personal data; the changes are kept beside, the trail says how many and by which act.
        self._audit.note(
            connection,
            actor=actor,
            action=f"list_{_PAST[kind]}",
            subject=name,
            detail={"act": act, "values": len(rows), **({"note": note} if note else {})},
        )
        return act


_PAST = {"add": "added", "remove": "removed", "import": "imported", "undo": "undone"}


def _check(count: int, note: str) -> None:
    if count > MAX_VALUES:
        message = f"one act changes at most {MAX_VALUES} values"
        raise InputInvalid(message, reason=Refusal.TOO_MANY.value)
    if len(note) > MAX_NOTE_LENGTH:
        message = f"a note has at most {MAX_NOTE_LENGTH} characters"
        raise InputInvalid(message, reason=Refusal.TOO_LARGE.value)
