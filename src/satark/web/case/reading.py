"""Everything that a case's page shows, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from satark.web import views
from satark.web.case.offers import Offer, offers_of
from satark.web.colleagues import colleagues

if TYPE_CHECKING:
    from satark.cases.model import (
        Alert,
        Attachment,
        Case,
        CaseEntity,
        CheckItem,
        HoldChoice,
        ListChoice,
        RelatedCase,
        TimelineEntry,
    )
    from satark.cases.outbox import Posted
    from satark.policies.case_rules import CaseTerms
    from satark.web.desk import Desk
    from satark.web.sessions import Session
    from satark.web.webhooks.ports import OutboxDesk

ALERTS = 20
SENT = 20
EVENTS = 100
THINGS = 40
LOOKING = frozenset({"locked", "unlocked"})


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with the decision it came from, as far as the log still has it."""

    alert: Alert
    row: views.Row | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case and all that hangs on it.

    Attributes
    ----------
    more_alerts, more_events
        The id to go on from, None when all is shown.
    proposal
        What was proposed beside the outcome, None when nothing is.
    offers
        List entries that the policy offers when the case closes as fraud.
    sent
        What was sent about it, or is to be, newest first.
    """

    case: Case
    alerts: list[AlertRow]
    more_alerts: int | None
    events: list[TimelineEntry]
    more_events: int | None
    things: list[CaseEntity]
    related: list[RelatedCase]
    checklist: list[CheckItem]
    files: list[Attachment]
    terms: CaseTerms
    proposal: tuple[list[ListChoice], HoldChoice | None] | None
    offers: list[Offer]
    people: list[str]
    sent: list[Posted]


def read_case(
    desk: Desk, session: Session, case_id: int, *, alerts_before: int | None, events_before: int | None
) -> CaseView | None:
    """Return a case's page, None when there is no such case; blocks."""
    with desk.store.reading_together():
        return _read(desk, session, case_id, alerts_before=alerts_before, events_before=events_before)


def _read(
    desk: Desk, session: Session, case_id: int, *, alerts_before: int | None, events_before: int | None
) -> CaseView | None:
    cases = desk.cases
    case = cases.get(case_id)
    if case is None:
        return None
    alerts = cases.alerts(case_id, ALERTS + 1, alerts_before)
    events = cases.timeline(case_id, EVENTS + 1, events_before)
    things = cases.entities(case_id, THINGS)
    terms = cases.terms()
    return CaseView(
        case=case,
        alerts=[AlertRow(alert, _row(desk, alert.seq)) for alert in alerts[:ALERTS]],
        more_alerts=alerts[ALERTS - 1].id if len(alerts) > ALERTS else None,
        # Who merely looked at the case stands in the audit trail; here it would hide what was done.
        events=[event for event in events[:EVENTS] if event.kind not in LOOKING],
        more_events=events[EVENTS - 1].id if len(events) > EVENTS else None,
        things=things,
        related=cases.related(case_id, 8),
        checklist=cases.checklist(case_id),
        files=cases.attachments(case_id),
        terms=terms,
        proposal=cases.proposal(case_id) if case.proposed_by else None,
        offers=offers_of(terms, things, session.csrf),
        people=colleagues(desk.staff) if session.may("cases.assign") else [],
        sent=cast("OutboxDesk", desk.outbox).of_case(case_id, SENT),
    )


def _row(desk: Desk, seq: int) -> views.Row | None:
    entry = desk.reader.get(seq)
    return None if entry is None else views.row_of(entry)
