"""Why a decision came out as it did, ready for a template: rules with their numbers, windows, and what would change it.

Everything is judged again from the stored event and features (`satark.decisions.judge`), in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from satark.decisions.changes import Change, find_changes, judged, without
from satark.decisions.comparisons import is_number
from satark.decisions.judge import stored_decision
from satark.language import Type
from satark.web.charts import Bullet, bullet
from satark.web.decision.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.core.clock import Lang
    from satark.decisions.comparisons import Comparisons, Limit
    from satark.decisions.judge import Inputs, Judge
    from satark.decisions.model import Decision
    from satark.decisions.ports import LogEntry
    from satark.policies import Rule
    from satark.web.decision.shelf import Shelf

OPERATORS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}
_UPPER = frozenset({">", ">=", "=="})
_MAX_CHANGES = 6
_SHOWN_WINDOWS = 5
_NEAR_LIMIT = 0.5
_MAX_WORDS = 16


@dataclass(frozen=True, slots=True)
class ValueView:
    """A value that rules read.

    Attributes
    ----------
    limit
        What a rule holds it against, for instance "> 6"; empty when nothing simple can be said.
    bullet
        For a small chart; None for what is no number.
    fired
        A rule that fired reads it.
    """

    name: str
    words: str
    value: str
    limit: str
    bullet: Bullet | None
    fired: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One value changed, and the answer then."""

    name: str
    words: str
    old: str
    new: str
    action: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule that fired.

    Attributes
    ----------
    sentence
        The reason as it was stored.
    quiet
        The nearest changes with which this rule would not have fired.
    alone
        What the others come to without it.
    distances, speeds
        Values that it holds against so many kilometres, or kilometres an hour, for the map.
    """

    code: str
    kind: str
    action: str
    score: float
    sentence: str
    when: str
    values: tuple[ValueView, ...]
    quiet: tuple[ChangeView, ...]
    alone: str
    distances: tuple[tuple[str, float], ...]
    speeds: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class WindowGroup:
    """The windows of one entity: `by` are the facts that they are kept by."""

    by: tuple[str, ...]
    words: str
    shown: tuple[ValueView, ...]
    more: tuple[ValueView, ...]
    fired: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that the form can change; `kind` is number, money, bool or one of the texts in `options`."""

    name: str
    words: str
    value: str
    kind: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a page tells of a decision.

    Attributes
    ----------
    same
        Judged again, the answer is the stored one.
    choices
        What may be changed in the form, the values of rules that fired first.
    """

    same: bool
    action: str
    rules: tuple[RuleView, ...]
    milder: tuple[ChangeView, ...]
    graver: tuple[ChangeView, ...]
    groups: tuple[WindowGroup, ...]
    choices: tuple[Choice, ...]


class Explainer:
    """Explains decisions of the log; its calls take milliseconds of the processor: use a thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._words: dict[tuple[str, str], Words] = {}

    def explain(self, entry: LogEntry, decision: Decision, lang: Lang) -> Explanation:
        """Explain one decision.

        Raises
        ------
        NotFound
            Its policy, body or features are not there (any more).
        """
        judge, comparisons, inputs, stored = self._inputs(entry, decision)
        words = self._words_of(judge, lang)
        verdict = judge.verdict(inputs)
        found = find_changes(judge, comparisons, inputs)
        limits = comparisons.limits(inputs)
        fired = {one.code for one in verdict.fired}
        sentences = {reason.code: reason.hi if lang == "hi" else reason.en for reason in decision.reasons}
        rules = {rule.code: rule for rule in judge.policy.rules}
        views = []
        for one in verdict.fired:
            rule = rules[one.code]
            told = sorted(rule.when.names, key=lambda name: (name not in judge.features, name))
            views.append(
                RuleView(
                    code=rule.code,
                    kind=rule.kind,
                    action=rule.action,
                    score=rule.score,
                    sentence=sentences.get(rule.code, one.hi if lang == "hi" else one.en),
                    when=" ".join(rule.when.source.split()),
                    values=tuple(
                        _value(words, name, judge.value(inputs, name), limits.get(name, []), {rule.code})
                        for name in told
                    ),
                    quiet=_changes(words, found.quiet.get(rule.code, ())[:2]),
                    alone=without(judge, inputs, rule.code),
                    distances=_limits_in("km", words, rule, limits),
                    speeds=_limits_in("kmh", words, rule, limits),
                )
            )
        codes = tuple(reason.code for reason in decision.reasons)
        same = (verdict.action, tuple(one.code for one in verdict.fired)) == (
            decision.would or decision.action,
            codes,
        )
        return Explanation(
            same=same,
            action=verdict.action,
            rules=tuple(views),
            milder=_changes(words, found.milder[:_MAX_CHANGES]),
            graver=_changes(words, found.graver[:_MAX_CHANGES]),
            groups=_groups(judge, stored, words, limits, fired),
            choices=_choices(judge, inputs, words, fired),
        )

    def what_if(
        self, entry: LogEntry, decision: Decision, lang: Lang, name: str, text: str
    ) -> tuple[ChangeView, tuple[str, ...]] | None:
        """Return the answer with one value changed as somebody typed it, and the rules that fire then.

        None when there is no such value, or the text is none for it.

        Raises
        ------
        NotFound
            As `explain`.
        """
        judge, _, inputs, _ = self._inputs(entry, decision)
        words = self._words_of(judge, lang)
        choice = next((one for one in _choices(judge, inputs, words, set()) if one.name == name), None)
        if choice is None:
            return None
        new = _typed(choice, text, whole=judge.names[name].type is Type.INT)
        if new is None:
            return None
        change = judged(judge, inputs, name, new)
        return _changes(words, [change])[0], change.codes

    def _words_of(self, judge: Judge, lang: Lang) -> Words:
        """Return the words of a policy; made once, since most of them are sentences."""
        key = (judge.policy.content_hash, lang)
        words = self._words.get(key)
        if words is None:
            if len(self._words) >= _MAX_WORDS:
                self._words.clear()
            words = self._words[key] = Words(judge, lang)
        return words

    def _inputs(
        self, entry: LogEntry, decision: Decision
    ) -> tuple[Judge, Comparisons, Inputs, tuple[Any, ...]]:
        stored = stored_decision(entry)
        judge, comparisons = self._shelf.judge(decision.policy.hash, entry.seq)
        book = self._shelf.book(decision.policy.hash, entry.seq)
        return judge, comparisons, judge.inputs(stored, book), stored.features


