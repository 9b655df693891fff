"""Sealing: the last step at the door, after which an event may be stored, logged and shown.

A card's full number becomes a keyed token, its first digits and its last four; an account number that looks
like a card's becomes a token. The canonical body is what the log keeps and what "same id, same body"
compares.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import msgspec

from satark.core.errors import InvalidEvent
from satark.events.cards import MIN_CARD_DIGITS, bin_of, replace_card_numbers
from satark.events.decode import decode_and_write
from satark.events.kinds import EventBase, PayeeChange, Payment
from satark.events.parts import Card, Payee, Payer
from satark.events.refusals import refuse

if TYPE_CHECKING:
    from satark.events.kinds import Event
    from satark.events.tokens import CardTokens

AnyEvent = TypeVar("AnyEvent", bound=EventBase)

_ENCODER = msgspec.json.Encoder(order="deterministic")
_LAST_DIGITS = 4


def admit(raw: bytes, tokens: CardTokens, only: str | None = None) -> tuple[Event, bytes]:
    """Take an event in at the door: decode, check and seal it, and write it as the log keeps it.

    The same as `decode_event`, `seal_card` and `canonical_body`, but written once where nothing had to be changed.

    Parameters
    ----------
    raw, only
        As of `decode_event`.
    tokens
        The keys in force.

    Returns
    -------
    event, body
        Sealed, and its canonical body.

    Raises
    ------
    InvalidEvent, BodyTooLarge
        As of the three.
    """
    event, written = decode_and_write(raw, only)
    sealed = seal_card(event, tokens)
    if written is None or sealed is not event:
        return sealed, canonical_body(sealed)
    return sealed, written


def seal_card(event: AnyEvent, tokens: CardTokens) -> AnyEvent:
    """Return the event without any full card number.

    Parameters
    ----------
    event
        As `decode_event` gave it, of any type.
    tokens
        The keys in force.

    Raises
    ------
    InvalidEvent
        The card came with a `next_token`, which only Satark writes.

    Examples
    --------
    >>> from satark.events import decode_event
    >>> from satark.events.tokens import CardKey, CardTokens
    >>> body = b'{"type":"payment","id":"p1","occurred_at":"2026-01-31T10:00:00+05:30","amount_minor":5000,'
    >>> event = decode_event(body + b'"method":"card","card":{"number":"4111 1111 1111 1111"}}')
    >>> card = seal_card(event, CardTokens((CardKey("k1", b"1" * 32),))).card
    >>> card.number, card.bin, card.last4, card.token[:7]
    (None, '41111111', '1111', 'tok_k1_')
    """
    if isinstance(event, Payment):
        card = None if event.card is None else _sealed_card(event.card, tokens)
        payer = None if event.payer is None else _sealed_party(event.payer, tokens)
        payee = None if event.payee is None else _sealed_party(event.payee, tokens)
        if card is not event.card or payer is not event.payer or payee is not event.payee:
            return msgspec.structs.replace(event, card=card, payer=payer, payee=payee)
    elif isinstance(event, PayeeChange) and event.payee is not None:
        payee = _sealed_party(event.payee, tokens)
        if payee is not event.payee:
            return msgspec.structs.replace(event, payee=payee)
    return event


def canonical_body(event: EventBase) -> bytes:
    """Encode a sealed event as the log keeps it: the schema's order, no defaults, names sorted.

    Raises
    ------
    InvalidEvent
        The event was not sealed: a full card number would have been stored.
    """
    if isinstance(event, Payment) and event.card is not None and event.card.number is not None:
        message = "an event must be sealed before it is stored"
        raise InvalidEvent(message, field="card.number", expected="absent", found="str")
    return _ENCODER.encode(event)


def body_digest(body: bytes) -> bytes:
    """Return the SHA-256 of a canonical body, 32 bytes."""
    return hashlib.sha256(body).digest()


def _sealed_card(card: Card, tokens: CardTokens) -> Card:
    if card.number is None:
        if card.next_token is not None:
            raise refuse("card.next_token", "absent (Satark writes it)", "str")
        return card
    digits = card.number.replace(" ", "").replace("-", "")
    return msgspec.structs.replace(
        card,
        number=None,
        token=tokens.token(digits),
        next_token=tokens.next_token(digits),
        bin=bin_of(digits),
        last4=digits[-_LAST_DIGITS:],
    )


Party = TypeVar("Party", Payer, Payee)


def _sealed_party(party: Party, tokens: CardTokens) -> Party:
    account, vpa = party.account, party.vpa
    if (account is None or len(account) < MIN_CARD_DIGITS) and (vpa is None or len(vpa) < MIN_CARD_DIGITS):
        return party
    sealed_account = account and replace_card_numbers(account, tokens.account_token)
    sealed_vpa = vpa and replace_card_numbers(vpa, tokens.account_token)
    if sealed_account == account and sealed_vpa == vpa:
        return party
    return msgspec.structs.replace(party, account=sealed_account, vpa=sealed_vpa)
