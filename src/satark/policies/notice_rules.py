"""What a policy says about notices to customers and about what follows from their answers: plain data.

Read by `satark.policies.read_notices`, used by `satark.cases.notices`. Nothing of it changes a decision, so it is no
part of a policy's content hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satark.core.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.core.clock import Lang
    from satark.policies.reasons import Template

NOTICE_KINDS = ("challenge", "hold", "block", "threshold")
"""Why a customer is told: the action on a payment, or that it is over the customer's own threshold."""
GRAVE_KINDS = frozenset({"hold", "block"})
CHANNELS = ("sms", "email", "whatsapp", "push", "webhook")
"""`webhook`: the institution's own systems tell the customer, whom the event then need not say how to reach."""
OWN_INSTRUMENTS = ("card", "account", "vpa", "customer", "device")
"""What an answer may put on a list: the customer's own things alone.

A link is held by whoever holds the phone. Were payees, merchants or networks among these, one denied payment would
stop a shop, or a mobile operator's address, for everybody.
"""
NOTICE_NAMES = ("amount", "instrument", "payee", "when", "reference", "link", "helpline", "institution")
"""What a notice's text may name."""

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """The words of one kind of notice.

    Attributes
    ----------
    subject_en, subject_hi
        Of an e-mail.
    text_en, text_hi
        Of every channel.
    dlt
        The ids under which the texts are registered with the operators (TRAI's DLT), or None.
    """

    subject_en: Template
    subject_hi: Template
    text_en: Template
    text_hi: Template
    dlt: Words | None = None

    def text(self, lang: Lang) -> Template:
        """Return the text's template in one language."""
        return self.text_hi if lang == "hi" else self.text_en

    def subject(self, lang: Lang) -> Template:
        """Return the subject's template in one language."""
        return self.subject_hi if lang == "hi" else self.subject_en


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When a customer is let sleep, in minutes of the day in India; `urgent` kinds go out at any hour."""

    from_minute: int
    to_minute: int
    urgent: frozenset[str] = GRAVE_KINDS


@dataclass(frozen=True, slots=True)
class NoticeLimit:
    """The most notices of one sort that one customer, phone or address gets within a time."""

    messages: int = 6
    within_seconds: int = DAY_SECONDS


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """When, to whom and how customers are told.

    Attributes
    ----------
    kinds
        Of `NOTICE_KINDS`; empty: nobody is told.
    institution, helpline
        Whose notice it is and the number to call, as it is printed on the card.
    channels
        Of `CHANNELS`, all that a customer can be reached by are used.
    threshold_minor
        Customers who have set no own threshold are told of allowed payments from this amount on; None: not at all.
    link_seconds
        How long a link in a notice may be answered.
    max_age_seconds
        Of an older payment nobody is told: history that is loaded must not wake its customers.
    language
        Of customers who have chosen none.
    dlt_entity, dlt_header
        The bank's own ids with the operators; empty where SMS goes through a gateway that adds them.
    """

    kinds: tuple[str, ...] = ()
    institution: Words = field(default_factory=lambda: Words(en="Your bank", hi="आपका बैंक"))
    helpline: str = ""
    channels: tuple[str, ...] = ("sms", "email")
    threshold_minor: int | None = None
    quiet: QuietHours | None = None
    limit: NoticeLimit = field(default_factory=NoticeLimit)
    link_seconds: int = 3 * DAY_SECONDS
    max_age_seconds: int = DAY_SECONDS
    language: Lang = "hi"
    dlt_entity: str = ""
    dlt_header: str = ""
    templates: Mapping[str, NoticeTemplate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FreezeRule:
    """A list that the customer's own instrument is put on, and for how long (None: for ever)."""

    list: str
    of: str
    expires_seconds: int | None


@dataclass(frozen=True, slots=True)
class FraudAnswer:
    """What follows from "this was not me".

    Attributes
    ----------
    lists
        What is frozen.
    hold
        Whether the institution is asked to hold or recall money that went out.
    label
        Whether the answer itself is a label. Off by default: an analyst judges, since fraudsters answer as well.
    queue, deadline_seconds
        Where a denied payment goes that had no case yet; "": the policy's first queue.
    """

    lists: tuple[FreezeRule, ...] = ()
    hold: bool = True
    label: bool = False
    queue: str = ""
    deadline_seconds: int = 1_800


@dataclass(frozen=True, slots=True)
class GenuineAnswer:
    """What follows from "it was me".

    Attributes
    ----------
    release
        Whether a held payment is released.
    at_most_minor
        Only up to this amount; None: any.
    unless
        Kinds of fraud in which whoever answers may be the thief who holds the phone; nothing is released then.
    known_seconds
        How long the payment's customer must have had the account: whoever buys with a stolen card gives a phone of his
        own and would answer gladly. None: any account, also one whose age the event does not tell.
    """

    release: bool = False
    at_most_minor: int | None = None
    unless: frozenset[str] = frozenset()
    known_seconds: int | None = None
    label: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """What follows from a customer's answer; by default it is noted and nothing else."""

    fraud: FraudAnswer = field(default_factory=lambda: FraudAnswer(hold=False))
    genuine: GenuineAnswer = field(default_factory=GenuineAnswer)
