"""How a case ends: proposed, confirmed, closed, opened again; and what goes out with it in the same transaction.

Closing tells the engine of every event of the case by a `label` command, puts what the analyst chose on lists, asks for
a hold where one is wanted and tells webhooks `case.closed`. All of it is written with the closing itself: a crash
leaves either everything or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from satark.cases import work
from satark.cases.cloud_events import event_message
from satark.cases.model import (
    CaseOutcome,
    CaseState,
    EntityKind,
    EntityRef,
    HoldChoice,
    ListChoice,
    Refusal,
    Undo,
)
from satark.storage.desk.case_labels import NOTHING_TOLD, Told, label_of
from satark.storage.desk.case_orders import CaseOrders
from satark.storage.desk.case_rows import case_of, chunks
from satark.storage.desk.case_work import CaseWork
from satark.storage.desk.tables.cases import ALERTS, CASE_ENTITIES, CASE_TIMELINE, CASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.ports import Message

MAX_LIST_ENTRIES = 200


class Proposal(msgspec.Struct, frozen=True):
    """What beside outcome and reason was proposed; kept as JSON in the case's row."""

    lists: list[ListChoice] = []
    hold: HoldChoice | None = None


class Ending(NamedTuple):
    """How one case shall be closed: its row, and what goes out with it."""

    row: Any
    outcome: CaseOutcome
    reason_code: str
    hold: HoldChoice | None
    entries: list[dict[str, Any]]


_PROPOSAL = msgspec.json.Decoder(Proposal)


