"""What a page shows of a decision: taken from a log entry, masked, ready for the templates.

The stored event is decoded into a few fields only; an event whose body retention has removed still has its decision.
"""

from __future__ import annotations

from typing import Any

import msgspec

from satark.core.clock import format_ist, from_us
from satark.core.money import format_minor
from satark.decisions.model import Decision
from satark.decisions.ports import FLAG_LATE, LogEntry
from satark.decisions.roster import CANARY
from satark.web.masks import mask_email, mask_id, mask_ip, mask_phone, mask_pin, mask_vpa

ACTIONS = ("block", "hold", "challenge", "allow")
"""From gravest to mildest, the order in which pages list them."""


class _Who(msgspec.Struct):
    id: str | None = None
    phone: str | None = None
    email: str | None = None


class _Payer(msgspec.Struct):
    account: str | None = None
    vpa: str | None = None


class _Card(msgspec.Struct):
    last4: str | None = None
    bin: str | None = None
    issuer_country: str | None = None
    three_ds: str | None = None


class _Payee(msgspec.Struct):
    merchant: str | None = None
    account: str | None = None
    vpa: str | None = None
    mcc: str | None = None


class _Line(msgspec.Struct):
    category: str | None = None
    title: str | None = None
    quantity: int = 1
    price_minor: int | None = None


class _Place(msgspec.Struct):
    city: str | None = None
    pin: str | None = None
    country: str | None = None


class _Device(msgspec.Struct):
    id: str | None = None


class _Body(msgspec.Struct):
    amount_minor: int = 0
    currency: str = "INR"
    method: str = ""
    channel: str = "unknown"
    upi_flow: str | None = None
    customer: _Who | None = None
    payer: _Payer | None = None
    card: _Card | None = None
    payee: _Payee | None = None
    lines: tuple[_Line, ...] = ()
    shipping: _Place | None = None
    billing: _Place | None = None
    device: _Device | None = None
    ip: str | None = None
    ip_country: str | None = None


