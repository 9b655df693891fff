"""Fold the text of a shop's goods so that spelling, script and tricks do not matter.

First step of the vocabulary match on the way of a payment: any Indic script becomes Latin letters, look-alike
letters their Latin twins, and words become keys in which the usual Hinglish variants are one ("sikka",
"sikkaa", "सिक्का"). All steps are linear in the text, which is cut at `MAX_TEXT` characters, so that nobody
can buy time with a long title.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TEXT = 160
MAX_TOKENS = 40
MAX_TOKEN = 24

_INDIC_FIRST, _INDIC_LAST = 0x0900, 0x0D7F
_INDIC_BLOCK = 0x80
_VIRAMA, _NUKTA = 0x4D, 0x3C
_CONSONANTS = dict(
    zip(
        range(0x15, 0x3A),
        [
            "k",
            "kh",
            "g",
            "gh",
            "n",
            "ch",
            "chh",
            "j",
            "jh",
            "n",
            "t",
            "th",
            "d",
            "dh",
            "n",
            "t",
            "th",
            "d",
            "dh",
            "n",
            "n",
            "p",
            "ph",
            "b",
            "bh",
            "m",
            "y",
            "r",
            "r",
            "l",
            "l",
            "l",
            "v",
            "sh",
            "sh",
            "s",
            "h",
        ],
        strict=True,
    )
)
_VOWELS = dict(
    zip(
        range(0x05, 0x15),
        ["a", "aa", "i", "ii", "u", "uu", "ri", "l", "e", "e", "e", "ai", "o", "o", "o", "au"],
        strict=True,
    )
)
_SIGNS = dict(
    zip(
        range(0x3E, 0x4D),
        ["aa", "i", "ii", "u", "uu", "ri", "ri", "e", "e", "e", "ai", "o", "o", "o", "au"],
        strict=True,
    )
)
_NASALS = {0x01: "n", 0x02: "n", 0x03: "h"}
_NUKTA_CONSONANTS = {0x58: "k", 0x59: "kh", 0x5A: "g", 0x5B: "j", 0x5C: "d", 0x5D: "dh", 0x5E: "f", 0x5F: "y"}
_DIGITS_FIRST, _DIGITS_LAST = 0x66, 0x6F

_LOOK_ALIKES = str.maketrans(
    "авеѕікмнорсртухгԁѵјαβερικνοτυχ",
    "abesikmhopcptyxrdvjabepikvotux",
)
_LEET = str.maketrans("013457@$!", "oieastasi")
_TOKEN = re.compile(r"[a-z0-9]+(?:[@$!][a-z0-9]+)*")
_PATTERNS = (
    (
        "#weight",
        re.compile(r"\b\d{1,4}(?:\.\d{1,3})? ?(?:g|gm|gms|gram|grams|graam|gram s|tola|tole|oz|kg)\b"),
    ),
    (
        "#karat",
        re.compile(
            r"\b(?:(?:14|18|20|22|23|24) ?(?:k|kt|ct|karat|carat|kairet|karet)"
            r"|999(?:\.9)?|995|916|hallmark(?:ed)?)\b"
        ),
    ),
    ("#money", re.compile(r"(?:₹|\brs\.? ?|\binr ?)\d{2,6}\b|\b\d{2,6} ?(?:rs|inr|rupees?|rupaye|/-)")),
    ("#storage", re.compile(r"\b(?:(?:32|64|128|256|512) ?gb|[12] ?tb)\b")),
)
_KEY_STEPS = (
    ("aa", "a"), ("ee", "i"), ("ii", "i"), ("oo", "u"), ("uu", "u"), ("ou", "o"), ("au", "o"), ("ai", "e"),
    ("ei", "e"), ("ay", "e"), ("ph", "f"), ("ck", "k"), ("chh", "ch"), ("gh", "g"), ("kh", "k"), ("th", "t"),
    ("dh", "d"), ("bh", "b"), ("jh", "j"), ("w", "v"), ("z", "j"), ("q", "k"), ("x", "ks"), ("y", "i"),
)  # fmt: skip
_HARD_C = re.compile(r"c(?!h)")
_TWICE = re.compile(r"(.)\1+")
_MIN_KEY = 3


def fold(text: str) -> str:
    """Return the text in small Latin letters and digits, cut at `MAX_TEXT` characters.

    Examples
    --------
    >>> fold("24K सोने का सिक्का")
    '24k sone kaa sikkaa'
    >>> fold("Gіft Cаrd")  # with Cyrillic letters
    'gift card'
    """
    cut = text[:MAX_TEXT]
    if not cut.isascii():
        composed = unicodedata.normalize("NFKC", cut)[: 2 * MAX_TEXT]
        latin = _romanise(composed) if any(_is_indic(char) for char in composed) else composed
        bare = "".join(
            char
            for char in unicodedata.normalize("NFKD", latin)
            if unicodedata.category(char) not in {"Mn", "Cf"}
        )
        return bare.lower().translate(_LOOK_ALIKES)
    return cut.lower()


def tokens(folded: str) -> list[str]:
    """Return the words of a folded text, at most `MAX_TOKENS`; letters spelled out one by one are joined."""
    found: list[str] = []
    spelled: list[str] = []
    for match in _TOKEN.finditer(folded):
        word = match.group()[:MAX_TOKEN]
        if len(word) == 1 and word.isalpha():
            spelled.append(word)
            continue
        _join_spelled(spelled, found)
        found.append(word)
        if len(found) >= MAX_TOKENS:
            break
    _join_spelled(spelled, found)
    return found[:MAX_TOKENS]


def patterns(folded: str) -> list[str]:
    """Return which of `#weight`, `#karat`, `#money` and `#storage` the folded text shows."""
    return [name for name, pattern in _PATTERNS if pattern.search(folded)]


@lru_cache(maxsize=32_768)
def word_key(word: str) -> str:
    """Return the key under which spellings of one word meet.

    Examples
    --------
    >>> word_key("sikkaa") == word_key("sikka") == word_key("sikke")
    True
    >>> word_key("vouchers"), word_key("24k"), word_key("gold")
    ('vocher', '24k', 'gold')
    """
    if not word.isalpha():
        return word
    key = word
    for old, new in _KEY_STEPS:
        if old in key:
            key = key.replace(old, new)
    key = _TWICE.sub(r"\1", _HARD_C.sub("k", key))
    if len(key) > _MIN_KEY and key.endswith("s"):
        key = key[:-1]
    while len(key) > _MIN_KEY and key[-1] in "aeiou":
        key = key[:-1]
    return key


def unleet(word: str) -> str:
    """Return the word with digits and signs read as the letters they imitate (`g1ft` is `gift`)."""
    return word.translate(_LEET)


def _join_spelled(spelled: list[str], found: list[str]) -> None:
    """Put letters that were written one by one (`g o l d`) back together."""
    if spelled:
        found.append("".join(spelled)[:MAX_TOKEN])
        spelled.clear()


def _is_indic(char: str) -> bool:
    return _INDIC_FIRST <= ord(char) <= _INDIC_LAST


def _romanise(text: str) -> str:
    """Write Indic letters as Latin ones; the blocks of Unicode for these scripts share one layout."""
    out: list[str] = []
    pending = False  # a consonant still waits to learn whether its inherent vowel is spoken
    for char in text:
        if not _is_indic(char):
            out.append(char)
            pending = False
            continue
        place = (ord(char) - _INDIC_FIRST) % _INDIC_BLOCK
        if place in _SIGNS:
            out.append(_SIGNS[place])
            pending = False
        elif place == _VIRAMA:
            pending = False
        elif place == _NUKTA:
            continue
        else:
            if pending:
                out.append("a")
            letter = _CONSONANTS.get(place) or _NUKTA_CONSONANTS.get(place)
            pending = letter is not None
            out.append(letter or _other_letter(place))
    return "".join(out)


def _other_letter(place: int) -> str:
    if _DIGITS_FIRST <= place <= _DIGITS_LAST:
        return str(place - _DIGITS_FIRST)
    return _VOWELS.get(place) or _NASALS.get(place) or " "
