"""What a payment names, as the page shows it: the things that it shares with other payments, and where it happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.model import EntityKind, EntityRef
from satark.events import compile_reader, decode_stored
from satark.events.context import Context
from satark.events.kinds import Payment
from satark.features.geo import pin_place
from satark.policies.names import DECIDED
from satark.web.decision.places import Spot, metres_to_km

if TYPE_CHECKING:
    from satark.decisions.ports import LogEntry

KIND_OF_FACT = {
    "card": EntityKind.CARD,
    "account": EntityKind.ACCOUNT,
    "customer": EntityKind.CUSTOMER,
    "device": EntityKind.DEVICE,
    "ip": EntityKind.IP,
    "merchant": EntityKind.MERCHANT,
    "vpa": EntityKind.VPA,
    "phone": EntityKind.PHONE,
    "email": EntityKind.EMAIL,
    "shipping_address": EntityKind.ADDRESS,
    "billing_address": EntityKind.ADDRESS,
    "payee_account": EntityKind.ACCOUNT,
    "payee_vpa": EntityKind.VPA,
}
"""Which kind of thing a fact of a payment names."""

_RECEIVER = ("merchant", "payee_account", "payee_vpa")
_PAYER = ("customer", "card", "account", "vpa")
_FACTS = tuple(KIND_OF_FACT)
_read = compile_reader(_FACTS, "payment")
_HOME = frozenset({None, "IN"})


def payment_of(entry: LogEntry) -> Payment | None:
    """Return the stored payment, None when it is none or its body is gone."""
    if not entry.body or entry.kind != DECIDED:
        return None
    event = decode_stored(entry.body)
    return event if isinstance(event, Payment) else None


def facts_of(payment: Payment) -> dict[str, EntityRef]:
    """Return the things that a payment names, by the fact that names them; `payee_key` and `payer_key` too."""
    values = _read(payment, None, Context())
    found = {
        fact: EntityRef(KIND_OF_FACT[fact], value)
        for fact, value in zip(_FACTS, values, strict=True)
        if isinstance(value, str)
    }
    for key, facts in (("payee_key", _RECEIVER), ("payer_key", _PAYER)):
        named = next((found[fact] for fact in facts if fact in found), None)
        if named is not None:
            found[key] = named
    return found


def spots_of(payment: Payment) -> list[Spot]:
    """Return where a payment happened: the device, then the addresses whose PIN code has a place."""
    spots = []
    if payment.location is not None:
        where = payment.location
        spots.append(Spot("device", where.lat, where.lon, accuracy_km=metres_to_km(where.accuracy_m)))
    for kind, address in (("shipping", payment.shipping), ("billing", payment.billing)):
        if address is None or address.pin is None or address.country not in _HOME:
            continue
        place = pin_place(address.pin)
        if place is not None:
            spots.append(Spot(kind, *place))
    return spots
