"""What a customer is shown of a payment, made harmless.

Who is paid chooses his own name: a UPI address such as `www.evil.example@bank` would become a link in the message that
is to protect the victim. So names lose everything from which a phone makes links or numbers to call, and what could be
a card or account number keeps its last four digits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from satark.cases.notices.model import Shown
from satark.core.clock import IST, format_ist, from_us
from satark.core.money import format_minor

if TYPE_CHECKING:
    from satark.core.clock import Lang
    from satark.events import Payment

MAX_PAYEE = 30
"""Characters; a variable of a registered SMS template holds 40 at most."""
NO_PAYEE = ("the payee", "प्राप्तकर्ता")
_LAST = 4

_METHOD_WORDS = {
    "card": ("card", "कार्ड"),
    "upi": ("UPI", "UPI"),
    "netbanking": ("net banking", "नेट बैंकिंग"),
    "wallet": ("wallet", "वॉलेट"),
    "cash_on_delivery": ("cash-on-delivery order", "कैश ऑन डिलीवरी ऑर्डर"),
}
_LONG_NUMBER = re.compile(r"\d(?:[ _-]?\d){7,}")
_NOT_HARMLESS = re.compile(r"[^\w @-]+")
_NOT_REFERENCE = re.compile(r"[^A-Za-z0-9_-]+")


def shown_of(event: Payment, occurred_us: int) -> Shown:
    """Return what may be shown of a payment."""
    instrument_en, instrument_hi = _instrument(event)
    payee = event.payee
    name = account = None
    if payee is not None:
        name, account = payee.vpa or payee.merchant, payee.account
    short = harmless(name or "") or (tail(account) if account else "")
    return Shown(
        event_id=event.id,
        occurred_us=occurred_us,
        amount=_amount(event.amount_minor, event.currency),
        amount_minor=event.amount_minor,
        method=event.method,
        instrument_en=instrument_en,
        instrument_hi=instrument_hi,
        payee_en=short or NO_PAYEE[0],
        payee_hi=short or NO_PAYEE[1],
        payee_full=name or (tail(account) if account else ""),
        instrument_full=(event.payer.vpa or "") if event.method == "upi" and event.payer is not None else "",
    )


def own_values(event: Payment) -> dict[str, str]:
    """Return the customer's own instruments of a payment, by the name of their fact."""
    found = {
        "card": None if event.card is None else event.card.token,
        "account": None if event.payer is None else event.payer.account,
        "vpa": None if event.payer is None else event.payer.vpa,
        "customer": None if event.customer is None else event.customer.id,
        "device": None if event.device is None else event.device.id,
    }
    return {name: value for name, value in found.items() if value}


def harmless(text: str) -> str:
    r"""Return a name in which no phone sees a link, and no reader a full number.

    Examples
    --------
    >>> harmless("www.evil.example@okbank"), harmless("http://x.in/4111111111111111")
    ('www evil example@okbank', 'http x in XX1111')
    >>> harmless("tanvi-jewels"), harmless("\u202egnp.exe")
    ('tanvi-jewels', 'gnp exe')
    """
    plain = _NOT_HARMLESS.sub(" ", hide_numbers(text))
    name = " ".join("".join(sign for sign in plain if sign.isprintable()).split())
    return name if len(name) <= MAX_PAYEE else name[: MAX_PAYEE - 1].rstrip() + "…"


def reference_of(event_id: str) -> str:
    """Return the id that a customer quotes, without signs from which a phone makes links.

    Its digits stay: at the door no id is let in that could be a card number.

    Examples
    --------
    >>> reference_of("upi-629418830177"), reference_of("shop.example/77")
    ('upi-629418830177', 'shop-example-77')
    """
    return _NOT_REFERENCE.sub("-", event_id)


def hide_numbers(text: str) -> str:
    """Return a text in which every number of eight digits or more keeps its last four.

    Examples
    --------
    >>> hide_numbers("9876543210@okbank"), hide_numbers("shop77")
    ('XX3210@okbank', 'shop77')
    """
    return _LONG_NUMBER.sub(lambda match: tail(match.group()), text)


def tail(number: str) -> str:
    """Write a number by its last four characters, as banks do.

    Examples
    --------
    >>> tail("50100123456789"), tail("12")
    ('XX6789', 'XX')
    """
    return "XX" + (number[-_LAST:] if len(number) > _LAST else "")


def short_moment(at_us: int, lang: Lang) -> str:
    """Write day, month and time, as an SMS has room for.

    Examples
    --------
    >>> short_moment(1_000_000_000_000_000, "en"), short_moment(1_000_000_000_000_000, "hi")
    ('09 Sep 07:16', '09 सितंबर 07:16')
    """
    day, month = format_ist(at_us, lang).split(" ")[:2]
    return f"{day} {month} {from_us(at_us).astimezone(IST):%H:%M}"


def brief_moment(at_us: int) -> str:
    """Write day, month and time in figures, as the text of an SMS.

    Examples
    --------
    >>> brief_moment(1_000_000_000_000_000)
    '09/09 07:16'
    """
    return f"{from_us(at_us).astimezone(IST):%d/%m %H:%M}"


def _amount(amount_minor: int, currency: str) -> str:
    try:
        return format_minor(amount_minor, currency)
    except KeyError:
        return f"{currency} {amount_minor}"


def _instrument(event: Payment) -> tuple[str, str]:
    """Return the words for what was paid with, in English and in the Hindi form that stands before a postposition."""
    last4 = None if event.card is None else event.card.last4
    if event.method == "card" and last4:
        return f"card XX{last4}", f"कार्ड XX{last4}"
    vpa = None if event.payer is None else event.payer.vpa
    if event.method == "upi" and vpa:
        return f"UPI ID {harmless(vpa)}", f"UPI ID {harmless(vpa)}"
    account = None if event.payer is None else event.payer.account
    if account:
        return f"account {tail(account)}", f"खाते {tail(account)}"
    return _METHOD_WORDS.get(event.method, ("account", "खाते"))
