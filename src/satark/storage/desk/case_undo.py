"""Take an act back: each case as it was before, where nobody changed it since.

What left for the engine is taken back by another command: a label by a correcting one
(`satark.storage.desk.case_labels`), a list entry by what stood there before, a hold by its release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases import work
from satark.cases.model import CaseState, Refusal, Undo
from satark.core.errors import NotFound
from satark.storage.desk.case_closing import CaseClosing
from satark.storage.desk.case_labels import Told
from satark.storage.desk.case_rows import chunks
from satark.storage.desk.tables.cases import ALERTS, CASE_UNDOS, CASES

if TYPE_CHECKING:
    from collections.abc import Callable


class CaseUndo(CaseClosing):
    """Undoing, for the person who did it and for ten minutes."""

    def undos(self, actor: str, limit: int = 5) -> list[Undo]:
        """Return what a person can still take back, newest first."""
        query = (
            sa.select(CASE_UNDOS)
            .where(
                CASE_UNDOS.c.actor == actor,
                CASE_UNDOS.c.undone_us.is_(None),
                CASE_UNDOS.c.until_us > self._clock.now_us(),
            )
            .order_by(CASE_UNDOS.c.id.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [
                Undo(
                    row.id,
                    row.kind,
                    row.actor,
                    tuple(int(one["case"]) for one in msgspec.json.decode(row.body)),
                    row.at_us,
                    row.until_us,
                )
                for row in connection.execute(query)
            ]

    def undo(self, undo_id: int, actor: str) -> tuple[int, ...]:
        """Take one's own act back; return the cases that it was taken back for."""
        with self._writing() as connection:
            act = connection.execute(sa.select(CASE_UNDOS).where(CASE_UNDOS.c.id == undo_id)).first()
            if act is None or act.actor != actor:
                # Another's act looks the same as none.
                message = "there is no such act of yours"
                raise NotFound(message)
            if act.undone_us is not None:
                raise work.refuse(Refusal.UNDO_USED, "this was taken back already")
            now_us = self._clock.now_us()
            if act.until_us <= now_us:
                raise work.refuse(Refusal.UNDO_EXPIRED, "this can no longer be taken back")
            connection.execute(
                sa.update(CASE_UNDOS).where(CASE_UNDOS.c.id == undo_id).values(undone_us=now_us)
            )
            before = {int(one["case"]): one for one in msgspec.json.decode(act.body)}
            take_back = self._ways()[act.kind]
            done: list[int] = []
            for part in chunks(sorted(before)):
                for row in connection.execute(sa.select(CASES).where(CASES.c.id.in_(part))).all():
                    more = take_back(connection, row, before[row.id], actor)
                    if more is not None:
                        done.append(int(row.id))
                        self._line(connection, row.id, actor, "undone", {"act": act.kind, **more})
                        self._note(
                            connection, actor, "case_act_undone", row.id, {"act": act.kind, "undo": undo_id}
                        )
            return tuple(sorted(done))

    # Each way returns what the timeline says more of it, None where somebody changed the case since.

    def _ways(self) -> dict[str, Callable[[sa.Connection, Any, dict[str, Any], str], dict[str, Any] | None]]:
        return {
            "assigned": self._undo_assigned,
            "state": self._undo_state,
            "proposed": self._undo_proposed,
            "closed": self._undo_closed,
            "confirmed": self._undo_closed,
            "reopened": self._undo_reopened,
        }

    def _undo_assigned(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        was: dict[str, Any],
        _: str,
    ) -> dict[str, Any] | None:
        if row.state == CaseState.CLOSED.value or row.assignee != was["became_assignee"]:
            return None
        self._change(connection, row.id, assignee=was["assignee"])
        return {}

    def _undo_state(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        was: dict[str, Any],
        _: str,
    ) -> dict[str, Any] | None:
        if row.state != was["became"] or row.assignee != was["became_assignee"]:
            return None
        self._change(connection, row.id, state=was["state"], assignee=was["assignee"])
        return {}

    def _undo_proposed(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        was: dict[str, Any],
        _: str,
    ) -> dict[str, Any] | None:
        if row.state == CaseState.CLOSED.value or row.proposed_by != was["proposed_by"]:
            return None
        self._drop_proposal(connection, row.id)
        return {}

    def _undo_closed(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        was: dict[str, Any],
        actor: str,
    ) -> dict[str, Any] | None:
        if "n_closings" not in was:
            # In a bulk closing this case was only proposed, for it needs four eyes.
            return self._undo_proposed(connection, row, was, actor)
        number = was["n_closings"]
        if row.state != CaseState.CLOSED.value or row.n_closings != number:
            return None
        self._open_again(
            connection,
            row.id,
            state=was["state"],
            assignee=was["assignee"],
            outcome=was["outcome"],
            reason_code=was["reason_code"],
            proposed_by=was["proposed_by"],
            proposal=was["proposal"],
        )
        told = self._untell(connection, row.id, number, actor, Told(*was["told"]), Told(*was["told_before"]))
        self._unlist(connection, row.id, was["lists"], actor)
        if was["hold_minor"] is not None:
            self._release_hold(connection, row.id, was["hold_minor"], number, actor)
        return {"label": told.label, "label_us": told.at_us}

    def _undo_reopened(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        was: dict[str, Any],
        _: str,
    ) -> dict[str, Any] | None:
        if row.state == CaseState.CLOSED.value or row.n_closings != was["n_closings"]:
            return None
        late = sa.select(sa.func.count()).where(
            ALERTS.c.case_id == row.id, ALERTS.c.opened_us > was["closed_us"]
        )
        if connection.scalar(late):
            # An alert that joined since would be closed unseen.
            return None
        self._change(
            connection,
            row.id,
            state=CaseState.CLOSED.value,
            outcome=was["outcome"],
            reason_code=was["reason_code"],
            closed_us=was["closed_us"],
            closed_by=was["closed_by"],
            proposed_by=None,
            proposal=None,
        )
        connection.execute(
            sa.update(ALERTS)
            .where(ALERTS.c.case_id == row.id)
            .values(outcome=was["outcome"], closed_us=was["closed_us"])
        )
        self._set_joins(connection, row.id, joins=False)
        return {}
