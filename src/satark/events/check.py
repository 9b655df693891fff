"""What an event must satisfy beyond types and lengths; the second half of the door.

Most events are plain: their ids, codes and addresses are already in normal form. `is_plain` finds that out in
a few microseconds, erring on the side of no. Any other event takes the whole walk, which brings text into its
normal form (`satark.events.rules`) and refuses what breaks a rule, by the name of the field.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from satark.core.currencies import CURRENCY_EXPONENTS
from satark.events import kinds, parts
from satark.events.cards import find_card_number, is_card_number, luhn_valid
from satark.events.fields import CUSTOM_NAME_PATTERN
from satark.events.kinds import EventBase, Payment
from satark.events.refusals import CUSTOM_NAMES, json_type, refuse
from satark.events.ruled import FIELD_RULES, PARTS
from satark.events.rules import TEXT

if TYPE_CHECKING:
    from datetime import datetime

    from satark.core.errors import InvalidEvent
    from satark.events.kinds import Event
    from satark.events.rules import Rule

FIRST_YEAR = 1970
LAST_YEAR = 2099

_ID_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@+-|/"
_PLAIN_PHONE = re.compile(r"\+[0-9]{7,15}\Z")
_PLAIN_EMAIL = re.compile(r"[a-z0-9._+\-]+@[a-z0-9.\-]+\Z")
_PLAIN_VPA = re.compile(r"[a-z0-9._\-]+@[a-z0-9.\-]+\Z")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PLAIN_IPV4 = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}\Z")
_CUSTOM_NAME = re.compile(CUSTOM_NAME_PATTERN.replace("$", r"\Z"))
_LARGE_FLOAT = 1e12
_NO_ADDRESS = parts.Address()
_NO_CUSTOMER = parts.Customer(id="")
_NO_DEVICE = parts.Device()
_NO_PAYEE = parts.Payee()
_NO_PAYER = parts.Payer()
_NO_CARD = parts.Card()

AnyEvent = TypeVar("AnyEvent", bound=EventBase)


def check_event(event: AnyEvent, *, suspicious: bool) -> AnyEvent:
    """Return the event in its normal form.

    Parameters
    ----------
    event
        A decoded event: types and lengths are right.
    suspicious
        True when the body may hold a card number or control characters, as `decode_event` saw in its bytes;
        the whole walk is then taken.

    Raises
    ------
    InvalidEvent
        A field breaks its rule, or holds a full card number where none may be.
    """
    if not suspicious and isinstance(event, Payment) and is_plain(event):
        _check_card(event)
        return event
    checked: AnyEvent = _walk(event, "")
    if isinstance(checked, Payment):
        _check_card(checked)
        _check_custom_values(checked)
    return checked


def is_plain(event: Payment) -> bool:
    """Say whether a payment is certainly valid and in normal form already; "no" only means "look closer"."""
    customer = event.customer or _NO_CUSTOMER
    payer = event.payer or _NO_PAYER
    card = event.card or _NO_CARD
    payee = event.payee or _NO_PAYEE
    device = event.device or _NO_DEVICE
    shipping = event.shipping or _NO_ADDRESS
    billing = event.billing or _NO_ADDRESS
    if card.next_token is not None or event.currency not in CURRENCY_EXPONENTS:
        return False
    ids = (
        f"{event.id}{customer.id}{payer.account or ''}{card.token or ''}"
        f"{payee.merchant or ''}{payee.account or ''}{device.id or ''}{device.fingerprint or ''}"
    )
    if ids.encode().translate(None, _ID_BYTES):
        return False
    countries = (
        f"{event.ip_country or ''}{card.issuer_country or ''}{shipping.country or ''}{billing.country or ''}X"
    )
    digits = f"0{card.bin or ''}{card.last4 or ''}{payee.mcc or ''}"
    pins = f"0{shipping.pin or ''}{billing.pin or ''}"
    if not (
        countries.isascii()
        and countries.isalpha()
        and countries.isupper()
        and digits.isascii()
        and digits.isdigit()
        and pins.isascii()
        and pins.isdigit()
        and (card.bin is None or len(card.bin) != 7)  # noqa: PLR2004 - a BIN has 6 or 8 digits
        and FIRST_YEAR <= event.occurred_at.year <= LAST_YEAR
        and (customer.added_at is None or FIRST_YEAR <= customer.added_at.year <= LAST_YEAR)
        and (payee.added_at is None or FIRST_YEAR <= payee.added_at.year <= LAST_YEAR)
    ):
        return False
    for name, value in event.custom.items():
        # A float can spell a card number as 4.1e15, which no look at the bytes finds.
        if not _CUSTOM_NAME.match(name) or (type(value) is float and value >= _LARGE_FLOAT):
            return False
    return (
        (event.ip is None or _PLAIN_IPV4.match(event.ip) is not None)
        and (customer.phone is None or _PLAIN_PHONE.match(customer.phone) is not None)
        and (customer.email is None or _PLAIN_EMAIL.match(customer.email) is not None)
        and (payer.vpa is None or _PLAIN_VPA.match(payer.vpa) is not None)
        and (payee.vpa is None or _PLAIN_VPA.match(payee.vpa) is not None)
    )


_TEXT, _TIME, _PART, _LINES = range(4)


def _plan_of(struct: type[msgspec.Struct]) -> tuple[tuple[str, int, Rule | None], ...]:
    """List the fields of a struct that need a look: its name, what it is, and the rule of a text."""
    plan: list[tuple[str, int, Rule | None]] = []
    for name in struct.__struct_fields__:
        rule = FIELD_RULES[struct].get(name)
        if rule is not None:
            plan.append((name, _TEXT, rule))
        elif name.endswith("_at"):
            plan.append((name, _TIME, None))
        elif name == "lines":
            plan.append((name, _LINES, None))
        elif name in PARTS:
            plan.append((name, _PART, None))
    return tuple(plan)


_PLANS = {struct: _plan_of(struct) for struct in FIELD_RULES}


def _walk(struct: Any, path: str) -> Any:  # noqa: ANN401 - any struct of an event
    """Check one struct and all below it; return it in normal form (the same object when nothing changed)."""
    changed: dict[str, Any] = {}
    for name, kind, rule in _PLANS[type(struct)]:
        value = getattr(struct, name)
        if value is None:
            continue
        if rule is not None:
            normal = _checked_text(value, rule, path + name)
            if normal != value:
                changed[name] = normal
        elif kind == _TIME:
            _check_time(value, path + name)
        elif kind == _PART:
            inner = _walk(value, f"{path}{name}.")
            if inner is not value:
                changed[name] = inner
        else:
            lines = tuple([_walk(line, f"{path}{name}[{number}].") for number, line in enumerate(value)])
            if any(new is not old for new, old in zip(lines, value, strict=True)):
                changed[name] = lines
    return msgspec.structs.replace(struct, **changed) if changed else struct


def _checked_text(value: str, rule: Rule, place: str) -> str:
    if rule.cards not in {"skip", "seal"} and find_card_number(value, rule.cards):
        raise _stray_card(place, "str")
    normal = rule.normal(value)
    if normal is None:
        raise refuse(place, rule.expected, f"str of length {len(value)}")
    return normal


def _stray_card(place: str, kind: str) -> InvalidEvent:
    expected = "free of full card numbers"
    found = f"{kind} that looks like a full card number"
    said = "looks like a full card number; those are taken in card.number alone"
    return refuse(place, expected, found, said=said)


def _check_time(value: datetime, place: str) -> None:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise refuse(place, f"a time from {FIRST_YEAR} to {LAST_YEAR}", f"the year {value.year}")


def _check_card(event: Payment) -> None:
    card = event.card
    if card is None:
        return
    if card.next_token is not None and card.token is None:
        raise refuse("card.next_token", "absent (Satark writes it)", "str")
    if card.number is None:
        return
    digits = card.number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):  # noqa: PLR2004 - ISO/IEC 7812-1
        raise refuse("card.number", "a card number of 12 to 19 digits", f"str of length {len(card.number)}")
    if not luhn_valid(digits):
        raise refuse("card.number", "a card number with a right check digit", "a wrong check digit")
    if card.token is not None:
        raise refuse("card", "either token or number", "both")
    if card.bin is not None and not digits.startswith(card.bin):
        raise refuse("card.bin", "the first digits of card.number", "other digits")
    if card.last4 is not None and not digits.endswith(card.last4):
        raise refuse("card.last4", "the last 4 digits of card.number", "other digits")


def _check_custom_values(event: Payment) -> None:
    for name, value in event.custom.items():
        if find_card_number(name):
            raise _stray_card("custom", "a name")
        if not _CUSTOM_NAME.match(name):
            raise refuse("custom", CUSTOM_NAMES, "another name")
        place = f"custom.{name}"
        if isinstance(value, str):
            _checked_text(value, TEXT, place)
        elif isinstance(value, float) and not math.isfinite(value):
            raise refuse(place, "a finite number", "float")
        elif not isinstance(value, bool) and is_card_number(f"{value:.0f}" if value >= 0 else ""):
            raise _stray_card(place, json_type(value))


def occurrence(event: Event) -> datetime:
    """Return when an event counts from: a label from its report, all others from when they occurred."""
    return event.reported_at if isinstance(event, kinds.Label) else event.occurred_at
