"""What case work needs from outside, as Protocols; `satark.storage.desk` fits them by its shape.

`connection` below is a transaction of the desk database, given out by `Desk.writing`: what is written with it is
committed together or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec

from satark.cases.model import EntityRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.cases.deadlines import Due
    from satark.cases.figures import DeskLoad
    from satark.cases.model import (
        Alert,
        Attachment,
        Case,
        CaseEntity,
        CaseOutcome,
        CaseState,
        CheckItem,
        Cursor,
        HoldChoice,
        ListChoice,
        NewAlert,
        Page,
        QueueFilter,
        RelatedCase,
        SavedView,
        TimelineEntry,
        Undo,
    )
    from satark.policies.case_rules import CaseTerms, JoinRule

Transaction: TypeAlias = Any
"""A transaction of the desk database; this folder only hands it on."""

TOPICS = (
    "decision.made",
    "alert.opened",
    "case.due_soon",
    "case.overdue",
    "case.closed",
    "notice.requested",
    "notice.delivered",
    "customer.answered",
    "hold.requested",
    "hold.released",
)


class Message(msgspec.Struct, frozen=True):
    """Something to send, once.

    Attributes
    ----------
    key
        Unique over all messages; a second one with the same key is ignored.
    channel
        webhook, smtp, sms, whatsapp, push, ... ("" for events that fan out to the webhooks which want the topic).
    target
        Where to; "" as above.
    """

    topic: str
    key: str
    channel: str
    target: str
    body: bytes
    headers: dict[str, str] = {}
    not_before_us: int = 0
    case_id: int | None = None


class Outbox(Protocol):
    """What waits to be sent."""

    def put(self, connection: Transaction, message: Message) -> None:
        """Keep a message for sending, in the transaction of what it tells of."""

    def put_all(self, connection: Transaction, messages: Sequence[Message]) -> int:
        """Keep several; return how many deliveries they made."""


class Command(msgspec.Struct, frozen=True):
    """Something that the engine has to write into its log: a label or a list edit.

    Attributes
    ----------
    kind
        label, list_set or list_remove.
    state
        waiting, done or refused.
    """

    id: int
    at_us: int
    owner: int
    kind: str
    body: dict[str, Any]
    actor: str
    state: str = "waiting"
    result: str = ""


class Commands(Protocol):
    """What the engine shall do on behalf of people."""

    def put(self, connection: Transaction, owner: int, kind: str, body: dict[str, Any], actor: str) -> int:
        """Keep a command for the engine, in the transaction of the act; return its id."""

    def put_all(self, connection: Transaction, commands: Sequence[tuple[int, str, Any]], actor: str) -> None:
        """Keep several commands: owner, kind, body."""


class DeskAudit(Protocol):
    """The desk's audit chain."""

    def note(
        self,
        connection: Transaction,
        *,
        actor: str,
        action: str,
        subject: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> int:
        """Write an entry in the transaction of what it tells of; return its place."""

    def note_all(self, connection: Transaction, notes: Sequence[tuple[str, str, str, Any]]) -> int:
        """Write several entries: actor, action, subject, detail; return the place of the last."""


class CaseStore(Protocol):
    """Cases and alerts; callable from any thread and process.

    Acts raise `NotFound` for an unknown case, `WorkRefused` (its field `reason` is a `Refusal`) when the rules of the
    work forbid them, and `StorageUnavailable` when nothing was written. An `actor` or `user` is a user name.
    """

    # ---- reading -------------------------------------------------------------------------------------------------

    def queue(self, wanted: QueueFilter, limit: int = 50, after: Cursor | None = None) -> Page[Case]:
        """Return cases, most at risk first (priority descending, then id)."""

    def count(self, wanted: QueueFilter, at_most: int = 10_000) -> int:
        """Count cases, not further than `at_most`."""

    def get(self, case_id: int) -> Case | None:
        """Return one case."""

    def of_event(self, seq: int) -> Case | None:
        """Return the case that the decision at this place of the log belongs to."""

    def alerts(self, case_id: int, limit: int = 50, before: int | None = None) -> list[Alert]:
        """Return a case's alerts, newest first; `before` is the id of the last one seen."""

    def timeline(self, case_id: int, limit: int = 50, before: int | None = None) -> list[TimelineEntry]:
        """Return what happened to a case, newest first; `before` is the id of the last one seen."""

    def entities(self, case_id: int, limit: int = 500) -> list[CaseEntity]:
        """Return the things that a case's alerts name, those in most alerts first."""

    def related(self, case_id: int, limit: int = 20) -> list[RelatedCase]:
        """Return other cases that share cards, devices and the like with this one."""

    def cases_of(self, ref: EntityRef, limit: int = 20) -> list[Case]:
        """Return the cases that name a thing, newest first."""

    def checklist(self, case_id: int) -> list[CheckItem]:
        """Return the policy's checklist as far as it was done."""

    def attachments(self, case_id: int) -> list[Attachment]:
        """Return a case's files, oldest first, without their bytes."""

    def attachment(self, attachment_id: int) -> tuple[Attachment, bytes] | None:
        """Return a file with its bytes."""

    def terms(self) -> CaseTerms:
        """Return the words of queues, reasons and checklist as the newest policy has them."""

    def queues(self) -> dict[str, int]:
        """Return all queues with the number of their open cases."""

    def load(self, now_us: int) -> DeskLoad:
        """Return the supervisor's figures."""

    def undos(self, actor: str, limit: int = 5) -> list[Undo]:
        """Return what a person can still take back, newest first."""

    # ---- work ----------------------------------------------------------------------------------------------------

    def lock(self, case_id: int, user: str, seconds: int = 120) -> Case:
        """Take or renew the lock that shows others who has the case open.

        Refused (`locked`) while it is another's.
        """

    def unlock(self, case_id: int, user: str) -> None:
        """Give one's own lock back; nothing happens when it is not one's own."""

    def assign(self, case_ids: Sequence[int], assignee: str | None, actor: str) -> Undo:
        """Give cases to somebody; None or "" gives them back to the queue."""

    def spread(self, case_ids: Sequence[int], users: Sequence[str], actor: str) -> Undo:
        """Deal cases out in turn, the most at risk first, beginning with who has least."""

    def take_next(self, queue: str | None, user: str) -> Case | None:
        """Take the unassigned, unlocked open case most at risk; None when the queue is empty."""

    def set_state(
        self, case_ids: Sequence[int], state: CaseState, actor: str, *, version: int | None = None
    ) -> Undo:
        """Move open cases to another open state."""

    def note(self, case_id: int, text: str, actor: str) -> TimelineEntry:
        """Add a note."""

    def attach(self, case_id: int, name: str, media_type: str, data: bytes, actor: str) -> Attachment:
        """Add a file of at most 5 MiB of a known media type."""

    def check(self, case_id: int, item: str, actor: str, *, done: bool) -> list[CheckItem]:
        """Tick an item of the checklist, or take the tick back."""

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
        """Close cases; one that needs four eyes is only proposed (see `propose`).

        Fraud and genuine label every alert of the case; list entries and a hold request go out with it.
        """

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

    def proposal(self, case_id: int) -> tuple[list[ListChoice], HoldChoice | None] | None:
        """Return what else was proposed beside outcome and reason; None while nothing is."""

    def confirm(self, case_ids: Sequence[int], actor: str, *, version: int | None = None) -> Undo:
        """Close cases as another person proposed."""

    def decline(self, case_ids: Sequence[int], actor: str, text: str = "") -> None:
        """Set a proposal aside; the case goes on. Its proposer may withdraw it so, too."""

    def reopen(self, case_ids: Sequence[int], actor: str) -> Undo:
        """Open closed cases again."""

    def undo(self, undo_id: int, actor: str) -> tuple[int, ...]:
        """Take one's own act back within ten minutes; return the cases that others have not changed meanwhile."""

    def due(self, user: str) -> Due:
        """Return how many of a person's open cases are near their deadline, and how many past it."""

    def views(self, user: str) -> list[SavedView]:
        """Return a person's saved views and those shared by others."""

    def save_view(self, user: str, name: str, query: str, *, shared: bool = False) -> SavedView:
        """Keep a view; one's own of the same name is replaced."""

    def drop_view(self, user: str, view_id: int) -> None:
        """Remove one's own view."""

    def remind(self, limit: int = 200) -> int:
        """Tell of open cases that came near their deadline or past it; return how many were told of."""

    # ---- for the worker, inside its transactions ---------------------------------------------------------------------

    def adopt(self, connection: Transaction, terms: CaseTerms) -> None:
        """Keep the words of the policy in use, for the pages."""

    def take_in(self, connection: Transaction, alerts: Sequence[NewAlert], join: JoinRule) -> list[Alert]:
        """Open alerts and join them to cases; those that are already there are left out."""

    def record(
        self, connection: Transaction, case_id: int, actor: str, kind: str, detail: Mapping[str, Any]
    ) -> int:
        """Add a line to the timeline, for what happens beside case work (a notice, an answer, a hold)."""

    def answered(self, connection: Transaction, case_id: int, answer: str, detail: Mapping[str, Any]) -> None:
        """Note a customer's answer; a case that waited for the customer is open again."""


class EntityHit(msgspec.Struct, frozen=True):
    """A thing that a search found."""

    ref: EntityRef
    n_events: int
    last_seq: int


class EntitySummary(msgspec.Struct, frozen=True):
    """What one thing has done.

    Attributes
    ----------
    counts, sums_minor
        Events and amounts by action.
    linked
        How many distinct things of each kind share an event with it.
    """

    ref: EntityRef
    first_us: int
    last_us: int
    counts: dict[str, int]
    sums_minor: dict[str, int]
    linked: dict[str, int]


class Link(msgspec.Struct, frozen=True):
    """A neighbour: what shares events with a thing."""

    ref: EntityRef
    n_events: int
    n_fraud: int
    last_seq: int


class SeriesPoint(msgspec.Struct, frozen=True):
    """What happened to one thing within one bucket of time."""

    from_us: int
    counts: dict[str, int]
    sum_minor: int


class Entities(Protocol):
    """Which things share which events."""

    def index(
        self,
        connection: Transaction,
        seq: int,
        owner: int,
        occurred_us: int,
        action: str,
        amount_minor: int,
        refs: Sequence[EntityRef],
    ) -> None:
        """Keep the things that an event names."""

    def find(self, text: str, limit: int = 20) -> list[EntityHit]:
        """Search by id, last four digits, phone, UPI id, e-mail address or PIN, or how it begins."""

    def of_event(self, seq: int) -> list[EntityRef]:
        """Return the things that an event names."""

    def events(self, ref: EntityRef, limit: int = 50, before_seq: int | None = None) -> list[int]:
        """Return the places in the log of a thing's events, newest first."""

    def summary(self, ref: EntityRef) -> EntitySummary | None:
        """Return what a thing has done; None when it was never seen."""

    def neighbours(self, ref: EntityRef, limit: int = 50) -> list[Link]:
        """Return what shares events with a thing, most first."""

    def surroundings(self, ref: EntityRef, limit: int = 50) -> tuple[EntitySummary, list[Link]] | None:
        """Return summary and neighbours together, which costs hardly more than one of them."""

    def among(self, refs: Sequence[EntityRef]) -> list[tuple[EntityRef, Link]]:
        """Return what several things share among themselves, by one question."""

    def path(
        self, a: EntityRef, b: EntityRef, max_hops: int = 6, max_nodes: int = 10_000
    ) -> list[EntityRef] | None:
        """Return the shortest way from one thing to another; None when there is none within the bounds."""

    def series(self, ref: EntityRef, bucket_seconds: int, from_us: int, to_us: int) -> list[SeriesPoint]:
        """Return what a thing did over time."""

    def activity(
        self, refs: Sequence[EntityRef], bucket_seconds: int, from_us: int, to_us: int
    ) -> dict[EntityRef, list[SeriesPoint]]:
        """Return what several things did over time, by one question."""
