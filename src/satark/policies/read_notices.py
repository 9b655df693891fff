"""Read the `notices:` of a policy: whom to tell, when, by which channels and in which words.

Every text is checked here, so that nothing that a fraudster could imitate (a link of its own, a card number) and no
misspelt name ever reaches a customer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from satark.core.words import Words
from satark.language import Type, did_you_mean
from satark.policies.notice_rules import (
    CHANNELS,
    DAY_SECONDS,
    GRAVE_KINDS,
    NOTICE_KINDS,
    NOTICE_NAMES,
    NoticeLimit,
    NoticeRules,
    NoticeTemplate,
    QuietHours,
)
from satark.policies.reasons import Template, Vocabulary, parse_template

if TYPE_CHECKING:
    from collections.abc import Iterable

    import yaml

    from satark.core.clock import Lang
    from satark.policies.document import Document, Pairs

KEYS = (
    "on",
    "institution",
    "helpline",
    "channels",
    "threshold_minor",
    "quiet_hours",
    "limit",
    "link_expires",
    "max_age",
    "language",
    "dlt",
    "templates",
)
MAX_AMOUNT = 10**13
MAX_NAME = 40
"""Characters of the institution's name: as many as one variable of a registered SMS template may have."""
LANGS: tuple[Lang, ...] = ("en", "hi")

_DURATION = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
_UNIT_SECONDS = {"m": 60, "h": 3_600, "d": DAY_SECONDS, "w": 7 * DAY_SECONDS}
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_HELPLINE = re.compile(r"\+?[0-9][0-9 -]{2,19}")
_DLT_ID = re.compile(r"[0-9]{19}")
_HEADER = re.compile(r"[A-Za-z0-9]{3,11}")
_OWN_LINK = re.compile(r"(?i)://|\bwww\.|\b[a-z0-9-]+\.(?:com|in|co|org|net|link|ly|me|app)\b")
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){11,}")
_KNOWN = Vocabulary(dict.fromkeys(NOTICE_NAMES, Type.STR), {}, {})
_NOTHING = Template("", (), frozenset())


def read_notices(document: Document, node: yaml.Node) -> NoticeRules:
    """Return the rules of notices; mistakes go to the document."""
    fields = document.fields(node, "notices", KEYS, required=("on", "institution", "templates"))
    default = NoticeRules()
    kinds = _choices(document, fields, "on", NOTICE_KINDS)
    channels = _choices(document, fields, "channels", CHANNELS) if "channels" in fields else default.channels
    threshold = None
    if "threshold_minor" in fields:
        threshold = document.whole_number(fields["threshold_minor"][1], "`threshold_minor`", 1, MAX_AMOUNT)
    language = default.language
    if "language" in fields:
        chosen = document.choice(fields["language"][1], "`language` of notices", LANGS)
        language = "en" if chosen == "en" else "hi"
    entity, header = _dlt(document, fields["dlt"][1]) if "dlt" in fields else ("", "")
    templates = _templates(document, fields["templates"][1]) if "templates" in fields else {}
    if "templates" in fields:
        for kind in (kind for kind in kinds if kind not in templates):
            document.error(fields["templates"][1], "missing_key", f"templates of notices need `{kind}`")
    if entity and "sms" in channels:
        for kind in (kind for kind in kinds if kind in templates and templates[kind].dlt is None):
            hint = "with `dlt` every text that goes out by SMS needs the id of its registration"
            document.error(
                fields["templates"][1], "missing_key", f"the notice `{kind}` needs `dlt`", hint=hint
            )
    helpline = _matching(document, fields, "helpline", _HELPLINE, "a number to call, such as 1800 123 4567")
    _check_helpline(document, fields, templates, helpline)
    return NoticeRules(
        kinds=kinds,
        institution=_words(document, fields, "institution", default.institution),
        helpline=helpline,
        channels=channels,
        threshold_minor=threshold,
        quiet=_quiet(document, fields["quiet_hours"][1]) if "quiet_hours" in fields else None,
        limit=_limit(document, fields["limit"][1]) if "limit" in fields else default.limit,
        link_seconds=_seconds(document, fields, "link_expires", default.link_seconds, 30 * DAY_SECONDS),
        max_age_seconds=_seconds(document, fields, "max_age", default.max_age_seconds, 30 * DAY_SECONDS),
        language=language,
        dlt_entity=entity,
        dlt_header=header,
        templates=templates,
    )


