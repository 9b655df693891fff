"""Facts: the flat, typed names by which policies speak of an event.

A rule says `shipping_city`, never a path into an event, so events can grow without touching a policy. This
table is the one list of them: the checker of the language, the reader of one event (`satark.events.reader`)
and the bulk reader of a file take names and types from here, and the documentation is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args

from satark.events import fields as f

if TYPE_CHECKING:
    from collections.abc import Mapping


class FactType(StrEnum):
    """The type of a fact's value; `time` is an int of microseconds, `location` (lat, lon, accuracy_m)."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    TIME = "time"
    LOCATION = "location"


CUSTOM_TYPES = frozenset({FactType.INT, FactType.FLOAT, FactType.BOOL, FactType.STR})
"""The types that a policy may declare for a custom attribute."""

CUSTOM_PREFIX = "custom."

PAYMENT = "payment"
RESULT = "payment_result"
LABEL = "label"
PAYEE_CHANGE = "payee_change"

_ALL = frozenset({PAYMENT, RESULT, LABEL, PAYEE_CHANGE})
_OF_PAYMENT = frozenset({PAYMENT, RESULT, LABEL})
_AFTERWARDS = frozenset({RESULT, LABEL})


@dataclass(frozen=True, slots=True)
class Fact:
    """One name.

    Attributes
    ----------
    name
        As expressions write it.
    type
        Of its value.
    events
        The event types that have it. A result and a label have the facts of their payment.
    about
        One line for the documentation and for `satark policy explain`.
    choices
        The only values it can have, where they are a closed set; a literal outside of it is an error in a
        policy.
    nullable
        False when every event of these types has a value, so that code for it needs no check for a missing
        one. A result or label whose payment is unknown has no facts of a payment: those are nullable there.
    """

    name: str
    type: FactType
    events: frozenset[str]
    about: str
    choices: tuple[str, ...] | None = None
    nullable: bool = True

    def nullable_in(self, event_type: str) -> bool:
        """Say whether the fact can be missing in an event of one type."""
        if self.nullable:
            return True
        return event_type in _AFTERWARDS and self.name not in _OWN_OF_AFTERWARDS


_OWN_OF_AFTERWARDS = frozenset({"id", "occurred_at", "payment", "outcome", "label", "reporter"})


def _choices(literal: Any) -> tuple[str, ...]:  # noqa: ANN401 - a typing form
    return get_args(literal)