def _value(
    words: Words,
    name: str,
    value: Any,  # noqa: ANN401 - of any type of the language
    limits: list[Limit],
    fired: set[str],
) -> ValueView:
    """Return a value with the limit that matters most: of a rule that fired, else the lowest upper one."""
    ours = [one for one in limits if one.code in fired]
    upper = sorted((one for one in limits if one.op in _UPPER), key=lambda one: one.at)
    limit = ours[0] if ours else upper[0] if upper else None
    shown = "" if limit is None else f"{OPERATORS[limit.op]} {words.value(name, limit.at)}"
    chart = bullet(value, None if limit is None else limit.at) if is_number(value) else None
    return ValueView(name, words.name(name), words.value(name, value), shown, chart, bool(ours))


def _limits_in(
    unit: str, words: Words, rule: Rule, limits: dict[str, list[Limit]]
) -> tuple[tuple[str, float], ...]:
    """Return the limits of a rule that are in a unit, with the names of their values."""
    return tuple(
        (name, limit.at)
        for name in sorted(rule.when.names)
        if words.unit(name) == unit
        for limit in limits.get(name, [])
        if limit.code == rule.code
    )


def _changes(words: Words, changes: Iterable[Change]) -> tuple[ChangeView, ...]:
    return tuple(
        ChangeView(
            one.name,
            words.name(one.name),
            words.value(one.name, one.old),
            words.value(one.name, one.new),
            one.action,
        )
        for one in changes
    )


def _groups(
    judge: Judge,
    features: tuple[Any, ...],
    words: Words,
    limits: dict[str, list[Limit]],
    fired: set[str],
) -> tuple[WindowGroup, ...]:
    """Return the windows by what they are kept by; within each, what fired and what is near its limit first."""
    groups: dict[tuple[str, ...], list[tuple[float, ValueView]]] = {}
    for spec, value in zip(judge.policy.features, features, strict=True):
        if value is None:
            continue
        view = _value(words, spec.name, value, limits.get(spec.name, []), fired)
        view = replace(view, words=words.brief(spec.name))
        near = 0.0
        if view.bullet is not None and view.bullet.tick:
            near = min(10.0, view.bullet.fill / view.bullet.tick)
        groups.setdefault(spec.by, []).append((near + (100.0 if view.fired else 0.0), view))
    found = []
    for by, views in groups.items():
        views.sort(key=lambda one: -one[0])
        wanted = sum(1 for near, _ in views if near >= _NEAR_LIMIT)
        cut = max(min(len(views), 3), min(wanted, _SHOWN_WINDOWS))
        ordered = tuple(view for _, view in views)
        group = WindowGroup(
            by, words.by(by), ordered[:cut], ordered[cut:], any(view.fired for view in ordered)
        )
        found.append((views[0][0], group))
    found.sort(key=lambda one: -one[0])
    return tuple(group for _, group in found)


def _choices(judge: Judge, inputs: Inputs, words: Words, fired: set[str]) -> tuple[Choice, ...]:
    """Return what the form may change: numbers, yes or no, and texts of a closed set; never personal text."""
    first: set[str] = set()
    for rule in judge.policy.rules:
        if rule.code in fired:
            first |= rule.when.names
    found = []
    for name in judge.order:
        info = judge.names[name]
        options: tuple[tuple[str, str], ...] = ()
        if info.type is Type.BOOL:
            kind = "bool"
            options = tuple((code, words.value(name, code == "yes")) for code in ("yes", "no"))
        elif info.type is Type.STR and info.choices:
            kind = "text"
            options = tuple((choice, words.value(name, choice)) for choice in sorted(info.choices))
        elif info.type in (Type.INT, Type.FLOAT):
            kind = "money" if words.unit(name) == "money" else "number"
        else:
            continue
        value = words.value(name, judge.value(inputs, name))
        found.append(
            (name not in first, words.name(name), Choice(name, words.name(name), value, kind, options))
        )
    found.sort(key=lambda one: one[:2])
    return tuple(choice for _, _, choice in found)


def _typed(choice: Choice, text: str, *, whole: bool) -> Any:  # noqa: ANN401 - of any type of the language
    """Read what somebody typed; None when it is no value of this kind."""
    text = text.strip()
    if choice.options:
        known = {code for code, _ in choice.options}
        if text not in known:
            return None
        return text == "yes" if choice.kind == "bool" else text
    try:
        number = float(text.replace(",", "").replace("₹", "").replace("\u202f", ""))
    except ValueError:
        return None
    if not abs(number) < 1e15:  # noqa: PLR2004 - beyond any amount; also refuses what is no number
        return None
    if choice.kind == "money":
        return round(number * 100)
    return round(number) if whole else number
