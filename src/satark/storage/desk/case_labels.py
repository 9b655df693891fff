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
from satark.storage.desk.case_rows import CasePart, chunks
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
Command = tuple[int, str, dict[str, Any]]
"""Owner, kind and body of what the engine is asked for."""


class CaseLabels(CasePart):
    """Labels of a case's events; each command is part of the act's transaction."""

    def _told_of(self, connection: sa.Connection, case_ids: Sequence[int]) -> dict[int, Told]:
        """Return what the engine was told last of each case; the timelines remember it."""
        told: dict[int, Told] = {}
        columns = (CASE_TIMELINE.c.case_id, CASE_TIMELINE.c.detail, CASE_TIMELINE.c.at_us)
        for part in chunks(case_ids):
            lines = connection.execute(
                sa.select(*columns)
                .where(CASE_TIMELINE.c.case_id.in_(part), CASE_TIMELINE.c.kind.in_(("closed", "undone")))
                .order_by(CASE_TIMELINE.c.id.desc())
            )
            for case_id, text, at_us in lines:
                detail = msgspec.json.decode(text)
                if case_id not in told and "label" in detail:
                    told[case_id] = Told(detail["label"], int(detail.get("label_us", at_us)))
        return told

    @staticmethod
    def _labels(
        case_id: int, alerts: Sequence[Any], number: int, actor: str, label: str, reason_code: str
    ) -> list[Command]:
        """Return the commands that label every event of a case."""
        return [_label(case_id, alert, str(number), actor, label, reason_code) for alert in alerts]

    @staticmethod
    def _doubts(
        case_id: int, alerts: Sequence[Any], number: int, actor: str, before: Told
    ) -> tuple[list[Command], Told]:
        """Return what takes labels of fraud back when a case closes as inconclusive, and what holds then."""
        if before.label != FRAUD:
            return [], before
        known = [alert for alert in alerts if alert.opened_us <= before.at_us]
        commands = [_label(case_id, alert, str(number), actor, GENUINE, CORRECTION) for alert in known]
        return commands, Told(GENUINE, before.at_us)

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
                command = _label(case_id, alert, f"{number}_undone", actor, then, CORRECTION)
                self._commands.put_all(connection, [command], actor)
        if before.label is not None:
            return before
        return Told(GENUINE, told.at_us) if told.label is not None else before

    def _events(self, connection: sa.Connection, case_id: int) -> Sequence[Any]:
        return self._events_of(connection, [case_id]).get(case_id, [])

    @staticmethod
    def _events_of(connection: sa.Connection, case_ids: Sequence[int]) -> dict[int, list[Any]]:
        """Return the alerts of each case, oldest first."""
        found: dict[int, list[Any]] = {}
        columns = (ALERTS.c.case_id, ALERTS.c.id, ALERTS.c.event_id, ALERTS.c.owner, ALERTS.c.opened_us)
        for part in chunks(case_ids):
            query = sa.select(*columns).where(ALERTS.c.case_id.in_(part)).order_by(ALERTS.c.id)
            for row in connection.execute(query):
                found.setdefault(row.case_id, []).append(row)
        return found


def _label(
    case_id: int,
    alert: Any,  # noqa: ANN401 - a row
    number: str,
    actor: str,
    label: str,
    kind: str,
) -> Command:
    label_id = f"case_{case_id}_{alert.id}_{number}"
    return alert.owner, "label", work.label_body(label_id, alert.event_id, label, f"case:{actor}", kind)


def label_of(outcome: CaseOutcome) -> str | None:
    """Return the label that an outcome means; None for one that says nothing of the events.

    Examples
    --------
    >>> from satark.cases.model import CaseOutcome
    >>> label_of(CaseOutcome.FRAUD), label_of(CaseOutcome.INCONCLUSIVE)
    ('fraud', None)
    """
    return work.LABEL_OF.get(outcome)