_FACTS = (
    Fact("id", FactType.STR, _ALL, "the event's own id", nullable=False),
    Fact(
        "occurred_at",
        FactType.TIME,
        _ALL,
        "when it happened; of a label, when it was reported",
        nullable=False,
    ),
    Fact(
        "amount",
        FactType.INT,
        _OF_PAYMENT,
        "the payment's amount in minor units of the policy's base currency",
    ),
    Fact(
        "amount_minor", FactType.INT, _OF_PAYMENT, "the payment's amount in its own currency", nullable=False
    ),
    Fact("currency", FactType.STR, _OF_PAYMENT, "the payment's currency, ISO 4217", nullable=False),
    Fact("method", FactType.STR, _OF_PAYMENT, "how it is paid", _choices(f.Method), nullable=False),
    Fact("channel", FactType.STR, _ALL, "through which channel", _choices(f.Channel), nullable=False),
    Fact("customer", FactType.STR, _ALL, "the customer's id"),
    Fact("customer_added_at", FactType.TIME, _ALL, "when the customer's account was made"),
    Fact("phone", FactType.STR, _ALL, "the customer's phone, E.164"),
    Fact("email", FactType.STR, _ALL, "the customer's e-mail address, lower case"),
    Fact("account", FactType.STR, _OF_PAYMENT, "the payer's account"),
    Fact("vpa", FactType.STR, _OF_PAYMENT, "the payer's UPI address, lower case"),
    Fact("card", FactType.STR, _OF_PAYMENT, "the card's token"),
    Fact("bin", FactType.STR, _OF_PAYMENT, "the card's first 8 digits, or 6 where no more are known"),
    Fact("bin6", FactType.STR, _OF_PAYMENT, "the card's first 6 digits"),
    Fact("last4", FactType.STR, _OF_PAYMENT, "the card's last 4 digits"),
    Fact("issuer_country", FactType.STR, _OF_PAYMENT, "the country of the card's issuer, alpha-2"),
    Fact("three_ds", FactType.STR, _OF_PAYMENT, "what 3-D Secure said", _choices(f.ThreeDs)),
    Fact("merchant", FactType.STR, _ALL, "the payee's merchant id"),
    Fact("payee_account", FactType.STR, _ALL, "the payee's account"),
    Fact("payee_vpa", FactType.STR, _ALL, "the payee's UPI address, lower case"),
    Fact("mcc", FactType.STR, _ALL, "the payee's merchant category code"),
    Fact("payee_added_at", FactType.TIME, _ALL, "when the customer added this payee"),
    Fact("upi_flow", FactType.STR, _OF_PAYMENT, "how the UPI payment was started", _choices(f.UpiFlow)),
    Fact("shipping_line", FactType.STR, _OF_PAYMENT, "the shipping address' line, as written"),
    Fact("shipping_city", FactType.STR, _OF_PAYMENT, "the shipping address' city, as written"),
    Fact("shipping_pin", FactType.STR, _OF_PAYMENT, "the shipping address' postal code"),
    Fact("shipping_country", FactType.STR, _OF_PAYMENT, "the shipping address' country, alpha-2"),
    Fact("shipping_address", FactType.STR, _OF_PAYMENT, "a key of line and postal code; none without a line"),
    Fact("billing_line", FactType.STR, _OF_PAYMENT, "the billing address' line, as written"),
    Fact("billing_city", FactType.STR, _OF_PAYMENT, "the billing address' city, as written"),
    Fact("billing_pin", FactType.STR, _OF_PAYMENT, "the billing address' postal code"),
    Fact("billing_country", FactType.STR, _OF_PAYMENT, "the billing address' country, alpha-2"),
    Fact("billing_address", FactType.STR, _OF_PAYMENT, "a key of line and postal code; none without a line"),
    Fact("line_count", FactType.INT, _OF_PAYMENT, "how many order lines", nullable=False),
    Fact("quantity", FactType.INT, _OF_PAYMENT, "how many pieces over all order lines", nullable=False),
    Fact("device", FactType.STR, _ALL, "the device's id"),
    Fact("fingerprint", FactType.STR, _ALL, "the device's fingerprint"),
    Fact("user_agent", FactType.STR, _ALL, "the device's user agent"),
    Fact("ip", FactType.STR, _ALL, "the IP address, in canonical text"),
    Fact("ip_country", FactType.STR, _ALL, "the country of the IP address as the caller knows it, alpha-2"),
    Fact("location", FactType.LOCATION, _ALL, "where it happened, with its radius"),
    Fact("payment", FactType.STR, _AFTERWARDS, "the id of the payment that this is about", nullable=False),
    Fact(
        "outcome", FactType.STR, frozenset({RESULT}), "what became of it", _choices(f.Outcome), nullable=False
    ),
    Fact("result_code", FactType.STR, frozenset({RESULT}), "the code that came with the result"),
    Fact(
        "result_amount_minor",
        FactType.INT,
        frozenset({RESULT}),
        "the result's amount, in the payment's currency",
    ),
    Fact("label", FactType.STR, frozenset({LABEL}), "the verdict", _choices(f.Verdict), nullable=False),
    Fact("label_kind", FactType.STR, frozenset({LABEL}), "the kind of fraud that was reported"),
    Fact("reporter", FactType.STR, frozenset({LABEL}), "who reported it", nullable=False),
    Fact(
        "change", FactType.STR, frozenset({PAYEE_CHANGE}), "what was done", _choices(f.Change), nullable=False
    ),
)

BASE_FACTS: Mapping[str, Fact] = {fact.name: fact for fact in _FACTS}
"""Every fact that does not depend on a policy, by name."""


def custom_facts(attributes: Mapping[str, FactType]) -> dict[str, Fact]:
    """Make the facts of a policy's declared custom attributes, by name (`custom.<attribute>`).

    Examples
    --------
    >>> custom_facts({"tier": FactType.STR})["custom.tier"].type
    <FactType.STR: 'str'>
    """
    return {
        CUSTOM_PREFIX + name: Fact(CUSTOM_PREFIX + name, kind, _OF_PAYMENT, "declared by the policy")
        for name, kind in attributes.items()
    }


def facts_of(event_type: str, attributes: Mapping[str, FactType] | None = None) -> dict[str, Fact]:
    """Return the facts that an event of one type has, with a policy's custom attributes.

    Examples
    --------
    >>> sorted(set(facts_of("label")) - set(facts_of("payment")))
    ['label', 'label_kind', 'payment', 'reporter']
    """
    every = {**BASE_FACTS, **custom_facts(attributes or {})}
    return {name: fact for name, fact in every.items() if event_type in fact.events}
