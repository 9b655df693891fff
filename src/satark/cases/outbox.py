"""What leaves the house: messages put down in the transaction of what they tell about, and delivered afterwards.

After a case, a decision or a notice: whoever changes something puts the `Message` about it into the outbox in the
same transaction, so that neither exists without the other. The sender takes messages from there, one claim per
attempt, and hands each to the carrier of its channel. What a crash or a lost connection leaves in doubt is marked
`unknown` and never sent again by itself: a message is delivered once, or a person is asked.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from satark.cases.ports import Message

MAX_BODY_BYTES = 256 * 1024
MAX_KEY_LENGTH = 200
MAX_TARGET_LENGTH = 512
MAX_HEADERS = 16
MAX_HEADER_LENGTH = 512

_KEY = re.compile(r"[A-Za-z0-9._:@+|/=-]{1,200}\Z")
_HEADER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")


class Topic(StrEnum):
    """What a message is about; a webhook's endpoint subscribes to some of them."""

    DECISION_MADE = "decision.made"
    ALERT_OPENED = "alert.opened"
    CASE_DUE_SOON = "case.due_soon"
    CASE_OVERDUE = "case.overdue"
    CASE_CLOSED = "case.closed"
    NOTICE_REQUESTED = "notice.requested"
    NOTICE_DELIVERED = "notice.delivered"
    CUSTOMER_ANSWERED = "customer.answered"
    HOLD_REQUESTED = "hold.requested"
    HOLD_RELEASED = "hold.released"
    PING = "webhook.ping"
    """A trial of one endpoint, sent by hand."""


SUBSCRIBABLE = tuple(topic.value for topic in Topic if topic is not Topic.PING)
"""The topics that an endpoint can choose."""


class Channel(StrEnum):
    """By which way a message goes."""

    WEBHOOK = "webhook"
    SMTP = "smtp"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PUSH = "push"


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENDING = "sending"
    """A sender has it; after a crash nobody knows how far it came."""
    SENT = "sent"
    """The other side took it."""
    FAILED = "failed"
    """The other side refused it for good."""
    UNKNOWN = "unknown"
    """It may have arrived or not; a person decides, because sending again could deliver it twice."""
    DEAD = "dead"
    """Given up after all attempts; it did not arrive."""


SETTLED = (MessageState.SENT, MessageState.FAILED, MessageState.UNKNOWN, MessageState.DEAD)


class Mail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a message on the channel `smtp`; the carrier escapes nothing in `html`."""

    subject: str
    text: str
    html: str = ""
    lang: str = "en"


class Text(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a message on `sms`, `whatsapp` or `push`.

    Attributes
    ----------
    template
        The id under which the text is registered (DLT for SMS in India); the carrier hands it to the gateway.
    title
        For channels that have one.
    """

    text: str
    title: str = ""
    template: str = ""
    lang: str = "en"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed message, as a carrier gets it.

    Attributes
    ----------
    attempt, base
        Which attempt this is, from 1, and how many there were before the message was last put back by hand.
    resend_in_doubt
        Its receiver drops repeats by the event's id.
    """

    id: int
    key: str
    topic: str
    channel: str
    target: str
    body: bytes
    headers: dict[str, str]
    attempt: int
    base: int = 0
    endpoint_id: int = 0
    resend_in_doubt: bool = False


class Verdict(StrEnum):
    """What a carrier can say of one attempt."""

    SENT = "sent"
    AGAIN = "again"
    """It surely did not arrive; worth another attempt."""
    REFUSED = "refused"
    """It surely did not arrive, and never will as it is."""
    DOUBT = "doubt"
    """It may have arrived."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt went.

    Attributes
    ----------
    reason
        A stable snake_case word, never personal data nor what the other side wrote.
    status
        The other side's code, for instance of HTTP or SMTP.
    retry_after_seconds
        When the other side asked to be left alone for a while.
    """

    verdict: Verdict
    reason: str = ""
    status: int | None = None
    retry_after_seconds: int | None = None


class Carrier(Protocol):
    """Delivers messages of a channel; called from several threads at once."""

    def deliver(self, parcel: Parcel) -> Outcome:
        """Try once, within a bounded time; an exception counts as doubt."""


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the outbox, without its body.

    Attributes
    ----------
    endpoint_id
        Of a webhook.
    due_us
        When it is tried next, while it waits.
    settled_us
        When it came to its end, None before.
    """

    id: int
    key: str
    topic: str
    channel: str
    target: str
    endpoint_id: int | None
    state: MessageState
    attempts: int
    put_us: int
    due_us: int
    changed_us: int
    settled_us: int | None
    reason: str
    status: int | None
    case_id: int | None
    has_body: bool


class PostedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages to list; None: any."""

    endpoint_id: int | None = None
    state: MessageState | None = None
    channel: str | None = None
    topic: str | None = None
    case_id: int | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a message; `ended_us` and `verdict` are None while it runs, or when its sender died."""

    attempt: int
    began_us: int
    ended_us: int | None
    verdict: str | None
    reason: str
    status: int | None


def check_message(message: Message) -> Message:
    """Refuse a message that the program composed wrongly; see `flaw_of` for what comes from the data.

    Raises
    ------
    InputInvalid
        `field` says which part is wrong.

    Examples
    --------
    >>> from satark.cases.ports import Message
    >>> check_message(Message("case.closed", "case.closed:1", "webhook", "", b"{}")).key
    'case.closed:1'
    >>> check_message(Message("case.closed", "", "webhook", "", b"{}"))
    Traceback (most recent call last):
    satark.core.errors.InputInvalid: a message's key is 1 to 200 of letters, digits and ._:@+|/=-
    """
    if message.topic not in set(Topic):
        _refuse("topic", f"a message's topic is one of {', '.join(Topic)}")
    if message.channel and message.channel not in set(Channel):
        _refuse("channel", f"a message's channel is one of {', '.join(Channel)}")
    if not _KEY.match(message.key):
        _refuse("key", f"a message's key is 1 to {MAX_KEY_LENGTH} of letters, digits and ._:@+|/=-")
    if len(message.headers) > MAX_HEADERS:
        _refuse("headers", f"a message has at most {MAX_HEADERS} headers")
    for name, value in message.headers.items():
        if not _HEADER_NAME.match(name):
            _refuse("headers", "a header's name is a-z, 0-9, _ and - and starts with a letter")
        if not is_line(value, MAX_HEADER_LENGTH):
            _refuse("headers", f"a header's value is one line of 1 to {MAX_HEADER_LENGTH} characters")
    return message


def flaw_of(message: Message) -> str:
    r"""Return why a message cannot be delivered as it is, "" when it can.

    An address that came with an event may be anything. Such a message is kept as failed, where people see it, and
    never stops the work that it was put down with.

    Examples
    --------
    >>> from satark.cases.ports import Message
    >>> flaw_of(Message("notice.requested", "n:1", "smtp", "asha@bank.in\r\nBcc: x@y.in", b"{}"))
    'target_invalid'
    """
    goes_to_all = message.channel in {"", Channel.WEBHOOK} and not message.target
    if not goes_to_all and not is_line(message.target, MAX_TARGET_LENGTH):
        return "target_invalid"
    return "body_too_large" if len(message.body) > MAX_BODY_BYTES else ""


def is_line(text: str, most: int) -> bool:
    r"""Tell whether a text is one line of bounded length, without control characters.

    Examples
    --------
    >>> is_line("आशा", 10), is_line("a\u2028b", 10), is_line("", 10)
    (True, False, False)
    """
    return 1 <= len(text) <= most and _CONTROL.search(text) is None


def _refuse(field: str, message: str) -> None:
    raise InputInvalid(message, field=field)