class CaseClosing(CaseWork, CaseOrders):
    """Acts that end a case or open it again."""

    def close(
        self,
        case_ids: Sequence[int],
        outcome: CaseOutcome,
        reason_code: str,
        actor: str,
        *,
        list_entries: Sequence[ListChoice] = (),
        hold: HoldChoice | None = None,
        version: int | None = None,
    ) -> Undo:
        """Close cases; one that needs four eyes is only proposed."""
        proposal = _proposal(outcome, list_entries, hold)
        ids = work.check_bulk(case_ids)
        with self._writing() as connection:
            self._check_ending(connection, ids, outcome, reason_code, proposal.lists)
            rows = self._checked(connection, ids, actor, version)
            to_close = [row for row in rows if not row.four_eyes]
            before = [
                self._propose(connection, row, outcome, reason_code, actor, proposal)
                for row in rows
                if row.four_eyes
            ]
            entries = self._list(connection, proposal.lists, to_close, actor) if to_close else []
            endings = [
                # What was put on lists is taken back with the first case.
                Ending(row, outcome, reason_code, proposal.hold, [] if place else entries)
                for place, row in enumerate(to_close)
            ]
            before += self._close(connection, endings, actor)
            return self._keep_undo(connection, "closed" if to_close else "proposed", actor, before)

    def propose(
        self,
        case_ids: Sequence[int],
        outcome: CaseOutcome,
        reason_code: str,
        actor: str,
        *,
        list_entries: Sequence[ListChoice] = (),
        hold: HoldChoice | None = None,
        version: int | None = None,
    ) -> Undo:
        """Ask a second person to close cases like this."""
        proposal = _proposal(outcome, list_entries, hold)
        ids = work.check_bulk(case_ids)
        with self._writing() as connection:
            self._check_ending(connection, ids, outcome, reason_code, proposal.lists)
            rows = self._checked(connection, ids, actor, version)
            before = [self._propose(connection, row, outcome, reason_code, actor, proposal) for row in rows]
            return self._keep_undo(connection, "proposed", actor, before)

    def proposal(self, case_id: int) -> tuple[list[ListChoice], HoldChoice | None] | None:
        """Return what else was proposed beside outcome and reason; None while nothing is."""
        with self._reading() as connection:
            query = sa.select(CASES.c.proposal).where(CASES.c.id == case_id, CASES.c.proposed_by.is_not(None))
            body = connection.scalar(query)
        if body is None:
            return None
        found = _PROPOSAL.decode(body)
        return found.lists, found.hold

    def confirm(self, case_ids: Sequence[int], actor: str, *, version: int | None = None) -> Undo:
        """Close cases as another person proposed."""
        ids = work.check_bulk(case_ids)
        with self._writing() as connection:
            rows = self._checked(connection, ids, actor, version)
            for row in rows:
                work.check_second_person(case_of(row, self._clock.now_us()), actor)
            endings = []
            for row in rows:
                proposal = _PROPOSAL.decode(row.proposal)
                entries = self._list(connection, proposal.lists, [row], actor)
                endings.append(Ending(row, CaseOutcome(row.outcome), row.reason_code, proposal.hold, entries))
            before = self._close(connection, endings, actor)
            return self._keep_undo(connection, "confirmed", actor, before)

    def decline(self, case_ids: Sequence[int], actor: str, text: str = "") -> None:
        """Set a proposal aside; the case goes on. Its proposer may withdraw it so, too."""
        ids = work.check_bulk(case_ids)
        text = work.check_note(text) if text.strip() else ""
        with self._writing() as connection:
            for row in self._checked(connection, ids, actor, None):
                if row.proposed_by is None:
                    raise work.refuse(Refusal.NOT_PROPOSED, "nothing was proposed", case=row.id)
                self._drop_proposal(connection, row.id)
                detail = {"declined": True, "by": row.proposed_by, "text": text}
                self._line(connection, row.id, actor, "proposed", detail)
                self._note(connection, actor, "case_proposal_declined", row.id, {"by": row.proposed_by})

    def reopen(self, case_ids: Sequence[int], actor: str) -> Undo:
        """Open closed cases again; their labels hold until they are closed anew."""
        ids = work.check_bulk(case_ids)
        with self._writing() as connection:
            rows = self._rows(connection, ids)
            before: list[dict[str, Any]] = []
            for row in rows:
                if row.state != CaseState.CLOSED.value:
                    raise work.refuse(Refusal.NOT_CLOSED, "the case is not closed", case=row.id)
                before.append(
                    {
                        "case": row.id,
                        "outcome": row.outcome,
                        "reason_code": row.reason_code,
                        "closed_us": row.closed_us,
                        "closed_by": row.closed_by,
                        "n_closings": row.n_closings,
                    }
                )
                state = CaseState.OPEN if row.assignee is None else CaseState.IN_PROGRESS
                self._open_again(connection, row.id, state=state.value)
                self._line(connection, row.id, actor, "reopened", {"outcome": row.outcome})
                self._note(connection, actor, "case_reopened", row.id, {"outcome": row.outcome})
            return self._keep_undo(connection, "reopened", actor, before)

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _check_ending(
        self,
        connection: sa.Connection,
        ids: Sequence[int],
        outcome: CaseOutcome,
        reason_code: str,
        choices: Sequence[ListChoice],
    ) -> None:
        """Refuse a reason that the policy does not know, and list entries that it does not offer for these cases."""
        terms = self._terms(connection)
        work.check_reason(terms, outcome, reason_code)
        values = sorted({ref.value for choice in choices for ref in work.offers_behind(terms, choice)})
        things: set[EntityRef] = set()
        for part in chunks(ids) if values else ():
            here = sa.and_(CASE_ENTITIES.c.case_id.in_(part), CASE_ENTITIES.c.value.in_(values))
            rows = connection.execute(sa.select(CASE_ENTITIES.c.kind, CASE_ENTITIES.c.value).where(here))
            things.update(EntityRef(EntityKind(kind), value) for kind, value in rows)
        work.check_choices(terms, choices, things, self._clock.now_us())

    def _propose(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        outcome: CaseOutcome,
        reason_code: str,
        actor: str,
        proposal: Proposal,
    ) -> dict[str, Any]:
        if row.proposed_by is not None:
            raise work.refuse(
                Refusal.ALREADY_PROPOSED, "an outcome was proposed already", case=row.id, by=row.proposed_by
            )
        self._change(
            connection,
            row.id,
            outcome=outcome.value,
            reason_code=reason_code,
            proposed_by=actor,
            proposal=msgspec.json.encode(proposal).decode(),
        )
        detail = {"outcome": outcome.value, "reason": reason_code, "lists": len(proposal.lists)}
        self._line(connection, row.id, actor, "proposed", detail)
        self._note(connection, actor, "case_proposed", row.id, detail)
        return {"case": row.id, "proposed_by": actor}

    def _close(
        self, connection: sa.Connection, endings: Sequence[Ending], actor: str
    ) -> list[dict[str, Any]]:
        """Close cases; return what their undo needs.

        All of them by a dozen statements: four hundred cases one after the other would keep everybody else at the desk
        waiting for seconds.
        """
        if not endings:
            return []
        now_us = self._clock.now_us()
        ids = [ending.row.id for ending in endings]
        events, told_before = self._events_of(connection, ids), self._told_of(connection, ids)
        self._write_endings(connection, endings, actor, now_us)
        commands, lines, notes, messages, undos = [], [], [], [], []
        for ending in endings:
            row, number = ending.row, ending.row.n_closings + 1
            alerts, before = events.get(row.id, []), told_before.get(row.id, NOTHING_TOLD)
            label = label_of(ending.outcome)
            if label is not None:
                commands += self._labels(row.id, alerts, number, actor, label, ending.reason_code)
                told = Told(label, now_us)
            else:
                taken_back, told = self._doubts(row.id, alerts, number, actor, before)
                commands += taken_back
            asked = None
            if ending.hold is not None:
                asked = self._ask_hold(connection, row, ending.hold, actor, number)
            detail: dict[str, Any] = {
                "outcome": ending.outcome.value,
                "reason": ending.reason_code,
                "alerts": len(alerts),
                "proposed_by": row.proposed_by,
                "label": told.label,
                "label_us": told.at_us,
            }
            lines.append(
                {
                    "case_id": row.id,
                    "at_us": now_us,
                    "actor": actor,
                    "kind": "closed",
                    "detail": msgspec.json.encode(detail).decode(),
                }
            )
            beside = {"lists": len(ending.entries), "hold_minor": asked}
            notes.append((actor, "case_closed", f"case:{row.id}", {**detail, **beside}))
            messages.append(_closed_message(ending, actor, now_us, alerts))
            undos.append(
                {
                    "case": row.id,
                    "state": row.state,
                    "assignee": row.assignee,
                    "outcome": row.outcome,
                    "reason_code": row.reason_code,
                    "proposed_by": row.proposed_by,
                    "proposal": row.proposal,
                    "n_closings": number,
                    "told": told,
                    "told_before": before,
                    "lists": ending.entries,
                    "hold_minor": asked,
                }
            )
        connection.execute(sa.insert(CASE_TIMELINE), lines)
        self._commands.put_all(connection, commands, actor)
        self._audit.note_all(connection, notes)
        self._outbox.put_all(connection, messages)
        return undos

    @staticmethod
    def _write_endings(connection: sa.Connection, endings: Sequence[Ending], actor: str, now_us: int) -> None:
        """Write in the rows of cases, alerts and things that the cases are closed."""
        connection.execute(
            _ALERTS_END,
            [{"of_case": one.row.id, "ending": one.outcome.value, "now_us": now_us} for one in endings],
        )
        connection.execute(
            _CASES_END,
            [
                {
                    "of_case": one.row.id,
                    "ending": one.outcome.value,
                    "why": one.reason_code,
                    "whose": one.row.assignee or actor,
                    "by": actor,
                    "now_us": now_us,
                }
                for one in endings
            ],
        )
        for part in chunks([one.row.id for one in endings]):
            connection.execute(
                sa.update(CASE_ENTITIES).where(CASE_ENTITIES.c.case_id.in_(part)).values(joins=False)
            )

    def _drop_proposal(self, connection: sa.Connection, case_id: int) -> None:
        self._change(connection, case_id, outcome=None, reason_code=None, proposed_by=None, proposal=None)


