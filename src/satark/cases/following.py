"""What the log's entries mean to people: which things an event names, what a label said, what needs a look.

After the log: the worker reads entries in order and hands each one here. No input or output; what comes out is written
by the worker in one transaction, so that an entry counts once whatever happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from satark.cases.linking import LinkedEvent, Verdict
from satark.cases.model import NewAlert
from satark.cases.refs import refs_of
from satark.core.errors import InvalidEvent
from satark.decisions.model import Decision
from satark.decisions.stored import base_amount_of
from satark.events import Label, PayeeChange, Payment, current_card, decode_stored, occurred_us

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.decisions.ports import LogEntry
    from satark.events import CardTokens, Event
    from satark.policies.case_rules import Route

EVENT_KINDS = frozenset({"payment", "payment_result", "label", "payee_change"})
"""Entries that are events; the others (policies, rates, list edits) are inputs of the engine."""
_DECISION = msgspec.json.Decoder(Decision)
_VERDICTS = {"fraud": Verdict.FRAUD, "genuine": Verdict.GENUINE}


@dataclass(frozen=True, slots=True)
class Followed:
    """One entry of the log, read.

    Attributes
    ----------
    event
        None for inputs, and where retention has removed the body.
    decision
        None where nothing was decided.
    action
        What was decided; in `observe` mode what would have been. None where nothing was decided.
    amount_minor
        In the policy's base currency; 0 where it is not known.
    linked
        For the entity index; None when there is nothing to enter.
    verdict
        What a label says of the event that the entry refers to.
    unreadable
        The entry should have been readable and was not.
    """

    entry: LogEntry
    event: Event | None = None
    decision: Decision | None = None
    action: str | None = None
    amount_minor: int = 0
    linked: LinkedEvent | None = None
    verdict: Verdict = Verdict.NONE
    unreadable: bool = False


def follow(entry: LogEntry, *, base_currency: str, tokens: CardTokens | None = None) -> Followed:
    """Read one entry.

    Parameters
    ----------
    base_currency
        Of the policy.
    tokens
        The card keys in force: a card's history stays one across a rotation.
    """
    if entry.kind not in EVENT_KINDS or not entry.body:
        return Followed(entry, decision=_decision(entry))
    try:
        event = decode_stored(entry.body)
    except InvalidEvent:
        return Followed(entry, decision=_decision(entry), unreadable=True)
    if tokens is not None:
        event = current_card(event, tokens)
    decision = _decision(entry)
    unreadable = decision is None and entry.decision is not None
    action = None if decision is None else _action_of(decision)
    if isinstance(event, Label):
        return Followed(entry, event, verdict=_VERDICTS[event.label])
    if not isinstance(event, Payment | PayeeChange):
        return Followed(entry, event)
    amount_minor = base_amount(event, entry.features, base_currency) if isinstance(event, Payment) else 0
    last4 = event.card.last4 if isinstance(event, Payment) and event.card is not None else None
    linked = LinkedEvent(
        entry.seq, entry.owner, occurred_us(event), action, amount_minor, refs_of(event), last4
    )
    return Followed(entry, event, decision, action, amount_minor, linked, unreadable=unreadable)


def alert_of(followed: Followed, route: Route, kinds_of: Mapping[str, str]) -> NewAlert | None:
    """Return the alert that a route of the policy asks for; None when it asks for none.

    Parameters
    ----------
    kinds_of
        Code of a rule to the kind of fraud that it is against.
    """
    decision, linked = followed.decision, followed.linked
    if decision is None or linked is None or followed.action is None or route.queue is None:
        return None
    rules = tuple(dict.fromkeys(reason.code for reason in decision.reasons))
    return NewAlert(
        seq=linked.seq,
        owner=linked.owner,
        event_id=followed.entry.event_id,
        occurred_us=linked.occurred_us,
        action=followed.action,
        score=decision.score,
        amount_minor=linked.amount_minor,
        queue=route.queue,
        deadline_seconds=route.deadline_seconds,
        kinds=kinds_of_rules(rules, kinds_of),
        rules=rules,
        entities=linked.refs,
        four_eyes=route.four_eyes,
    )


def kinds_of_rules(rules: tuple[str, ...], kinds_of: Mapping[str, str]) -> tuple[str, ...]:
    """Return the kinds of fraud that rules are against, each once.

    Examples
    --------
    >>> kinds_of_rules(("a", "b", "gone"), {"a": "takeover", "b": "takeover"})
    ('takeover',)
    """
    return tuple(dict.fromkeys(kind for rule in rules if (kind := kinds_of.get(rule))))


def base_amount(event: Payment, features: bytes | None, base_currency: str) -> int:
    """Return a payment's amount in the base currency: of another currency the one that it was decided with."""
    if event.currency == base_currency:
        return event.amount_minor
    return base_amount_of(features)


def _action_of(decision: Decision) -> str:
    """Return what was decided; a payment that was released by lot went through, and nobody shall meddle with it."""
    return decision.action if decision.released else decision.would or decision.action


def _decision(entry: LogEntry) -> Decision | None:
    if entry.decision is None:
        return None
    try:
        return _DECISION.decode(entry.decision)
    except msgspec.MsgspecError:
        return None
