"""A versioned vocabulary of goods, read from YAML and laid out for matching.

The file says which words belong together (`groups`) and which combinations make a kind of goods (`kinds`);
`satark.features.goods.matcher` answers which kind a text is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from satark.features.goods.folding import fold, tokens, word_key

PAISE_PER_RUPEE = 100
MIN_FUZZY_LENGTH = 6
"""Only words this long are found behind one typing error; shorter ones have too many neighbours."""
BUNDLED = "cash_like_goods.yaml"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of goods: what a text must show and what rules it out."""

    name: str
    en: str
    hi: str
    min_price_minor: int
    any_of: tuple[frozenset[str], ...]
    unless: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vocabulary laid out for matching.

    Attributes
    ----------
    version, digest
        The author's number and a hash of the content.
    words
        Key of a single word to the groups that it belongs to.
    phrases
        Key of a first word to (keys of the following words, group).
    misspelled
        A word with one letter left out to the words that it may be.
    whole_words
        Words that are neither split nor corrected.
    kinds
        In order of precedence.
    merchant_categories
        Merchant category code to the kind of everything that is sold there.
    """

    version: int
    digest: str
    words: dict[str, frozenset[str]]
    phrases: dict[str, tuple[tuple[tuple[str, ...], str], ...]]
    misspelled: dict[str, tuple[str, ...]]
    whole_words: frozenset[str]
    kinds: tuple[Kind, ...]
    merchant_categories: dict[str, str]


def load_vocabulary(text: str | None = None) -> Vocabulary:
    """Read a vocabulary; without an argument the bundled one of goods that are as good as cash."""
    if text is None:
        text = files("satark.features.signals").joinpath("vocabulary", BUNDLED).read_text("utf-8")
    document = yaml.safe_load(text)
    words: dict[str, set[str]] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    spelled: set[str] = set()
    for group, entries in document["groups"].items():
        for entry in entries:
            parts = tokens(fold(str(entry)))
            keys = tuple(word_key(part) for part in parts)
            if len(keys) == 1:
                words.setdefault(keys[0], set()).add(group)
                spelled.update(part for part in parts if len(part) >= MIN_FUZZY_LENGTH)
            else:
                phrases.setdefault(keys[0], []).append((keys[1:], group))
    return Vocabulary(
        version=int(document["version"]),
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        words={key: frozenset(groups) for key, groups in words.items()},
        phrases={key: tuple(entries) for key, entries in phrases.items()},
        misspelled=_misspellings(spelled),
        whole_words=frozenset(document.get("whole_words", ())),
        kinds=tuple(_kind(name, body) for name, body in document["kinds"].items()),
        merchant_categories={
            str(code): kind for code, kind in document.get("merchant_categories", {}).items()
        },
    )


def one_letter_less(word: str) -> set[str]:
    """Return the word and everything that is left of it without one of its letters."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _kind(name: str, body: dict[str, Any]) -> Kind:
    return Kind(
        name=name,
        en=body["en"],
        hi=body["hi"],
        min_price_minor=int(body.get("min_price_rupees", 0)) * PAISE_PER_RUPEE,
        any_of=tuple(frozenset(line) for line in body["any_of"]),
        unless=frozenset(body.get("unless", ())),
    )


def _misspellings(spelled: set[str]) -> dict[str, tuple[str, ...]]:
    """Index words by themselves less one letter: two words that meet there differ by one typing error."""
    index: dict[str, list[str]] = {}
    for word in sorted(spelled):
        for less in one_letter_less(word):
            index.setdefault(less, []).append(word)
    return {less: tuple(words) for less, words in index.items()}
