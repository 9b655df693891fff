"""The columns of many events: one per fact that is stored, with what each may hold.

A frame of events has flat columns named as policies name facts. Facts that follow from others (the amount in the base
currency, address keys, counts of order lines) are no columns; `satark.events.frame_facts` computes them. What a column
may hold is read from the annotations of the events themselves, so a file and a request meet the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import polars as pl

from satark.events import kinds, parts
from satark.events.facts import (
    BASE_FACTS,
    CUSTOM_PREFIX,
    LABEL,
    PAYEE_CHANGE,
    PAYMENT,
    RESULT,
    FactType,
)
from satark.events.rules import TEXT, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    CHOICE = "choice"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    TIME = "time"
    LINES = "lines"


DTYPES: Mapping[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.CHOICE: pl.String(),
    Kind.INT: pl.Int64(),
    Kind.FLOAT: pl.Float64(),
    Kind.BOOL: pl.Boolean(),
    Kind.TIME: pl.Int64(),
    Kind.LINES: pl.String(),
}
"""The types of a checked frame: times are microseconds, order lines the canonical JSON of the tuple of lines."""

ROW = "__row"
TYPE = "type"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        The fact's name, or `lat`, `lon`, `accuracy_m`, `lines`.
    field
        Where the event has it, for instance ``card.token``.
    types
        The event types whose own rows may have it.
    rule
        What its text must look like.
    low, high
        Bounds of a number, or of a text's length.
    choices
        The only values it can have.
    """

    name: str
    kind: Kind
    field: str
    types: frozenset[str]
    rule: Rule | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


_OWN = frozenset({PAYMENT})
_ACTS = frozenset({PAYMENT, PAYEE_CHANGE})
_PATHS: dict[str, str] = {
    "customer": "customer.id",
    "customer_added_at": "customer.added_at",
    "phone": "customer.phone",
    "email": "customer.email",
    "account": "payer.account",
    "vpa": "payer.vpa",
    "card": "card.token",
    "bin": "card.bin",
    "last4": "card.last4",
    "issuer_country": "card.issuer_country",
    "three_ds": "card.three_ds",
    "merchant": "payee.merchant",
    "payee_account": "payee.account",
    "payee_vpa": "payee.vpa",
    "mcc": "payee.mcc",
    "payee_added_at": "payee.added_at",
    "device": "device.id",
    "fingerprint": "device.fingerprint",
    "user_agent": "device.user_agent",
    "lat": "location.lat",
    "lon": "location.lon",
    "accuracy_m": "location.accuracy_m",
    **{
        f"{kind}_{name}": f"{kind}.{name}"
        for kind in ("shipping", "billing")
        for name in ("line", "city", "pin", "country")
    },
}
_PLAIN = (
    "id",
    "occurred_at",
    "amount_minor",
    "currency",
    "method",
    "channel",
    "upi_flow",
    "ip",
    "ip_country",
)
_AFTERWARDS: dict[str, tuple[str, type[msgspec.Struct], str]] = {
    "outcome": (RESULT, kinds.PaymentResult, "outcome"),
    "result_code": (RESULT, kinds.PaymentResult, "code"),
    "result_amount_minor": (RESULT, kinds.PaymentResult, "amount_minor"),
    "label": (LABEL, kinds.Label, "label"),
    "label_kind": (LABEL, kinds.Label, "kind"),
    "reporter": (LABEL, kinds.Label, "reporter"),
    "change": (PAYEE_CHANGE, kinds.PayeeChange, "change"),
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    PAYMENT: ("id", "occurred_at", "amount_minor", "method"),
    RESULT: ("id", "occurred_at", "payment", "outcome"),
    LABEL: ("id", "occurred_at", "payment", "label", "reporter"),
    PAYEE_CHANGE: ("id", "occurred_at", "customer", "change"),
}
"""What a row of each type cannot be without."""

DEFAULTS: Mapping[str, str] = {"currency": "INR", "channel": "unknown"}
"""What a payment has when it says nothing; a payee change has a channel alone."""

_CUSTOM_KINDS = {
    FactType.INT: Kind.INT,
    FactType.FLOAT: Kind.FLOAT,
    FactType.BOOL: Kind.BOOL,
    FactType.STR: Kind.TEXT,
}
_MAX_CUSTOM_TEXT = 256


def stored_columns(attributes: Mapping[str, FactType] | None = None) -> dict[str, Column]:
    """Return every column that a frame of events can have, with a policy's custom attributes.

    Examples
    --------
    >>> columns = stored_columns({"tier": FactType.STR})
    >>> columns["card"].field, columns["card"].rule.name, columns["custom.tier"].kind.value
    ('card.token', 'id', 'text')
    """
    columns = dict(_base_columns())
    for name, kind in (attributes or {}).items():
        fact = CUSTOM_PREFIX + name
        high = _MAX_CUSTOM_TEXT if kind is FactType.STR else None
        rule = TEXT if kind is FactType.STR else None
        columns[fact] = Column(fact, _CUSTOM_KINDS[kind], fact, _OWN, rule, None, high)
    return columns


@cache
def _base_columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for name in (*_PLAIN, *_PATHS):
        path = _PATHS.get(name, name)
        head, _, tail = path.partition(".")
        struct = _PARTS[head] if tail else kinds.Payment
        fact = BASE_FACTS.get(name)
        types = _ACTS if fact is None else fact.events & _ACTS
        columns[name] = _column(name, path, struct, tail or head, types)
    every = frozenset(REQUIRED)
    columns["id"] = _column("id", "id", kinds.Payment, "id", every)
    columns["occurred_at"] = _column("occurred_at", "occurred_at", kinds.Payment, "occurred_at", every)
    columns["lines"] = Column("lines", Kind.LINES, "lines", _OWN)
    afterwards = frozenset({RESULT, LABEL})
    columns["payment"] = _column("payment", "payment", kinds.PaymentResult, "payment", afterwards)
    for name, (event_type, struct, field) in _AFTERWARDS.items():
        columns[name] = _column(name, field, struct, field, frozenset({event_type}))
    return columns


_PARTS: dict[str, type[msgspec.Struct]] = {
    "customer": parts.Customer,
    "payer": parts.Payer,
    "card": parts.Card,
    "payee": parts.Payee,
    "shipping": parts.Address,
    "billing": parts.Address,
    "device": parts.Device,
    "location": parts.Location,
}


def _column(name: str, path: str, struct: type[msgspec.Struct], field: str, types: frozenset[str]) -> Column:
    rule: Rule | None = None
    low = high = None
    choices: tuple[str, ...] = ()
    kind = Kind.TEXT
    pending: list[Any] = [get_type_hints(struct, include_extras=True)[field]]
    while pending:
        candidate = pending.pop()
        if get_origin(candidate) is Annotated:
            inner, *extras = get_args(candidate)
            pending.append(inner)
            for extra in extras:
                if isinstance(extra, Rule):
                    rule = extra
                elif isinstance(extra, msgspec.Meta):
                    low = extra.ge if extra.ge is not None else extra.min_length
                    high = extra.le if extra.le is not None else extra.max_length
        elif get_origin(candidate) is Literal:
            choices, kind = get_args(candidate), Kind.CHOICE
        elif candidate is int:
            kind = Kind.INT
        elif candidate is float:
            kind = Kind.FLOAT
        elif getattr(candidate, "__name__", "") == "datetime":
            kind = Kind.TIME
        else:
            pending.extend(get_args(candidate))
    return Column(name, kind, path, types, rule, low, high, choices)
