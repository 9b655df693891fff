"""Which field of which struct has which rule, read from the annotations once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from satark.events import kinds, parts
from satark.events.rules import Rule

if TYPE_CHECKING:
    import msgspec

STRUCTS: tuple[type[msgspec.Struct], ...] = (
    kinds.Payment,
    kinds.PaymentResult,
    kinds.Label,
    kinds.PayeeChange,
    parts.Customer,
    parts.Payer,
    parts.Card,
    parts.Payee,
    parts.Line,
    parts.Address,
    parts.Device,
    parts.Location,
)
"""Every struct that an event can hold."""

PARTS: dict[str, type[msgspec.Struct]] = {
    "customer": parts.Customer,
    "payer": parts.Payer,
    "card": parts.Card,
    "payee": parts.Payee,
    "lines": parts.Line,
    "shipping": parts.Address,
    "billing": parts.Address,
    "device": parts.Device,
    "location": parts.Location,
}
"""The field that holds a part (or several) to the part's struct."""


def _rule_of(annotation: object) -> Rule | None:
    pending: list[Any] = [annotation]
    while pending:
        candidate = pending.pop()
        if get_origin(candidate) is Annotated:
            for extra in get_args(candidate)[1:]:
                if isinstance(extra, Rule):
                    return extra
        pending.extend(get_args(candidate))
    return None


def _rules_of(struct: type[msgspec.Struct]) -> dict[str, Rule]:
    hints = get_type_hints(struct, include_extras=True)
    found = {name: _rule_of(hints[name]) for name in struct.__struct_fields__}
    return {name: rule for name, rule in found.items() if rule is not None}


FIELD_RULES: dict[type[msgspec.Struct], dict[str, Rule]] = {struct: _rules_of(struct) for struct in STRUCTS}
"""For each struct, the rule of each of its text fields; read from the annotations, so it cannot drift."""