_ALERTS_END = (
    sa.update(ALERTS)
    .where(ALERTS.c.case_id == sa.bindparam("of_case"))
    .values(outcome=sa.bindparam("ending"), closed_us=sa.bindparam("now_us"))
)
_CASES_END = (
    sa.update(CASES)
    .where(CASES.c.id == sa.bindparam("of_case"))
    .values(
        state=CaseState.CLOSED.value,
        outcome=sa.bindparam("ending"),
        reason_code=sa.bindparam("why"),
        assignee=sa.bindparam("whose"),
        locked_by=None,
        locked_until_us=0,
        changed_us=sa.bindparam("now_us"),
        closed_us=sa.bindparam("now_us"),
        closed_by=sa.bindparam("by"),
        n_closings=CASES.c.n_closings + 1,
        proposed_by=None,
        proposal=None,
        version=CASES.c.version + 1,
    )
)


def _closed_message(ending: Ending, actor: str, now_us: int, alerts: Sequence[Any]) -> Message:
    """Return the event for webhooks that a case was closed."""
    row = ending.row
    return event_message(
        "case.closed",
        f"case.closed:{row.id}:{row.n_closings + 1}",
        {
            "case": row.id,
            "queue": row.queue,
            "outcome": ending.outcome.value,
            "reason": ending.reason_code,
            "closed_by": actor,
            "proposed_by": row.proposed_by,
            "closed_us": now_us,
            "opened_us": row.opened_us,
            "amount_minor": row.amount_minor,
            "events": [alert.event_id for alert in alerts],
        },
        subject=f"case/{row.id}",
        case_id=row.id,
    )


def _proposal(outcome: CaseOutcome, entries: Sequence[ListChoice], hold: HoldChoice | None) -> Proposal:
    """Check what is to go out with a closing; only fraud puts anything on a list or asks for a hold."""
    if len(entries) > MAX_LIST_ENTRIES:
        raise work.refuse(
            Refusal.TOO_MANY,
            f"a closing sets at most {MAX_LIST_ENTRIES} list entries",
            limit=MAX_LIST_ENTRIES,
        )
    if outcome is not CaseOutcome.FRAUD and (entries or hold is not None):
        raise work.refuse(Refusal.NOT_FRAUD, "only fraud puts anything on a list or holds money")
    if hold is not None and hold.amount_minor is not None and hold.amount_minor <= 0:
        raise work.refuse(Refusal.EMPTY, "a hold is over an amount greater than nothing")
    if hold is not None:
        work.check_remark(hold.note)
        hold = msgspec.structs.replace(hold, note=work.without_numbers(hold.note))
    kept = [msgspec.structs.replace(one, note=work.without_numbers(one.note)) for one in entries]
    return Proposal(kept, hold)