def _check_helpline(
    document: Document, fields: Pairs, templates: dict[str, NoticeTemplate], helpline: str
) -> None:
    """Refuse a text that says whom to call when there is no number."""
    names = {name for one in templates.values() for lang in LANGS for name in one.text(lang).names}
    if "helpline" in names and not helpline and "helpline" not in fields:
        node = fields["templates"][1]
        document.error(node, "missing_key", "notices need `helpline`, which a text names")


def duration_of(document: Document, node: yaml.Node, what: str, most_seconds: int) -> int | None:
    """Return the seconds of a duration such as `30m`, `72h`, `90d`; mistakes go to the document."""
    text = document.text(node, what)
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
    if 0 < seconds <= most_seconds:
        return seconds
    document.error(
        node, "duration", f"{what} is not usable", found=f"`{text[:20]}`",
        expected=f"a whole number with m, h, d or w, at most {most_seconds // DAY_SECONDS}d",
    )  # fmt: skip
    return None


def _seconds(document: Document, fields: Pairs, name: str, default: int, most_seconds: int) -> int:
    if name not in fields:
        return default
    return duration_of(document, fields[name][1], f"`{name}` of notices", most_seconds) or default


def _choices(document: Document, fields: Pairs, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    if name not in fields:
        return ()
    found: list[str] = []
    for item in document.items(fields[name][1], f"`{name}` of notices"):
        chosen = document.choice(item, f"`{name}` of notices", known)
        if chosen is not None and chosen not in found:
            found.append(chosen)
    return tuple(found)


def _words(document: Document, fields: Pairs, name: str, default: Words) -> Words:
    if name not in fields:
        return default
    node = fields[name][1]
    pairs = document.fields(node, f"`{name}` of notices", LANGS, required=LANGS)
    texts = {lang: document.text(pairs[lang][1], f"`{name}` of notices") or "" for lang in pairs}
    for lang, text in texts.items():
        if not 1 <= len(text.strip()) <= MAX_NAME or not text.isprintable():
            expected = f"1 to {MAX_NAME} characters in one line"
            document.error(pairs[lang][1], "name", f"`{name}` of notices is not usable", expected=expected)
        _check_words(document, pairs[lang][1], text)
    return Words(en=texts.get("en", ""), hi=texts.get("hi", ""))


def _matching(document: Document, fields: Pairs, name: str, form: re.Pattern[str], expected: str) -> str:
    if name not in fields:
        return ""
    text = document.text(fields[name][1], f"`{name}` of notices") or ""
    if form.fullmatch(text):
        return text
    document.error(
        fields[name][1],
        "form",
        f"`{name}` of notices is not usable",
        found=f"`{text[:40]}`",
        expected=expected,
    )
    return ""


def _quiet(document: Document, node: yaml.Node) -> QuietHours | None:
    what = "`quiet_hours` of notices"
    fields = document.fields(node, what, ("from", "to", "urgent"), required=("from", "to"))
    minutes: dict[str, int] = {}
    for name in ("from", "to"):
        text = document.text(fields[name][1], f"`{name}` of {what}") if name in fields else None
        if text is None:
            continue
        match = _TIME_OF_DAY.fullmatch(text)
        if match is None:
            expected = 'a time of day in India such as "22:00", in quotes'
            document.error(fields[name][1], "time", f"`{name}` of {what} is not usable", expected=expected)
        else:
            minutes[name] = int(match[1]) * 60 + int(match[2])
    urgent = (
        frozenset(_choices(document, fields, "urgent", NOTICE_KINDS)) if "urgent" in fields else GRAVE_KINDS
    )
    return QuietHours(minutes["from"], minutes["to"], urgent) if len(minutes) == 2 else None  # noqa: PLR2004


def _limit(document: Document, node: yaml.Node) -> NoticeLimit:
    what = "`limit` of notices"
    fields = document.fields(node, what, ("messages", "within"), required=("messages", "within"))
    default = NoticeLimit()
    messages, within = None, None
    if "messages" in fields:
        messages = document.whole_number(fields["messages"][1], f"`messages` of {what}", 1, 100)
    if "within" in fields:
        within = duration_of(document, fields["within"][1], f"`within` of {what}", 30 * DAY_SECONDS)
    return NoticeLimit(messages or default.messages, within or default.within_seconds)


def _dlt(document: Document, node: yaml.Node) -> tuple[str, str]:
    fields = document.fields(node, "`dlt` of notices", ("entity", "header"), required=("entity", "header"))
    return (
        _matching(document, fields, "entity", _DLT_ID, "the 19 digits of the principal entity"),
        _matching(document, fields, "header", _HEADER, "a registered header of letters and digits"),
    )


def _templates(document: Document, node: yaml.Node) -> dict[str, NoticeTemplate]:
    found: dict[str, NoticeTemplate] = {}
    for kind, (key, body) in document.pairs(node, "templates of notices").items():
        if kind not in NOTICE_KINDS:
            hint = did_you_mean(kind, NOTICE_KINDS) or f"known are {', '.join(NOTICE_KINDS)}"
            document.error(key, "unknown_key", f"there is no notice `{kind[:40]}`", hint=hint)
            continue
        what = f"the notice `{kind}`"
        fields = document.fields(body, what, ("subject", "text", "dlt"), required=("subject", "text"))
        subjects = _texts(document, fields, "subject", what)
        texts = _texts(document, fields, "text", what)
        found[kind] = NoticeTemplate(*subjects, *texts, dlt=_ids(document, fields, what))
    return found


def _ids(document: Document, fields: Pairs, what: str) -> Words | None:
    if "dlt" not in fields:
        return None
    pairs = document.fields(fields["dlt"][1], f"`dlt` of {what}", LANGS, required=LANGS)
    ids = {name: _matching(document, pairs, name, _DLT_ID, "the 19 digits of the template") for name in pairs}
    return Words(en=ids.get("en", ""), hi=ids.get("hi", ""))


def _texts(document: Document, fields: Pairs, name: str, what: str) -> tuple[Template, Template]:
    if name not in fields:
        return _NOTHING, _NOTHING
    pairs = document.fields(fields[name][1], f"`{name}` of {what}", LANGS, required=LANGS)

    def read(lang: Lang) -> Template:
        if lang not in pairs or document.text(pairs[lang][1], f"`{name}` of {what}") is None:
            return _NOTHING
        node = pairs[lang][1]
        place = document.scalar_place(node)
        template, wrong = parse_template(place.text, lang, _KNOWN)
        for offset, code, message, hint in wrong:
            document.error_at(place.at(offset), code, message.replace("a reason", "a notice"), hint)
        _check_words(document, node, place.text)
        return template

    return read("en"), read("hi")


def _check_words(document: Document, node: yaml.Node, text: str) -> None:
    """Refuse what no notice of a bank may carry."""
    place = document.scalar_place(cast("yaml.ScalarNode", node))
    for form, code, message in _forbidden():
        match = form.search(text)
        if match is not None:
            document.error_at(place.at(match.start()), code, message, hint="the only link is {link}")


def _forbidden() -> Iterable[tuple[re.Pattern[str], str, str]]:
    yield _OWN_LINK, "own_link", "a notice has no address of its own"
    yield _LONG_NUMBER, "long_number", "a notice holds nothing that could be a card or account number"
