"""What a policy says about cases: which decisions become alerts, what joins them, and the words of the work.

Read by `satark.policies.read_cases`; nothing here changes an answer, so it is no part of a policy's content hash. The
routes are followed after a decision, by the worker; the words go to the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from satark.core.words import Words

if TYPE_CHECKING:
    from satark.language import TypedExpr

OUTCOMES = ("fraud", "genuine", "inconclusive")

KIND_OF_FACT = {
    "card": "card",
    "account": "account",
    "payee_account": "account",
    "customer": "customer",
    "device": "device",
    "ip": "ip",
    "merchant": "merchant",
    "vpa": "vpa",
    "payee_vpa": "vpa",
    "phone": "phone",
    "email": "email",
    "shipping_address": "address",
    "billing_address": "address",
    "shipping_pin": "pin",
    "billing_pin": "pin",
}
"""The kind of thing (`satark.cases.model.EntityKind`) that a fact names."""

ROUTE_FACTS = ("action", "score", "kind")
"""What a route may name beside the facts of a payment: what was decided, and the kinds of the rules that fired."""


class OnFraud(msgspec.Struct, frozen=True):
    """A list entry that is offered when a case closes as fraud.

    Attributes
    ----------
    list
        The list's name.
    kind
        The kind of thing in the case whose values are put on it.
    expires_seconds
        After how long the entry no longer counts; None: never.
    prefix
        What stands before the value on the list; "" but for lists of receivers (`merchant:M1`).
    """

    list: str
    kind: str
    expires_seconds: int | None = None
    prefix: str = ""


class CaseTerms(msgspec.Struct, frozen=True):
    """The words of the work, and what is offered: all that a page needs of the policy.

    Attributes
    ----------
    queues
        Code to words, in the order of the policy.
    reasons
        Outcome to reason code to words.
    checklist
        Code to words.
    on_fraud
        The list entries that are offered.
    """

    queues: dict[str, Words]
    reasons: dict[str, dict[str, Words]]
    checklist: dict[str, Words]
    on_fraud: tuple[OnFraud, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A decision for which `when` is true becomes an alert; `when` None: every decision that reaches this route.

    Attributes
    ----------
    queue
        None: the decision becomes no alert, whatever later routes say.
    deadline_seconds
        How soon somebody must have looked.
    four_eyes
        A second person confirms the outcome.
    """

    when: TypedExpr | None
    queue: str | None
    deadline_seconds: int
    four_eyes: bool


@dataclass(frozen=True, slots=True)
class JoinRule:
    """When an alert joins an open case: they share a thing of one of these kinds, seen within so long.

    Attributes
    ----------
    kinds
        Values of `satark.cases.model.EntityKind`, as text.
    at_most
        A case with as many alerts takes no more.
    """

    kinds: frozenset[str]
    within_seconds: int
    at_most: int


@dataclass(frozen=True, slots=True)
class CaseRules:
    """The `cases:` section of a policy.

    Attributes
    ----------
    routes
        The first whose `when` is true counts.
    """

    routes: tuple[Route, ...]
    join: JoinRule
    terms: CaseTerms