_DECISION = msgspec.json.Decoder(Decision)
_BODY = msgspec.json.Decoder(_Body)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One decision in the list.

    Attributes
    ----------
    would
        What was decided in observe mode, where the answer is always allow, or of a payment that was released.
    released
        Let through by lot, to learn its outcome.
    canary
        A policy that answers for some of the customers has answered.
    amount
        Written for people, empty when the body is gone.
    rupees_minor
        The amount in paise if it is in rupees, for the counters.
    """

    seq: int
    event_id: str
    action: str
    would: str | None
    score: float
    amount: str
    rupees_minor: int
    method: str
    occurred_us: int
    arrived_us: int
    late: bool
    degraded: bool
    reasons: tuple[tuple[str, str, str], ...]
    released: bool = False
    canary: bool = False

    @property
    def shown_action(self) -> str:
        """The action that tells what was found: in observe mode what would have been done."""
        return self.action if self.released else self.would or self.action

    @property
    def time(self) -> str:
        """The time of day in India."""
        return format_ist(self.occurred_us)[-12:-4]

    @property
    def iso(self) -> str:
        """The moment for machines."""
        return from_us(self.occurred_us).isoformat(timespec="seconds")

    def reason(self, lang: str) -> str:
        """Return the first reason in words, or nothing."""
        if not self.reasons:
            return ""
        return self.reasons[0][2 if lang == "hi" else 1]


def row_of(entry: LogEntry) -> Row | None:
    """Return the row of a decided entry, None if it has no readable decision."""
    decision = decision_of(entry)
    if decision is None:
        return None
    body = body_of(entry)
    return Row(
        seq=entry.seq,
        event_id=entry.event_id,
        action=decision.action,
        would=decision.would,
        score=decision.score,
        amount="" if body is None else amount_of(body.amount_minor, body.currency),
        rupees_minor=body.amount_minor if body is not None and body.currency == "INR" else 0,
        method="" if body is None else body.method,
        occurred_us=entry.occurred_us,
        arrived_us=entry.arrived_us,
        late=bool(entry.flags & FLAG_LATE),
        degraded=bool(decision.degraded),
        reasons=tuple((reason.code, reason.en, reason.hi) for reason in decision.reasons),
        released=decision.released,
        canary=decision.part == CANARY,
    )


def decision_of(entry: LogEntry) -> Decision | None:
    """Return the stored decision if it can be read."""
    if not entry.decision:
        return None
    try:
        return _DECISION.decode(entry.decision)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def body_of(entry: LogEntry) -> _Body | None:
    """Return the fields of the stored event that pages may show, None if the body is gone."""
    if not entry.body:
        return None
    try:
        return _BODY.decode(entry.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def amount_of(amount_minor: int, currency: str) -> str:
    """Write an amount; an unknown currency is shown in its minor units."""
    try:
        return format_minor(amount_minor, currency)
    except KeyError:
        return f"{currency} {amount_minor}"


def particulars_of(body: _Body) -> list[tuple[str, str]]:
    """Return (what, masked value) of a payment, what is known of it alone; `what` is a message id.

    No address line, name, full number or full id is among them.
    """
    customer, payer, card = body.customer or _Who(), body.payer or _Payer(), body.card or _Card()
    payee, device = body.payee or _Payee(), body.device or _Device()
    found: list[tuple[str, str | None]] = [
        ("Customer", _masked(mask_id, customer.id)),
        ("Phone", _masked(mask_phone, customer.phone)),
        ("E-mail", _masked(mask_email, customer.email)),
        ("Card", f"•••• {card.last4}" if card.last4 else None),
        ("Card issued in", card.issuer_country),
        ("Payer account", _masked(mask_phone, payer.account)),
        ("Payer UPI address", _masked(mask_vpa, payer.vpa)),
        ("Merchant", payee.merchant),
        ("Merchant category", payee.mcc),
        ("Payee account", _masked(mask_phone, payee.account)),
        ("Payee UPI address", _masked(mask_vpa, payee.vpa)),
        ("Ships to", _place(body.shipping)),
        ("Billed in", _place(body.billing)),
        ("Device", _masked(mask_id, device.id)),
        ("IP address", _masked(mask_ip, body.ip)),
        ("IP country", body.ip_country),
    ]
    return [(name, value) for name, value in found if value]


def lines_of(body: _Body) -> list[tuple[str, int, str]]:
    """Return (what, how many, price) of each order line."""
    return [
        (
            line.title or line.category or "",
            line.quantity,
            "" if line.price_minor is None else amount_of(line.price_minor, body.currency),
        )
        for line in body.lines
    ]


def steps_of(latency_us: dict[str, int]) -> list[tuple[str, int, int]]:
    """Return (step, microseconds, per cent of the whole) in the order of the way of an event.

    Examples
    --------
    >>> steps_of({"decode": 10, "rules": 30, "total": 40})
    [('decode', 10, 25), ('rules', 30, 75), ('total', 40, 100)]
    """
    whole = max([1, *latency_us.values()])
    return [(step, spent, max(1, round(100 * spent / whole))) for step, spent in latency_us.items()]


def number_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a number behind a reason.

    Examples
    --------
    >>> number_of(123456), number_of(0.123456), number_of(True), number_of(None), number_of("IN")
    ('1,23,456', '0.123', '✓', '–', 'IN')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, int):
        return format_minor(value * 100)[1:-3] if value >= 0 else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return str(value)[:120]


def _masked(mask: Any, value: str | None) -> str | None:  # noqa: ANN401 - a function of text
    return None if value is None else mask(value)


def _place(place: _Place | None) -> str | None:
    if place is None:
        return None
    parts = [place.city, None if place.pin is None else mask_pin(place.pin), place.country]
    return ", ".join(part for part in parts if part) or None
