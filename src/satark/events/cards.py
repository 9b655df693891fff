"""Recognising a full card number, so that none reaches a log, a table or a page.

A number is taken for a card when it has the length and the first digits of a payment network **and** passes
the Luhn check. Which text is searched, and what then happens, is a property of the field (`Rule.cards`):

========  ==========================================  =====================================================
field     examples                                    what happens, and why
========  ==========================================  =====================================================
refuse    ids, titles, addresses, custom attributes,  the event is refused: a card number has no business
          e-mail, user agent, codes                   here, and the caller must learn of it
seal      account numbers, UPI addresses              the digits are replaced by a keyed token at the door:
                                                      1 in 10 of the 16-digit account numbers that start
                                                      like a card's pass the check by chance, and their
                                                      holders must be able to pay; the token is the
                                                      same each time, so windows are not affected
goods     sku, title                                  as refuse, but valid EAN-13 and GTIN-14 barcodes pass
phone     phone                                       as refuse, but a number written with + is a phone
skip      card.number, BIN, last 4, country, ...      cannot hold one, or is the place for one
========  ==========================================  =====================================================

Digits count as one number when written in one run or in a card's usual groups (4-4-4-4, 4-6-5, 4-6-4). A run
inside a word of mixed letters and digits (hexadecimal ids, UUIDs) is not a card; `card4111111111111111` is.

Chance refusals, measured over 200,000 random ids each: none of UUIDs, hexadecimal ids, IMEIs, times in micro- or
milliseconds and snowflake ids; 3.4 in 100 of 16 random digits, 2 of 19, 1 of 13, less than 1 of other lengths.
Whoever has ids of 16 random digits should send them with letters between the digits.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_CARD_DIGITS = 13
MAX_CARD_DIGITS = 19
_LONG_BIN_FROM_DIGITS = 16

# First digits (low, high), how many digits those are, and the lengths in use. Sources: ISO/IEC 7812 issuer
# ranges as published by the networks; RuPay ranges from NPCI. Lengths that no issuer in India uses are left
# out on purpose.
_NETWORKS: tuple[tuple[str, int, int, int, frozenset[int]], ...] = (
    ("visa", 4, 4, 1, frozenset({13, 16, 19})),
    ("mastercard", 51, 55, 2, frozenset({16})),
    ("mastercard", 2221, 2720, 4, frozenset({16})),
    ("amex", 34, 34, 2, frozenset({15})),
    ("amex", 37, 37, 2, frozenset({15})),
    ("rupay", 508500, 508999, 6, frozenset({16})),
    ("rupay", 606985, 608500, 6, frozenset({16})),
    ("rupay", 652150, 653149, 6, frozenset({16})),
    ("rupay", 817200, 820199, 6, frozenset({16})),
    ("rupay", 353800, 353999, 6, frozenset({16})),
    ("rupay", 356000, 356999, 6, frozenset({16})),
    ("discover", 6011, 6011, 4, frozenset({16, 19})),
    ("discover", 644, 659, 3, frozenset({16, 19})),
    ("jcb", 3528, 3589, 4, frozenset({16, 19})),
    ("diners", 300, 305, 3, frozenset({14, 16})),
    ("diners", 3095, 3095, 4, frozenset({14, 16})),
    ("diners", 36, 36, 2, frozenset({14, 16})),
    ("diners", 38, 39, 2, frozenset({14, 16})),
    ("unionpay", 62, 62, 2, frozenset({16, 17, 18, 19})),
    ("maestro", 500000, 509999, 6, frozenset({16, 18, 19})),
    ("maestro", 560000, 589999, 6, frozenset({16, 18, 19})),
    ("maestro", 600000, 609999, 6, frozenset({16, 18, 19})),
    ("maestro", 630000, 639999, 6, frozenset({16, 18, 19})),
    ("maestro", 670000, 679999, 6, frozenset({16, 18, 19})),
)
# What may stand between the groups: white space, points, strokes, hyphens, and characters without width.
GAP_CHARACTERS = r"\s\-._/:\u00b7\u200b-\u2015\u2060\u2212\ufeff"
_GAP = rf"[{GAP_CHARACTERS}]{{1,3}}"
_RUN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]*([0-9]{13,19})(?=[A-Za-z]*(?![A-Za-z0-9]))")
# Looked for at every place, so that a number is found although other digits stand before it or after it.
_GROUPS = re.compile(
    rf"(?<![0-9])(?=((?:[0-9]{{4}}{_GAP}){{3}}[0-9]{{4}})({_GAP}[0-9]{{3}}(?![0-9]))?(?![0-9])"
    rf"|([0-9]{{4}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}})(?![0-9]))"
)
_WORD_BEFORE = re.compile(r"[A-Za-z0-9]*\Z")
_WORD_AFTER = re.compile(r"[A-Za-z0-9]*")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+\Z|[A-Za-z]*[0-9]")
# A number starts like one of the two; most texts do not, and need no closer look.
_START = re.compile(rf"[0-9]{{4}}(?:[0-9]{{9}}|{_GAP}[0-9]{{4}})")
_NON_ASCII_DIGIT = re.compile(r"[^\x00-\x7f\D]")
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_NOT_DIGIT = re.compile(r"[^0-9]")


def luhn_valid(digits: str) -> bool:
    """Say whether a number passes the check of ISO/IEC 7812-1 annex B (the Luhn formula).

    Examples
    --------
    >>> luhn_valid("4111111111111111"), luhn_valid("4111111111111112"), luhn_valid("")
    (True, False, False)
    """
    if not (digits.isascii() and digits.isdigit()):
        return False
    from_right = digits.encode()[::-1]
    # Every second digit from the right counts double, the double's digits added: 7 gives 14 gives 5.
    doubled = from_right[1::2].translate(_DOUBLED)
    total = sum(from_right[::2]) + sum(doubled) - ord("0") * len(digits)
    return total % 10 == 0


def card_network(digits: str) -> str | None:
    """Name the network that a number's first digits and length belong to.

    Examples
    --------
    >>> card_network("4111111111111111"), card_network("378282246310005"), card_network("1234567890123456")
    ('visa', 'amex', None)
    >>> card_network("6521500000000000")
    'rupay'
    """
    length = len(digits)
    for name, low, high, width, lengths in _NETWORKS:
        if length in lengths and low <= int(digits[:width]) <= high:
            return name
    return None


def is_card_number(digits: str) -> bool:
    """Say whether digits look like a full card number: a network's first digits and length, Luhn-valid."""
    return card_network(digits) is not None and luhn_valid(digits)


