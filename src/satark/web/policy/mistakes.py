"""The mistakes of a policy's text in the reader's language.

The checkers write one English sentence per mistake, with names from the text in backquotes. Here the sentences that
authors meet are recognised by their form and said in another language; a rare one stays in English, marked as such,
under its kind (`MISTAKE_NAMES`), which is always in the reader's words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.web import i18n
from satark.web.i18n import mark as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.language import Diagnostic

MAX_DEPTH = 3

_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"there is no fact or feature `(?P<a>[^`]+)`", _("there is no fact or feature %(a)s")),
    (r"there is no fact `(?P<a>[^`]+)`", _("there is no fact %(a)s")),
    (r"there is no function `(?P<a>[^`]+)`", _("there is no function %(a)s")),
    (r"there is no list `(?P<a>[^`]+)`", _("there is no list %(a)s")),
    (r"there is no statistic `(?P<a>[^`]+)`", _("there is no statistic %(a)s")),
    (r"there is no rule `(?P<a>[^`]+)`", _("there is no rule %(a)s")),
    (r"there is no queue `(?P<a>[^`]+)`", _("there is no queue %(a)s")),
    (r"no rule is of the kind `(?P<a>[^`]+)`", _("no rule is of the kind %(a)s")),
    (r"`(?P<a>[^`]+)` has the wrong number of arguments", _("%(a)s has the wrong number of arguments")),
    (r"`(?P<a>[^`]+)` needs numbers", _("%(a)s needs numbers")),
    (r"`(?P<a>[^`]+)` compares two values of one type", _("%(a)s compares two values of one type")),
    (r"`(?P<a>[^`]+)` stands twice in (?P<b>.+)", _("%(a)s stands twice in %(b)s")),
    (r"`(?P<a>[^`]+)` cannot be the code of a rule", _("%(a)s cannot be the code of a rule")),
    (r"`(?P<a>[^`]+)` cannot be the name of a feature", _("%(a)s cannot be the name of a feature")),
    (r"`(?P<a>[^`]+)` is not a currency", _("%(a)s is not a currency")),
    (r"(?P<b>.+) needs `(?P<a>[^`]+)`", _("%(b)s needs %(a)s")),
    (r"(?P<b>.+) has no `(?P<a>[^`]+)`", _("%(b)s has no key %(a)s")),
    (r"(?P<b>.+) is not usable", _("%(b)s is not usable")),
    (r"(?P<b>.+) is not known", _("%(b)s is not known")),
    (r"(?P<b>.+) is not a text", _("%(b)s is not a text")),
    (r"(?P<b>.+) is not a list", _("%(b)s is not a list")),
    (r"(?P<b>.+) is not a mapping", _("%(b)s is not a mapping")),
    (r"(?P<b>.+) has no effect", _("%(b)s has no effect")),
    (r"(?P<b>.+) must be a constant", _("%(b)s must be a constant")),
    (r"this is not a condition", _("this is not a condition")),
    (r"this has another type", _("this has another type")),
    (r"this cannot be compared", _("this cannot be compared")),
    (r"this cannot be read", _("this cannot be read")),
    (r"this cannot stand here", _("this cannot stand here")),
    (r"this is not part of the language", _("this is not part of the language")),
    (r"the text is not closed on its line", _("the text is not closed on its line")),
    (r"the file is empty", _("the file is empty")),
    (r"this is not a span of time", _("this is not a span of time")),
    (r"did you mean `(?P<a>[^`]+)`\?", _("did you mean %(a)s?")),
)
_SUBJECTS: tuple[tuple[str, str], ...] = (
    (r"the policy", _("the policy")),
    (r"the rule `(?P<a>[^`]+)`", _("the rule %(a)s")),
    (r"the feature `(?P<a>[^`]+)`", _("the feature %(a)s")),
    (r"the list `(?P<a>[^`]+)`", _("the list %(a)s")),
    (r"`(?P<a>[^`]+)` of (?P<b>.+)", _("%(a)s of %(b)s")),
    (r"`(?P<a>[^`]+)`", "%(a)s"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A mistake in words; `lang` is that of the words, `hint_lang` that of the hint."""

    words: str
    lang: str
    hint: str
    hint_lang: str


def told(mistake: Diagnostic, lang: str) -> Told:
    """Return what is wrong in a reader's language, as far as it is known in that.

    Examples
    --------
    >>> from satark.language import Diagnostic, Position
    >>> mistake = Diagnostic(Position("p"), "unknown_name", "there is no fact `amuont`", hint="did you mean `amount`?")
    >>> told(mistake, "hi").hint_lang, told(mistake, "en").words
    ('hi', 'there is no fact `amuont`')
    >>> told(Diagnostic(Position("p"), "yaml", "not valid YAML: x"), "hi").lang
    'en'
    """
    words, hint = _said(mistake.message, lang), _said(mistake.hint, lang)
    return Told(
        words=words or mistake.message,
        lang=lang if words else "en",
        hint=hint or mistake.hint,
        hint_lang=lang if hint else "en",
    )


def _said(sentence: str, lang: str) -> str:
    """Return a sentence in a language, empty when it is of no known form; English is what it is."""
    if lang == "en" or not sentence:
        return ""
    return _fill(sentence, _SENTENCES, i18n.translations(lang).gettext, MAX_DEPTH)


def _fill(text: str, forms: tuple[tuple[str, str], ...], translate: Callable[[str], str], depth: int) -> str:
    for pattern, words in forms:
        match = re.fullmatch(pattern, text)
        if match is None:
            continue
        parts = match.groupdict()
        values = {"a": f"`{parts['a']}`"} if "a" in parts else {}
        if "b" in parts:
            subject = _fill(parts["b"], _SUBJECTS, translate, depth - 1) if depth else ""
            if not subject:
                continue
            values["b"] = subject
        return translate(words) % values
    return ""
