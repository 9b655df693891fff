"""How a case ends: proposed, confirmed, closed, opened again; and what goes out with it in the same transaction.

Closing tells the engine of every event of the case by a `label` command, puts what the analyst chose on lists, asks for
a hold where one is wanted and tells webhooks `case.closed`. All of it is written with the closing itself: a crash
leaves either everything or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from satark.storage.desk.case_labels import Told, label_of
from satark.storage.desk.case_orders import CaseOrders
from satark.storage.desk.case_rows import case_of, chunks
from satark.storage.desk.case_work import CaseWork
from satark.storage.desk.tables.cases import ALERTS, CASE_ENTITIES, CASES

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LIST_ENTRIES = 200


class Proposal(msgspec.Struct, frozen=True):
    """What beside outcome and reason was proposed; kept as JSON in the case's row."""

    lists: list[ListChoice] = []
    hold: HoldChoice | None = None


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
            for row in to_close:
                before.append(
                    self._close(connection, row, outcome, reason_code, actor, proposal.hold, entries)
                )
                entries = []
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
            before: list[dict[str, Any]] = []
            for row in rows:
                proposal = _PROPOSAL.decode(row.proposal)
                entries = self._list(connection, proposal.lists, [row], actor)
                before.append(
                    self._close(
                        connection,
                        row,
                        CaseOutcome(row.outcome),
                        row.reason_code,
                        actor,
                        proposal.hold,
                        entries,
                    )
                )
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
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        outcome: CaseOutcome,
        reason_code: str,
        actor: str,
        hold: HoldChoice | None,
        entries: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Close one case; return what its undo needs."""
        now_us, number = self._clock.now_us(), row.n_closings + 1
        alerts = self._events(connection, row.id)
        connection.execute(
            sa.update(ALERTS)
            .where(ALERTS.c.case_id == row.id)
            .values(outcome=outcome.value, closed_us=now_us)
        )
        self._change(
            connection,
            row.id,
            state=CaseState.CLOSED.value,
            outcome=outcome.value,
            reason_code=reason_code,
            assignee=row.assignee or actor,
            locked_by=None,
            locked_until_us=0,
            closed_us=now_us,
            closed_by=actor,
            n_closings=number,
            proposed_by=None,
            proposal=None,
        )
        self._set_joins(connection, row.id, joins=False)
        before, label = self._told(connection, row.id), label_of(outcome)
        if label is not None:
            self._tell(connection, row.id, number, actor, label, reason_code)
            told = Told(label, now_us)
        else:
            told = self._doubt(connection, row.id, number, actor, before)
        asked = self._ask_hold(connection, row, hold, actor, number) if hold is not None else None
        detail: dict[str, Any] = {
            "outcome": outcome.value,
            "reason": reason_code,
            "alerts": len(alerts),
            "proposed_by": row.proposed_by,
            "label": told.label,
            "label_us": told.at_us,
        }
        self._line(connection, row.id, actor, "closed", detail)
        self._note(
            connection,
            actor,
            "case_closed",
            row.id,
            {**detail, "lists": len(entries), "hold_minor": asked},
        )
        self._outbox.put(
            connection,
            event_message(
                "case.closed",
                f"case.closed:{row.id}:{number}",
                {
                    "case": row.id,
                    "queue": row.queue,
                    "outcome": outcome.value,
                    "reason": reason_code,
                    "closed_by": actor,
                    "proposed_by": row.proposed_by,
                    "closed_us": now_us,
                    "opened_us": row.opened_us,
                    "amount_minor": row.amount_minor,
                    "events": [alert.event_id for alert in alerts],
                },
                subject=f"case/{row.id}",
                case_id=row.id,
            ),
        )
        return {
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
            "lists": entries,
            "hold_minor": asked,
        }

    def _drop_proposal(self, connection: sa.Connection, case_id: int) -> None:
        self._change(connection, case_id, outcome=None, reason_code=None, proposed_by=None, proposal=None)


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