def bin_of(digits: str) -> str:
    """Return the part of a number that names its issuer: 8 digits of 16 or more, else 6.

    ISO/IEC 7812-1:2017 gives 8 digits to the issuer. PCI DSS lets 8 first and 4 last digits be kept of
    numbers with 16 digits or more, and 6 and 4 of shorter ones.

    Examples
    --------
    >>> bin_of("4111111111111111"), bin_of("378282246310005")
    ('41111111', '378282')
    """
    return digits[: 8 if len(digits) >= _LONG_BIN_FROM_DIGITS else 6]


def find_card_number(text: str, kind: str = "refuse") -> str | None:
    """Return the digits of the first full card number in a text, or None.

    Parameters
    ----------
    text
        Any text; digits of other scripts and full-width digits count as digits.
    kind
        The field's `Rule.cards`.

    Examples
    --------
    >>> find_card_number("gold coin 4111-1111-1111-1111 ok"), find_card_number("४१११११११११११११११")
    ('4111111111111111', '4111111111111111')
    >>> find_card_number("order 4111111111111112"), find_card_number("9f4111111111111111aa")
    (None, None)
    """
    if len(text) < MIN_CARD_DIGITS:
        return None
    plain = _with_ascii_digits(text)
    if not _START.search(plain) or (kind == "phone" and plain.startswith("+")):
        return None
    for start, end in _spans(plain):
        digits = _NOT_DIGIT.sub("", plain[start:end])
        if not (kind == "goods" and _is_barcode(digits)):
            return digits
    return None


def replace_card_numbers(text: str, replacement: Callable[[str], str]) -> str:
    """Replace each full card number in a text by what `replacement` makes of its digits.

    Examples
    --------
    >>> replace_card_numbers("no 4111 1111 1111 1111!", lambda digits: f"<{digits[-4:]}>")
    'no <1111>!'
    """
    if len(text) < MIN_CARD_DIGITS:
        return text
    plain = _with_ascii_digits(text)

    if not _START.search(plain):
        return text
    pieces: list[str] = []
    done = 0
    for start, end in sorted(_spans(plain)):
        if start >= done:
            pieces += [plain[done:start], replacement(_NOT_DIGIT.sub("", plain[start:end]))]
            done = end
    return "".join([*pieces, plain[done:]]) if pieces else text


def mask(text: str) -> str:
    """Hide full card numbers in a text that goes into a message or a log line."""
    return replace_card_numbers(text, lambda digits: f"<card ending {digits[-4:]}>")


def _spans(plain: str) -> Iterator[tuple[int, int]]:
    """Give the places of full card numbers in a text whose digits are ASCII."""
    for match in _RUN.finditer(plain):
        if is_card_number(match[1]):
            yield match.span(1)
    for match in _GROUPS.finditer(plain):
        start = match.start()
        ends = [match.end(group) for group in (2, 1, 3) if match[group] is not None]
        for end in ends:
            if is_card_number(_NOT_DIGIT.sub("", plain[start:end])) and not _in_identifier(plain, start, end):
                yield start, end
                break


def _in_identifier(plain: str, start: int, end: int) -> bool:
    """Say whether groups of digits continue in a word of digits and letters, as the parts of a UUID do."""
    before = _WORD_BEFORE.search(plain, max(0, start - MAX_CARD_DIGITS), start)
    after = _WORD_AFTER.match(plain, end)
    words = [found[0] for found in (before, after) if found is not None and found[0]]
    return any(_HEXADECIMAL.match(word) for word in words)


def _with_ascii_digits(text: str) -> str:
    """Write digits of any script as 0 to 9; Devanagari ४१११ is a card number to whoever reads it."""
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKC", text)
    return _NON_ASCII_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), folded)


def _is_barcode(digits: str) -> bool:
    """Say whether digits are a valid GTIN-13 or GTIN-14 (GS1 General Specifications, 7.9)."""
    if len(digits) not in {13, 14}:
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0
