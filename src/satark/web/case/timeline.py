"""A case's timeline in the reader's words: who did what, and the text that came with it.

Entries are stored as a kind and a few particulars, never as sentences, so that the same case reads in both languages.
What stands on a list (a card's token, a phone) is stored with the act and never shown: the list's name is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from satark.core.clock import format_ist
from satark.core.money import format_minor
from satark.web import i18n
from satark.web.case.timeline_words import (
    ACT_NAMES,
    ACTOR_NAMES,
    ANSWER_NAMES,
    CHANNEL_NAMES,
    DEADLINE_NAMES,
    HOLD_NAMES,
    KIND_SENTENCES,
    NOTICE_STATE_NAMES,
    TO_THE_QUEUE,
    UNDO_NAMES,
    UNTIL,
)
from satark.web.wording import OUTCOME_NAMES, STATE_NAMES

if TYPE_CHECKING:
    from satark.cases.model import TimelineEntry
    from satark.core.words import Words
    from satark.policies.case_rules import CaseTerms
    from satark.web.rendering import Renderer

Detail = Mapping[str, Any]
_JOINT = " · "


class TimelineWords:
    """Particulars of entries in one language."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._gettext = i18n.translations(lang).gettext
        self._tellers: dict[str, Callable[[Detail, CaseTerms], str]] = {
            "opened": lambda detail, terms: self._words(_text(detail, "queue"), terms.queues),
            "alert_joined": lambda detail, _: _text(detail, "event"),
            "assigned": self._assigned,
            "state": lambda detail, _: "→ " + self._named(_text(detail, "to"), STATE_NAMES),
            "attachment": lambda detail, _: _text(detail, "name"),
            "check": self._check,
            "action": self._action,
            "proposed": self._outcome,
            "closed": self._outcome,
            "undone": lambda detail, _: self._named(_text(detail, "act"), UNDO_NAMES),
            "notice": self._notice,
            "answer": lambda detail, _: self._named(_text(detail, "answer"), ANSWER_NAMES),
            "hold": self._hold,
            "watch": lambda detail, _: _text(detail, "hi" if lang == "hi" else "en"),
            "deadline": lambda detail, _: self._named(_text(detail, "state"), DEADLINE_NAMES),
        }

    def sentence(self, entry: TimelineEntry) -> str:
        """Return what was done, to follow the name of who did it."""
        kind = "declined" if entry.kind == "proposed" and entry.detail.get("declined") else entry.kind
        return self._named(kind, KIND_SENTENCES)

    def detail(self, entry: TimelineEntry, terms: CaseTerms) -> str:
        """Return the particulars of an entry in words, empty when its kind says it all."""
        teller = self._tellers.get(entry.kind)
        return "" if teller is None else teller(entry.detail, terms)

    def _assigned(self, detail: Detail, _: CaseTerms) -> str:
        return "→ " + (_text(detail, "to") or self._gettext(TO_THE_QUEUE))

    def _check(self, detail: Detail, terms: CaseTerms) -> str:
        return f"{'☑' if detail.get('done') else '☐'} {self._words(_text(detail, 'item'), terms.checklist)}"

    def _action(self, detail: Detail, _: CaseTerms) -> str:
        parts = [self._named(_text(detail, "act"), ACT_NAMES), _text(detail, "list")]
        expires_us = detail.get("expires_us")
        if isinstance(expires_us, int):
            parts.append(self._gettext(UNTIL) % {"moment": self._moment(expires_us)})
        return _joined(parts)

    def _outcome(self, detail: Detail, terms: CaseTerms) -> str:
        if detail.get("declined"):
            return ""
        outcome, reason = _text(detail, "outcome"), _text(detail, "reason")
        named = [self._named(outcome, OUTCOME_NAMES), self._words(reason, terms.reasons.get(outcome, {}))]
        return ": ".join(part for part in named if part)

    def _notice(self, detail: Detail, _: CaseTerms) -> str:
        parts = [self._named(_text(detail, "state"), NOTICE_STATE_NAMES)]
        channels = detail.get("channels", [detail.get("channel")])
        if isinstance(channels, list):
            parts += [self._named(name, CHANNEL_NAMES) for name in channels if isinstance(name, str)]
        return _joined(parts)

    def _hold(self, detail: Detail, _: CaseTerms) -> str:
        amount = detail.get("amount_minor")
        money = format_minor(amount) if isinstance(amount, int) else ""
        return _joined([self._named(_text(detail, "act"), HOLD_NAMES), money])

    def _words(self, code: str, known: Mapping[str, Words]) -> str:
        found = known.get(code)
        return code if found is None else (found.hi if self._lang == "hi" else found.en)

    def _named(self, code: str, table: Mapping[str, str]) -> str:
        name = table.get(code)
        return code if name is None else self._gettext(name)

    def _moment(self, at_us: int) -> str:
        return format_ist(at_us, "hi" if self._lang == "hi" else "en")


def add_timeline_words(renderer: Renderer) -> None:
    """Give templates the filters of the timeline."""
    renderer.add_filter("timeline_sentence", lambda lang: TimelineWords(lang).sentence)
    renderer.add_names("actor_name", ACTOR_NAMES)
    renderer.add_filter("timeline_detail", lambda lang: TimelineWords(lang).detail)
    renderer.add_filter("timeline_text", lambda _: written)


def written(entry: TimelineEntry) -> str:
    """Return what a person wrote, empty when nothing."""
    return _text(entry.detail, "text") or _text(entry.detail, "note")


def _text(detail: Detail, name: str) -> str:
    value = detail.get(name)
    return value if isinstance(value, str) else ""


def _joined(parts: list[str]) -> str:
    return _JOINT.join(part for part in parts if part)
