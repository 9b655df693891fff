"""Events as flat rows, for CSV and Parquet: one column per fact, named as policies name it.

Besides the facts there are four columns: ``type`` (of the event), ``lat``, ``lon`` and ``accuracy_m`` (the
fact ``location`` taken apart), and ``lines`` (the order lines; JSON text in CSV, a list of structs in
Parquet). Results and labels name their payment in ``payment``; a label's ``occurred_at`` is when it was
reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.events import Label, PayeeChange, Payment, PaymentResult
from satark.events.parts import Address, Card, Customer, Device, Payee, Payer

if TYPE_CHECKING:
    from satark.events import Event

COLUMNS: tuple[str, ...] = (
    "type", "id", "occurred_at", "amount_minor", "currency", "method", "channel",
    "customer", "customer_added_at", "phone", "email", "account", "vpa",
    "card", "bin", "last4", "issuer_country", "three_ds",
    "merchant", "payee_account", "payee_vpa", "mcc", "payee_added_at", "upi_flow",
    "shipping_line", "shipping_city", "shipping_pin", "shipping_country",
    "billing_line", "billing_city", "billing_pin", "billing_country",
    "device", "fingerprint", "user_agent", "ip", "ip_country", "lat", "lon", "accuracy_m", "lines",
    "payment", "outcome", "result_code", "result_amount_minor",
    "label", "label_kind", "reporter", "change",
)  # fmt: skip
"""The columns in order; a value that an event does not have is null (empty in CSV)."""

INT_COLUMNS = frozenset({"amount_minor", "result_amount_minor"})
FLOAT_COLUMNS = frozenset({"lat", "lon", "accuracy_m"})
TIME_COLUMNS = frozenset({"occurred_at", "customer_added_at", "payee_added_at"})

_NOBODY, _NO_PAYER, _NO_CARD = Customer(id="-"), Payer(), Card()
_NO_PAYEE, _NOWHERE, _NO_DEVICE = Payee(), Address(), Device()
_NO_LOCATION = (None, None, None)


def flat_row(event: Event) -> tuple[Any, ...]:
    """Return one event's values in the order of `COLUMNS`; times stay datetimes, lines a tuple of structs."""
    match event:
        case Payment():
            return _payment(event)
        case PaymentResult():
            code, amount = event.code, event.amount_minor
            own = (event.payment, event.outcome, code, amount, None, None, None, None)
            return ("payment_result", event.id, event.occurred_at, *(None,) * 38, *own)
        case Label():
            tail = (event.event, None, None, None, event.label, event.kind, event.reporter, None)
            return ("label", event.id, event.reported_at, *(None,) * 38, *tail)
        case PayeeChange():
            return _payee_change(event)


def _payment(event: Payment) -> tuple[Any, ...]:
    known = event.customer is not None
    customer, payer, card = event.customer or _NOBODY, event.payer or _NO_PAYER, event.card or _NO_CARD
    payee, device, spot = event.payee or _NO_PAYEE, event.device or _NO_DEVICE, event.location
    to, of = event.shipping or _NOWHERE, event.billing or _NOWHERE
    return (
        "payment", event.id, event.occurred_at, event.amount_minor, event.currency, event.method,
        event.channel, customer.id if known else None, customer.added_at, customer.phone, customer.email,
        payer.account, payer.vpa,
        card.token, card.bin, card.last4, card.issuer_country, card.three_ds,
        payee.merchant, payee.account, payee.vpa, payee.mcc, payee.added_at, event.upi_flow,
        to.line, to.city, to.pin, to.country, of.line, of.city, of.pin, of.country,
        device.id, device.fingerprint, device.user_agent, event.ip, event.ip_country,
        *((spot.lat, spot.lon, spot.accuracy_m) if spot else _NO_LOCATION), event.lines or None,
        None, None, None, None, None, None, None, None,
    )  # fmt: skip


def _payee_change(event: PayeeChange) -> tuple[Any, ...]:
    customer, payee, device = event.customer, event.payee or _NO_PAYEE, event.device or _NO_DEVICE
    spot = event.location
    return (
        "payee_change", event.id, event.occurred_at, None, None, None, event.channel,
        customer.id, customer.added_at, customer.phone, customer.email, None, None,
        None, None, None, None, None,
        payee.merchant, payee.account, payee.vpa, payee.mcc, payee.added_at, None,
        None, None, None, None, None, None, None, None,
        device.id, device.fingerprint, device.user_agent, event.ip, event.ip_country,
        *((spot.lat, spot.lon, spot.accuracy_m) if spot else _NO_LOCATION), None,
        None, None, None, None, None, None, None, event.change,
    )  # fmt: skip
