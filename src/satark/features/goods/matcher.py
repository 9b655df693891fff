"""Which kind of cash-like goods an order line is, if any.

On the way of a payment this runs inside the signals, once per line; results are kept per text in a bounded
cache, since a shop sells the same goods again and again.
"""

from __future__ import annotations

from functools import cache, lru_cache

from satark.features.goods.folding import fold, patterns, tokens, unleet, word_key
from satark.features.goods.vocabulary import (
    MIN_FUZZY_LENGTH,
    Kind,
    Vocabulary,
    load_vocabulary,
    one_letter_less,
)

CACHED_TEXTS = 65_536
MIN_PART = 3
"""A word that was written together splits only into parts this long."""
MIN_GUESSED = 4
MAX_GUESSES = 12
"""So many unknown words of a text are guessed at, so that nobody can buy time with nonsense."""


@cache
def bundled_vocabulary() -> Vocabulary:
    """Return the bundled vocabulary, read once."""
    return load_vocabulary()


@lru_cache(maxsize=CACHED_TEXTS)
def kind_of_goods(category: str | None, title: str | None) -> Kind | None:
    """Return the kind of cash-like goods that a line's category and title (or SKU) tell of.

    What rules a kind out (a phone's cover) counts in the title; in the category only when there is no title,
    since shops sell phones under "mobiles and accessories".

    Examples
    --------
    >>> kind_of_goods(None, "Laxmi Ganesh 24K 10 gm सोने का सिक्का").name
    'bullion'
    >>> kind_of_goods("mobiles", "Back cover for iPhone 15") is None
    True
    """
    return match(bundled_vocabulary(), category, title)


def match(vocabulary: Vocabulary, category: str | None, title: str | None) -> Kind | None:
    """Return the first kind of the vocabulary that the texts show."""
    in_category = groups_in(vocabulary, category) if category else set()
    in_title = groups_in(vocabulary, title) if title else set()
    shown = in_category | in_title
    if not shown:
        return None
    ruling_out = in_title if title else in_category
    for kind in vocabulary.kinds:
        if any(line <= shown for line in kind.any_of) and not (kind.unless & ruling_out):
            return kind
    return None


def groups_in(vocabulary: Vocabulary, text: str) -> set[str]:
    """Return the groups and patterns that a text shows."""
    folded = fold(text)
    keys: list[str] = []
    guesses = MAX_GUESSES
    for token in tokens(folded):
        key = word_key(token)
        if token in vocabulary.whole_words:
            keys.append(f"={token}")
        elif _knows(vocabulary, key) or guesses == 0 or len(token) < MIN_GUESSED:
            keys.append(key)
        else:
            guesses -= 1
            keys.extend(_guess(vocabulary, token))
    found = set(patterns(folded))
    for place, key in enumerate(keys):
        groups = vocabulary.words.get(key)
        if groups:
            found |= groups
        for rest, group in vocabulary.phrases.get(key, ()):
            if tuple(keys[place + 1 : place + 1 + len(rest)]) == rest:
                found.add(group)
    return found


def _guess(vocabulary: Vocabulary, token: str) -> list[str]:
    """Return the keys of an unknown word: undisguised, split in two, or with a typing error undone."""
    if not token.isalpha():
        plain = unleet(token)
        if plain == token or not plain.isalpha():
            return [token]
        token = plain
    key = word_key(token)
    if _knows(vocabulary, key):
        return [key]
    for cut in range(MIN_PART, len(token) - MIN_PART + 1):
        left, right = word_key(token[:cut]), word_key(token[cut:])
        if left in vocabulary.words and right in vocabulary.words:
            return [left, right]
    if len(token) >= MIN_FUZZY_LENGTH - 1:
        for less in sorted(one_letter_less(token)):
            for word in vocabulary.misspelled.get(less, ()):
                if word[0] == token[0]:
                    return [word_key(word)]
    return [key]


def _knows(vocabulary: Vocabulary, key: str) -> bool:
    return key in vocabulary.words or key in vocabulary.phrases
