"""What a notice is: why a customer was told, what was said, and what may follow from the answer.

Everything that an answer needs is fixed when the notice is made, so that it means what the policy of that day said and
the public page asks neither the log nor the engine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from satark.cases.model import NewAlert
from satark.cases.ports import Message


class NoticeKind(StrEnum):
    """Why a customer is told."""

    CHALLENGE = "challenge"
    HOLD = "hold"
    BLOCK = "block"
    THRESHOLD = "threshold"
    """The payment went through and is over the customer's own threshold."""


class NoticeState(StrEnum):
    """What became of the wish to tell a customer."""

    SENT = "sent"
    """Handed to the outbox; how far each message came stands there."""
    LIMITED = "limited"
    """Not sent: this customer was told often enough just now."""
    UNREACHABLE = "unreachable"
    """Not sent: no channel that is set up reaches this customer."""


class Answer(StrEnum):
    """What a customer said."""

    FRAUD = "fraud"
    GENUINE = "genuine"


class Customer(msgspec.Struct, frozen=True):
    """What a customer has chosen.

    Attributes
    ----------
    lang
        en or hi; None: the policy's.
    threshold_minor
        Allowed payments from this amount on bring a notice; None: the policy's.
    """

    owner: int
    customer: str
    lang: str | None = None
    threshold_minor: int | None = None
    changed_us: int = 0


class Shown(msgspec.Struct, frozen=True):
    """What a notice and its page show of a payment; nothing in it is a full number of a card or account.

    Attributes
    ----------
    amount
        Written out.
    instrument_en, instrument_hi
        Such as "card XX1111".
    payee
        Reduced to what no phone turns into a link.
    instrument_full, payee_full
        As given, for the complaint that the customer makes about it; "" when there is no more to say. Shown to nobody
        but who has just denied the payment, and in no message.
    """

    event_id: str
    occurred_us: int
    amount: str
    amount_minor: int
    method: str
    instrument_en: str
    instrument_hi: str
    payee_en: str
    payee_hi: str
    payee_full: str
    instrument_full: str = ""


class Freeze(msgspec.Struct, frozen=True):
    """A value that goes on a list when the customer says "not me"."""

    list: str
    of: str
    value: str
    expires_seconds: int | None = None


class Join(msgspec.Struct, frozen=True):
    """A policy's rule for joining alerts to cases, as it is kept with a notice."""

    kinds: tuple[str, ...]
    within_seconds: int
    at_most: int


class NoticeTerms(msgspec.Struct, frozen=True):
    """What follows from an answer to this notice.

    Attributes
    ----------
    release
        Whether "it was me" releases the held payment.
    hold
        Whether "not me" asks the institution to hold or recall the money.
    alert, join
        The alert that "not me" opens when the payment has no case, and what it joins; None when it has one.
    """

    institution_en: str
    institution_hi: str
    helpline: str
    freezes: tuple[Freeze, ...] = ()
    hold: bool = False
    release: bool = False
    label_fraud: bool = False
    label_genuine: bool = False
    alert: NewAlert | None = None
    join: Join | None = None


class Notice(msgspec.Struct, frozen=True):
    """One notice to one customer about one payment.

    Attributes
    ----------
    answer
        The gravest that was given over any of its links.
    """

    id: int
    owner: int
    event_id: str
    seq: int
    case_id: int | None
    customer: str
    kind: NoticeKind
    state: NoticeState
    lang: str
    created_us: int
    shown: Shown
    terms: NoticeTerms
    answer: Answer | None = None
    answered_us: int | None = None


class NoticeLink(msgspec.Struct, frozen=True):
    """One link of a notice; each channel has its own, so that a thief with the phone does not answer for the mailbox.

    Attributes
    ----------
    key
        Of the message in the outbox that carries it.
    used_us, answer
        When it was answered, and how.
    """

    notice_id: int
    channel: str
    key: str
    expires_us: int
    opened_us: int | None = None
    used_us: int | None = None
    answer: Answer | None = None


class NewLink(msgspec.Struct, frozen=True):
    """A link to be kept: the token's hash, never the token."""

    token_hash: bytes
    channel: str
    target_hash: bytes
    key: str
    expires_us: int


class Told(msgspec.Struct, frozen=True):
    """A notice that somebody got not long ago, as the limit counts it."""

    kind: NoticeKind
    amount_minor: int


class Effects(msgspec.Struct, frozen=True):
    """What is written together with an answer.

    Attributes
    ----------
    commands
        (kind, body) for the engine.
    messages
        For the outbox.
    frozen
        The facts whose values went on a list, for the page.
    """

    commands: tuple[tuple[str, dict[str, Any]], ...] = ()
    messages: tuple[Message, ...] = ()
    frozen: tuple[str, ...] = ()
    released: bool = False
    held: bool = False
