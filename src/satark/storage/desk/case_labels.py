"""What cases tell the engine of their events: a label per event when a case closes, a correcting one when that changes.

The log's labels know two words, fraud and genuine. A label of fraud counts against cards and devices, so it is taken
back by one of genuine as soon as it no longer holds: when the closing is undone, or when a case that was opened again
closes as inconclusive. A label of genuine counts against nobody and stays until another is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from satark.cases import work
from satark.storage.desk.case_rows import CasePart
from satark.storage.desk.tables.cases import ALERTS, CASE_TIMELINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.model import CaseOutcome

CORRECTION = "undone"
"""The kind of a label that takes another back."""
FRAUD, GENUINE = "fraud", "genuine"


class Told(NamedTuple):
    """What the engine was told last of a case's events, and of those that had joined by when."""

    label: str | None
    at_us: int


NOTHING_TOLD = Told(None, -1)


class CaseLabels(CasePart):
    """Labels of a case's events; each command is part of the act's transaction."""

    def _told(self, connection: sa.Connection, case_id: int) -> Told:
        """Return what the engine was told last; the timeline remembers it."""
        lines = connection.execute(
            sa.select(CASE_TIMELINE.c.detail, CASE_TIMELINE.c.at_us)
            .where(CASE_TIMELINE.c.case_id == case_id, CASE_TIMELINE.c.kind.in_(("closed", "undone")))
            .order_by(CASE_TIMELINE.c.id.desc())
        )
        for line in lines:
            detail = msgspec.json.decode(line.detail)
            if "label" in detail:
                return Told(detail["label"], int(detail.get("label_us", line.at_us)))
        return NOTHING_TOLD

    def _tell(
        self, connection: sa.Connection, case_id: int, number: int, actor: str, label: str, reason_code: str
    ) -> None:
        """Label every event of a case."""
        for alert in self._events(connection, case_id):
            self._put_label(connection, case_id, alert, str(number), actor, label, reason_code)

    def _doubt(self, connection: sa.Connection, case_id: int, number: int, actor: str, before: Told) -> Told:
        """Take labels of fraud back when a case closes as inconclusive; return what holds now."""
        if before.label != FRAUD:
            return before
        for alert in self._events(connection, case_id):
            if alert.opened_us <= before.at_us:
                self._put_label(connection, case_id, alert, str(number), actor, GENUINE, CORRECTION)
        return Told(GENUINE, before.at_us)

    def _untell(
        self, connection: sa.Connection, case_id: int, number: int, actor: str, told: Told, before: Told
    ) -> Told:
        """Label as before a closing that is undone; return what holds now.

        An event that had no label then keeps one of genuine; one of fraud becomes one of genuine.
        """
        for alert in self._events(connection, case_id):
            now = told.label if alert.opened_us <= told.at_us else None
            then = before.label if alert.opened_us <= before.at_us else None
            if then is None and now == FRAUD:
                then = GENUINE
            if then is not None and then != now:
                self._put_label(connection, case_id, alert, f"{number}_undone", actor, then, CORRECTION)
        if before.label is not None:
            return before
        return Told(GENUINE, told.at_us) if told.label is not None else before

    def _events(self, connection: sa.Connection, case_id: int) -> Sequence[Any]:
        return connection.execute(
            sa.select(ALERTS.c.id, ALERTS.c.event_id, ALERTS.c.owner, ALERTS.c.opened_us)
            .where(ALERTS.c.case_id == case_id)
            .order_by(ALERTS.c.id)
        ).all()

    def _put_label(
        self,
        connection: sa.Connection,
        case_id: int,
        alert: Any,  # noqa: ANN401 - a row
        number: str,
        actor: str,
        label: str,
        kind: str,
    ) -> None:
        label_id = f"case_{case_id}_{alert.id}_{number}"
        body = work.label_body(label_id, alert.event_id, label, f"case:{actor}", kind)
        self._commands.put(connection, alert.owner, "label", body, actor)


def label_of(outcome: CaseOutcome) -> str | None:
    """Return the label that an outcome means; None for one that says nothing of the events.

    Examples
    --------
    >>> from satark.cases.model import CaseOutcome
    >>> label_of(CaseOutcome.FRAUD), label_of(CaseOutcome.INCONCLUSIVE)
    ('fraud', None)
    """
    return work.LABEL_OF.get(outcome)
