"""The events themselves: a payment, its results, labels, and changes of payees.

This is the first stop of an event: `decode_event` turns a request's bytes into one of these. Fields are only
ever added, with a default, so every body in the log can be read for ever. Values of choice are plain text
from a closed set, so that rules and windows compare plain strings.
"""

import msgspec

from satark.events import fields as f
from satark.events.parts import Address, Card, Customer, Device, Lines, Location, Payee, Payer


class EventBase(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="type",
):
    """What all events have in common: frozen, told apart by `type`, and an unknown field is an error."""


class Payment(EventBase, frozen=True, tag="payment"):
    """Someone is about to pay; the event that is decided."""

    id: f.Id
    occurred_at: f.Moment
    amount_minor: f.AmountMinor
    method: f.Method
    currency: f.CurrencyCode = "INR"
    channel: f.Channel = "unknown"
    customer: Customer | None = None
    payer: Payer | None = None
    card: Card | None = None
    payee: Payee | None = None
    upi_flow: f.UpiFlow | None = None
    lines: Lines = ()
    shipping: Address | None = None
    billing: Address | None = None
    device: Device | None = None
    ip: f.IpAddress | None = None
    ip_country: f.CountryCode | None = None
    location: Location | None = None
    custom: f.Custom = {}
    version: f.Version = 1


class PaymentResult(EventBase, frozen=True, tag="payment_result"):
    """What became of a payment; it counts from its own time, by the payment's entities."""

    id: f.Id
    occurred_at: f.Moment
    payment: f.Id
    outcome: f.Outcome
    code: f.ShortText | None = None
    amount_minor: f.AmountMinor | None = None
    version: f.Version = 1


class Label(EventBase, frozen=True, tag="label"):
    """Somebody reports that an event was fraud or genuine; it counts from when it was reported."""

    id: f.Id
    event: f.Id
    label: f.Verdict
    reporter: f.ShortText
    reported_at: f.Moment
    kind: f.ShortText | None = None
    version: f.Version = 1


class PayeeChange(EventBase, frozen=True, tag="payee_change"):
    """A customer added or removed a payee, or raised a limit for one."""

    id: f.Id
    occurred_at: f.Moment
    customer: Customer
    change: f.Change
    payee: Payee | None = None
    channel: f.Channel = "unknown"
    device: Device | None = None
    ip: f.IpAddress | None = None
    ip_country: f.CountryCode | None = None
    location: Location | None = None
    version: f.Version = 1


Event = Payment | PaymentResult | Label | PayeeChange
"""Any event."""

EVENT_TYPES: dict[str, type[Payment] | type[PaymentResult] | type[Label] | type[PayeeChange]] = {
    "payment": Payment,
    "payment_result": PaymentResult,
    "label": Label,
    "payee_change": PayeeChange,
}
"""The tag on the wire to the struct."""

_TAGS = {struct: tag for tag, struct in EVENT_TYPES.items()}


def event_type(event: Event) -> str:
    """Return the tag of an event: "payment", "payment_result", "label" or "payee_change"."""
    return _TAGS[type(event)]
