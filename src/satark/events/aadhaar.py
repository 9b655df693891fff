"""Recognising an Aadhaar number in free text, so that none stays in a note or on a page.

An Aadhaar number has twelve digits, the first of which is 2 to 9, and its last digit is a check digit by Verhoeff's
scheme (UIDAI). Of twelve random digits eight in a hundred look like one. A retrieval reference number of UPI has twelve
digits as well; where the text itself says that a number is a reference (RRN, UTR, transaction no.), it is left alone.

Examples
--------
>>> mask_aadhaar("his card says 2341 2341 2346, called twice")
'his card says XXXX XXXX 2346, called twice'
>>> mask_aadhaar("आधार २३४१२३४१२३४६"), mask_aadhaar("RRN 234123412346")
('आधार XXXXXXXX२३४६', 'RRN 234123412346')
"""

from __future__ import annotations

import re

from satark.events.cards import GAP_CHARACTERS

DIGITS = 12
_SHOWN = 4
_TIMES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
"""The multiplication of the symmetries of a pentagon."""
_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
"""What each further place from the right is changed by, once more than the one before."""


def _powers() -> tuple[tuple[int, ...], ...]:
    found = [tuple(range(10))]
    while len(found) < 8:  # noqa: PLR2004 - the eighth is the first again
        found.append(tuple(found[-1][_STEP[digit]] for digit in range(10)))
    return tuple(found)


_CHANGES = _powers()
_GAP = rf"[{GAP_CHARACTERS}]{{1,3}}"
# Any script's digits: what is written in Devanagari is the same number to whoever reads it.
_NUMBER = re.compile(
    rf"(?<![\w+])(?:\d{{12}}|\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}})(?!\w)(?!{_GAP}\d{{4}}(?!\d))"
)
_REFERENCE = re.compile(
    r"(?i)(?:\brrn|\butr|\bref(?:erence)?|\btxn|\btransaction)(?:\W{0,3}(?:no|number|id))?\W{0,3}\Z"
)
_LOOKED_BACK = 30
_LIKELY = re.compile(r"\d{4}")
_DIGIT = re.compile(r"\d")


def verhoeff_valid(digits: str) -> bool:
    """Say whether a number passes Verhoeff's check (Mathematical Centre Tract 29, 1969).

    Examples
    --------
    >>> verhoeff_valid("2363"), verhoeff_valid("2364"), verhoeff_valid("")
    (True, False, False)
    """
    if not (digits.isascii() and digits.isdigit()):
        return False
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _TIMES[check][_CHANGES[place % 8][int(digit)]]
    return check == 0


def is_aadhaar(digits: str) -> bool:
    """Say whether digits look like an Aadhaar number."""
    return len(digits) == DIGITS and digits[:1] in set("23456789") and verhoeff_valid(digits)


def mask_aadhaar(text: str) -> str:
    """Keep the last four digits of each Aadhaar number in a text, as UIDAI's masked Aadhaar does.

    The text keeps its length, so that a bound which it kept before it keeps afterwards.
    """
    if len(text) < DIGITS or _LIKELY.search(text) is None:
        return text

    def masked(match: re.Match[str]) -> str:
        digits = "".join(str(int(digit)) for digit in _DIGIT.findall(match[0]))
        before = text[max(0, match.start() - _LOOKED_BACK) : match.start()]
        if not is_aadhaar(digits) or _REFERENCE.search(before):
            return match[0]
        return _DIGIT.sub("X", match[0], count=DIGITS - _SHOWN)

    return _NUMBER.sub(masked, text)
