"""What happened: typed, versioned events, their facts, and the door through which they come in."""

from satark.events.context import Context
from satark.events.custom import check_custom
from satark.events.decode import decode_event, decode_stored, occurred_us
from satark.events.facts import BASE_FACTS, Fact, FactType, custom_facts, facts_of
from satark.events.fields import MAX_EVENT_BYTES
from satark.events.kinds import EVENT_TYPES, Event, Label, PayeeChange, Payment, PaymentResult, event_type
from satark.events.parts import Address, Card, Customer, Device, Line, Location, Payee, Payer
from satark.events.reader import compile_reader
from satark.events.seal import admit, body_digest, canonical_body, seal_card
from satark.events.signals import Signal
from satark.events.tokens import CardKey, CardTokens, current_card

__all__ = [
    "BASE_FACTS",
    "EVENT_TYPES",
    "MAX_EVENT_BYTES",
    "Address",
    "Card",
    "CardKey",
    "CardTokens",
    "Context",
    "Customer",
    "Device",
    "Event",
    "Fact",
    "FactType",
    "Label",
    "Line",
    "Location",
    "Payee",
    "PayeeChange",
    "Payer",
    "Payment",
    "PaymentResult",
    "Signal",
    "admit",
    "body_digest",
    "canonical_body",
    "check_custom",
    "compile_reader",
    "current_card",
    "custom_facts",
    "decode_event",
    "decode_stored",
    "event_type",
    "facts_of",
    "occurred_us",
    "seal_card",
]
