"""The things that an event names: cards, accounts, people, devices, addresses.

One list for the entity index, for what joins alerts into cases, and for the links on a page, so that all three speak of
the same things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.model import EntityKind, EntityRef
from satark.events.kinds import PayeeChange, Payment
from satark.events.rules import address_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.events import Event
    from satark.events.parts import Address

_PIN_DIGITS = 6
_HOME = frozenset({None, "IN"})


def refs_of(event: Event) -> tuple[EntityRef, ...]:
    """Return the things that a payment or a change of payees names, each once.

    Results and labels name none: they are about an event that does.

    Examples
    --------
    >>> from satark.events import decode_event
    >>> body = b'{"id":"p1","occurred_at":"2026-01-31T10:00:00+05:30","amount_minor":1,"method":"upi",'
    >>> event = decode_event(body + b'"payer":{"vpa":"Asha@Ok"},"shipping":{"pin":"560001"}}', "payment")
    >>> [(ref.kind.value, ref.value) for ref in refs_of(event)]
    [('vpa', 'asha@ok'), ('pin', '560001')]
    """
    if not isinstance(event, Payment | PayeeChange):
        return ()
    return tuple(dict.fromkeys(EntityRef(kind, value) for kind, value in _named(event) if value))


def _named(event: Payment | PayeeChange) -> Iterator[tuple[EntityKind, str | None]]:
    if isinstance(event, Payment):
        if event.card is not None:
            yield EntityKind.CARD, event.card.token
        if event.payer is not None:
            yield EntityKind.ACCOUNT, event.payer.account
            yield EntityKind.VPA, event.payer.vpa
    if event.customer is not None:
        yield EntityKind.CUSTOMER, event.customer.id
        yield EntityKind.PHONE, event.customer.phone
        yield EntityKind.EMAIL, event.customer.email
    if event.payee is not None:
        yield EntityKind.MERCHANT, event.payee.merchant
        yield EntityKind.ACCOUNT, event.payee.account
        yield EntityKind.VPA, event.payee.vpa
    if event.device is not None:
        yield EntityKind.DEVICE, event.device.id
    yield EntityKind.IP, event.ip
    if isinstance(event, Payment):
        for address in (event.shipping, event.billing):
            if address is not None:
                yield EntityKind.ADDRESS, address_key(address.line, address.pin)
                yield EntityKind.PIN, _indian_pin(address)


def _indian_pin(address: Address) -> str | None:
    """Return a PIN code; postal codes of other countries could be the same digits."""
    pin = address.pin
    if pin is None or address.country not in _HOME or len(pin) != _PIN_DIGITS or not pin.isdigit():
        return None
    return pin
