"""What an alert, a case and their parts are: plain data that storage keeps and the pages show.

After a decision: the follower makes a `NewAlert` of a decision that a route of the policy asks for, storage joins it
to a case, people work on the case until it is closed with an outcome.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
MAX_NOTE_LENGTH = 8_000
MAX_TIMELINE_TEXT = 500
LOCK_SECONDS = 120
"""How long a lock holds after it was last renewed; the case page renews it while it is open."""
UNDO_SECONDS = 600
MAX_BULK = 500
"""Cases that one act may touch."""

T = TypeVar("T")


class CaseState(StrEnum):
    """Where the work on a case stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    CLOSED = "closed"


OPEN_STATES = (CaseState.OPEN, CaseState.IN_PROGRESS, CaseState.WAITING_FOR_CUSTOMER)


class CaseOutcome(StrEnum):
    """What a case turned out to be."""

    FRAUD = "fraud"
    GENUINE = "genuine"
    INCONCLUSIVE = "inconclusive"


class EntityKind(StrEnum):
    """The kinds of things that events share."""

    CARD = "card"
    ACCOUNT = "account"
    CUSTOMER = "customer"
    DEVICE = "device"
    IP = "ip"
    MERCHANT = "merchant"
    VPA = "vpa"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    PIN = "pin"


class Refusal(StrEnum):
    """Why an act on a case was refused (`WorkRefused.fields["reason"]`); the pages have words for each."""

    LOCKED = "locked"
    """Another person has the case open."""
    CHANGED = "changed"
    """The case changed since the page was loaded."""
    CLOSED = "closed"
    NOT_CLOSED = "not_closed"
    NOT_PROPOSED = "not_proposed"
    ALREADY_PROPOSED = "already_proposed"
    SAME_PERSON = "same_person"
    """Four eyes: who proposed cannot confirm."""
    UNKNOWN_REASON = "unknown_reason"
    UNKNOWN_ITEM = "unknown_item"
    UNDO_EXPIRED = "undo_expired"
    UNDO_USED = "undo_used"
    NOT_YOURS = "not_yours"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    EMPTY = "empty"
    MEDIA_TYPE = "media_type"
    NOT_OFFERED = "not_offered"
    """The policy does not offer this list entry for the case."""
    NOT_FRAUD = "not_fraud"
    """Only fraud puts anything on a list or holds money."""


class EntityRef(msgspec.Struct, frozen=True, order=True):
    """One thing, by its kind and the text of its fact.

    Attributes
    ----------
    value
        The fact's text: a card's token, a PIN's six digits, the key of an address (`events.rules.address_key`).
    """

    kind: EntityKind
    value: str


class NewAlert(msgspec.Struct, frozen=True):
    """A decision that somebody should look at, before it has a case.

    Attributes
    ----------
    seq, owner, event_id, occurred_us
        The decided event in the log.
    action
        What was decided; in `observe` mode what would have been.
    amount_minor
        In the policy's base currency.
    queue, deadline_seconds, four_eyes
        What the policy's first matching route says.
    kinds, rules
        The kinds and codes of the rules that fired.
    entities
        Everything that the event names.
    """

    seq: int
    owner: int
    event_id: str
    occurred_us: int
    action: str
    score: float
    amount_minor: int
    queue: str
    deadline_seconds: int
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    entities: tuple[EntityRef, ...]
    four_eyes: bool


class Alert(msgspec.Struct, frozen=True):
    """An alert in its case; `deadline_us` is when somebody must have decided about it."""

    id: int
    case_id: int
    seq: int
    owner: int
    event_id: str
    opened_us: int
    deadline_us: int
    action: str
    score: float
    amount_minor: int
    priority: float
    queue: str
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    outcome: CaseOutcome | None
    closed_us: int | None


