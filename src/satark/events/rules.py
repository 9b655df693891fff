"""What each kind of text field must look like, and its one normal form.

An entity must be one key however its caller writes it: `+91 98765-43210` and `9876543210` are one phone,
`Asha@OkBank` and `asha@okbank` one UPI address, `2001:DB8::0:1` and `2001:db8::1` one address. The normal
form is taken once, at the door, so that windows, lists, the log and a bulk replay all see the same text. Text
for reading (titles, address lines) is left as it came; its key is made by `address_key` when a window asks
for it.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.currencies import CURRENCY_EXPONENTS
from satark.core.ids import ID_PATTERN
from satark.events.aadhaar import mask_aadhaar

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PHONE_DIGITS = 15
_MIN_PHONE_DIGITS = 7
_INDIAN_MOBILE = re.compile(r"(?:0|91)?([6-9][0-9]{9})\Z")
_ID = re.compile(ID_PATTERN)
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f\"(),:;<>\[\]\\]+@[^@\s\x00-\x1f\x7f\"(),:;<>\[\]\\]+\Z")
_VPA = re.compile(r"[A-Za-z0-9._\-]+@[A-Za-z0-9.\-]+\Z")
_PIN = re.compile(r"[A-Z0-9]{3,10}\Z")
_PHONE = re.compile(r"\+?[0-9 ().\-]+\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_DIGITS_4 = re.compile(r"[0-9]{4}\Z")
_BIN = re.compile(r"[0-9]{6}(?:[0-9]{2})?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of text field.

    Attributes
    ----------
    name
        What the field holds, for tables of rules.
    expected
        The rule in words, as it stands in an error.
    normal
        Gives the normal form of a value, or None when the value breaks the rule.
    cards
        What to do about text that looks like a full card number: "refuse" it, "seal" it (account numbers,
        which are long digits by nature; see `satark.events.cards`), "goods" (barcodes are let through),
        "phone", or "skip".
    """

    name: str
    expected: str
    normal: Callable[[str], str | None]
    cards: str = "refuse"


def normal_phone(text: str) -> str | None:
    """Write a phone number as E.164; ten digits of an Indian mobile need no country code.

    Examples
    --------
    >>> normal_phone("98765 43210"), normal_phone("+91-98765-43210"), normal_phone("09876543210")
    ('+919876543210', '+919876543210', '+919876543210')
    >>> normal_phone("+49 151 23456789"), normal_phone("12"), normal_phone("call me")
    ('+4915123456789', None, None)
    """
    if not text.isascii() or not _PHONE.match(text):
        return None
    digits = "".join(filter(str.isdigit, text))
    if not text.startswith("+"):
        if digits.startswith("00"):
            digits = digits[2:]
        else:
            indian = _INDIAN_MOBILE.match(digits)
            digits = f"91{indian[1]}" if indian else digits
    if not _MIN_PHONE_DIGITS <= len(digits) <= MAX_PHONE_DIGITS:
        return None
    return f"+{digits}"


def normal_email(text: str) -> str | None:
    """Fold an e-mail address: NFC and lower case. Dots and +tags stay: they are other boxes.

    Examples
    --------
    >>> normal_email("Asha.K+shop@Example.IN"), normal_email("no at sign")
    ('asha.k+shop@example.in', None)
    """
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()
    return folded if _EMAIL.match(folded) else None


def normal_vpa(text: str) -> str | None:
    """Fold a UPI address: NPCI treats it without regard to case.

    Examples
    --------
    >>> normal_vpa("Asha.K@OkHDFCBank"), normal_vpa("asha k@okbank")
    ('asha.k@okhdfcbank', None)
    """
    return text.lower() if _VPA.match(text) else None


def normal_ip(text: str) -> str | None:
    """Write an IP address in its canonical text (RFC 5952); an IPv4 address mapped into IPv6 becomes IPv4.

    Examples
    --------
    >>> normal_ip("2001:DB8:0:0::1"), normal_ip("::ffff:203.0.113.7"), normal_ip("203.0.113.07")
    ('2001:db8::1', '203.0.113.7', None)
    """
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def normal_pin(text: str) -> str | None:
    """Write a postal code in capitals without spaces and hyphens.

    Examples
    --------
    >>> normal_pin("560 001"), normal_pin("sw1a 1aa"), normal_pin("!")
    ('560001', 'SW1A1AA', None)
    """
    folded = text.replace(" ", "").replace("-", "").upper()
    return folded if _PIN.match(folded) else None


def address_key(line: str | None, pin: str | None) -> str | None:
    """Make the key under which windows know an address: its words, without case and punctuation.

    Returns None when there is no line: a PIN alone is a whole quarter of a town.

    Examples
    --------
    >>> address_key("Flat 4-B,  M.G. Road", "560001")
    'flat 4 b m g road|560001'
    >>> address_key(None, "560001") is None, address_key(" , ", "560001") is None
    (True, True)
    """
    if line is None:
        return None
    folded = line.lower() if line.isascii() else unicodedata.normalize("NFKC", line).casefold()
    # Marks (Mn, Mc) of Indian scripts are no word characters for `re`; splitting at them would cut words
    # apart, which is harmless for a key: it is the same cut each time.
    words = _NOT_WORD.sub(" ", folded).strip()
    return f"{words}|{pin or ''}" if words else None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda text: text if pattern.match(text) else None


def _plain(text: str) -> str | None:
    return None if _CONTROL.search(text) else text


def _prose(text: str) -> str | None:
    """Write what people read (an address, a title) without Aadhaar numbers; codes and ids are no prose."""
    return None if _CONTROL.search(text) else mask_aadhaar(text)


ID = Rule("id", "1 to 64 of A-Z a-z 0-9 . _ : @ + - | /", _matching(_ID))
ACCOUNT = Rule("account", ID.expected, ID.normal, cards="seal")
VPA = Rule("vpa", "a UPI address such as name@handle", normal_vpa, cards="seal")
CURRENCY = Rule(
    "currency",
    "an active ISO 4217 currency such as INR",
    lambda text: text if text in CURRENCY_EXPONENTS else None,
    cards="skip",
)
COUNTRY = Rule("country", "an ISO 3166-1 alpha-2 country such as IN", _matching(_COUNTRY), cards="skip")
MCC = Rule("mcc", "a merchant category code of 4 digits", _matching(_DIGITS_4), cards="skip")
BIN = Rule("bin", "the first 6 or 8 digits of a card", _matching(_BIN), cards="skip")
LAST4 = Rule("last4", "the last 4 digits of a card", _matching(_DIGITS_4), cards="skip")
PHONE = Rule("phone", "a phone number: E.164, or ten digits of an Indian mobile", normal_phone, cards="phone")
EMAIL = Rule("email", "an e-mail address", normal_email)
PIN = Rule("pin", "a postal code of 3 to 10 letters and digits", normal_pin, cards="skip")
IP = Rule("ip", "an IPv4 or IPv6 address", normal_ip, cards="skip")
TEXT = Rule("text", "text without control characters", _plain)
GOODS = Rule("goods", TEXT.expected, TEXT.normal, cards="goods")
LINE = Rule("line", TEXT.expected, _prose)
TITLE = Rule("title", TEXT.expected, _prose, cards="goods")
CARD_NUMBER = Rule("card_number", "a card number of 12 to 19 digits", lambda text: text, cards="skip")