class Case(msgspec.Struct, frozen=True):
    """Alerts that belong together, and how the work on them stands.

    Attributes
    ----------
    outcome, reason_code
        Of a closed case; while `proposed_by` is set, what was proposed.
    assignee
        Whose case it is.
    locked_by, locked_until_us
        Who has it open just now; a lock that has run out reads as None and 0.
    priority
        The sum over its alerts of amount at risk (rupees) times score, so that more at risk comes first.
    amount_minor, score
        The sum of its alerts' amounts and the greatest of their scores.
    deadline_us
        The earliest deadline of its alerts.
    version
        Grows with every change; an act that names an older one is refused.
    """

    id: int
    queue: str
    state: CaseState
    outcome: CaseOutcome | None
    reason_code: str | None
    assignee: str | None
    locked_by: str | None
    locked_until_us: int
    priority: float
    amount_minor: int
    score: float
    opened_us: int
    deadline_us: int
    changed_us: int
    closed_us: int | None
    n_alerts: int
    four_eyes: bool
    proposed_by: str | None
    version: int


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened to a case.

    Attributes
    ----------
    actor
        A user name, `system` or `customer`.
    kind
        opened, alert_joined, assigned, locked, unlocked, state, note, attachment, check, action, proposed, closed,
        reopened, undone, notice, answer or hold.
    """

    id: int
    case_id: int
    at_us: int
    actor: str
    kind: str
    detail: dict[str, Any]


TIMELINE_KINDS = (
    "opened",
    "alert_joined",
    "assigned",
    "locked",
    "unlocked",
    "state",
    "note",
    "attachment",
    "check",
    "action",
    "proposed",
    "closed",
    "reopened",
    "undone",
    "notice",
    "answer",
    "hold",
)


class CaseEntity(msgspec.Struct, frozen=True):
    """A thing that alerts of a case name; `n_alerts` of them, first and last seen at."""

    ref: EntityRef
    n_alerts: int
    first_us: int
    last_us: int


class RelatedCase(msgspec.Struct, frozen=True):
    """Another case that shares things with one."""

    case: Case
    shared: tuple[EntityRef, ...]


class Attachment(msgspec.Struct, frozen=True):
    """A file at a case, without its bytes."""

    id: int
    case_id: int
    at_us: int
    actor: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


class CheckItem(msgspec.Struct, frozen=True):
    """One item of a case's checklist, in both languages; `done_by` is None while it is open."""

    code: str
    en: str
    hi: str
    done_by: str | None
    done_us: int | None


class ListChoice(msgspec.Struct, frozen=True):
    """A list entry that the analyst wants when a case closes; `expires_us` None: for ever."""

    list: str
    value: str
    expires_us: int | None = None
    note: str = ""


class HoldChoice(msgspec.Struct, frozen=True):
    """A request to hold money; `amount_minor` None: all that is at risk in the case."""

    amount_minor: int | None = None
    note: str = ""


class Undo(msgspec.Struct, frozen=True):
    """An act that its actor can still take back, until `until_us`.

    Attributes
    ----------
    kind
        assigned, state, proposed, closed, reopened, or confirmed.
    case_ids
        The cases that the act changed (bulk acts skip those that need no change).
    """

    id: int
    kind: str
    actor: str
    case_ids: tuple[int, ...]
    at_us: int
    until_us: int


class SavedView(msgspec.Struct, frozen=True):
    """A filter of the queue under a name; `query` is the page's URL query."""

    id: int
    owner: str
    name: str
    query: str
    shared: bool


class QueueFilter(msgspec.Struct, frozen=True):
    """Which cases to show.

    Attributes
    ----------
    queue, action, min_amount_minor
        None: any.
    states
        Empty: those that are not closed.
    assignee
        None: anybody's; "": nobody's.
    text
        An event id, an entity's value or a case's number, as a whole; "": any.
    overdue
        Only those past their deadline.
    proposed
        Only those for which an outcome is proposed, that a second person must confirm.
    """

    queue: str | None = None
    states: tuple[CaseState, ...] = ()
    assignee: str | None = None
    action: str | None = None
    min_amount_minor: int | None = None
    text: str = ""
    overdue: bool = False
    proposed: bool = False


class Cursor(msgspec.Struct, frozen=True):
    """Where a page of the queue ended: the last row's priority and id.

    Examples
    --------
    >>> Cursor.parse(Cursor(12.5, 7).text())
    Cursor(priority=12.5, id=7)
    >>> Cursor.parse("nonsense") is None
    True
    """

    priority: float
    id: int

    def text(self) -> str:
        """Write it for a URL."""
        return f"{self.priority!r}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Read what `text` wrote; None when it is no cursor."""
        priority, _, number = text[:64].partition("_")
        if not (number.isascii() and number.isdigit()):
            return None
        try:
            found = cls(float(priority), int(number))
        except ValueError:
            return None
        return found if math.isfinite(found.priority) and 0 < found.id < 2**63 else None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Rows in order, and where the next page begins (None: this is the last)."""

    rows: list[T]
    next: Cursor | None = None
