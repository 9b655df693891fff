"""Why a rule fired, in words: templates with the numbers of the event filled in.

`{name}` stands for a fact, a feature or a parameter of the rule, `{feature.window}` for the length of a
feature's window. A format after a colon says how to write it: `inr` (minor units as ₹1,23,456.00), `km`,
`pct` (0.25 as 25%), `duration` (seconds), `days` (days as a duration), `words` (a code such as `gift_card` in words).
Templates are checked when the policy is read; they are filled in only for rules that fired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satark.core.clock import Micros, format_ist
from satark.core.money import format_minor, group_indian
from satark.core.words import duration_words
from satark.language import Type, did_you_mean
from satark.policies.value_words import VALUE_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.core.clock import Lang

MAX_TEMPLATE = 400
SECONDS_PER_DAY = 86_400
WINDOW_SUFFIX = ".window"
MISSING = {"en": "unknown", "hi": "अज्ञात"}
BOOLS = {"en": ("no", "yes"), "hi": ("नहीं", "हाँ")}
NUMERIC = frozenset({Type.INT, Type.FLOAT})

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Hole:
    """One place of a template that a value goes into."""

    name: str
    write: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: texts and holes in turn.

    Attributes
    ----------
    source
        As written.
    parts
        Texts (str) and holes.
    names
        The facts and features that it needs.
    """

    source: str
    parts: tuple[str | Hole, ...]
    names: frozenset[str]

    def fill(self, values: Mapping[str, Any]) -> str:
        """Write the reason for one event."""
        get = values.get
        return "".join([part if isinstance(part, str) else part.write(get(part.name)) for part in self.parts])


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a template may name: facts and features with their types, parameters, and windows in seconds."""

    types: Mapping[str, Type]
    params: Mapping[str, Any]
    windows: Mapping[str, int]


Complaint = tuple[int, str, str, str]
"""Offset, code, message and hint of one mistake in a template."""


def parse_template(source: str, lang: Lang, known: Vocabulary) -> tuple[Template, list[Complaint]]:
    """Check a template and make it ready to fill in.

    Examples
    --------
    >>> known = Vocabulary({"n": Type.INT}, {"limit": 4}, {"n": 600})
    >>> template, wrong = parse_template("{n} payments in {n.window}; limit {limit}", "en", known)
    >>> template.fill({"n": 6}), wrong
    ('6 payments in 10 minutes; limit 4', [])
    """
    parts: list[str | Hole] = []
    names: set[str] = set()
    wrong: list[Complaint] = []
    if len(source) > MAX_TEMPLATE:
        wrong.append((MAX_TEMPLATE, "too_long", f"a reason has at most {MAX_TEMPLATE} characters", ""))
    if not source.strip():
        wrong.append((0, "empty", "a reason cannot be empty", ""))
    done = 0
    for match in _HOLE.finditer(source):
        parts.append(source[done : match.start()])
        done = match.end()
        if match.group() in {"{{", "}}"}:
            parts.append(match.group()[0])
        elif match.group(1) is None:
            hint = "write {{ or }} for the character itself"
            wrong.append((match.start(), "brace", f"a single `{match.group()}` in a reason", hint))
        else:
            part = _part(match.group(1), lang, known)
            if isinstance(part, tuple):
                wrong.append((match.start() + 1, *part))
                continue
            parts.append(part)
            if isinstance(part, Hole):
                names.add(part.name)
    parts.append(source[done:])
    return Template(source, tuple(part for part in parts if part != ""), frozenset(names)), wrong


def _part(text: str, lang: Lang, known: Vocabulary) -> str | Hole | tuple[str, str, str]:
    """Return a hole, a text that is known already (parameters, windows), or what is wrong."""
    name, _, spec = (piece.strip() for piece in text.partition(":"))
    if name.endswith(WINDOW_SUFFIX) and name.removesuffix(WINDOW_SUFFIX) in known.windows:
        return duration_words(known.windows[name.removesuffix(WINDOW_SUFFIX)], lang)
    if spec == _WORDS and name in known.types:
        return _in_words(name, lang)
    if spec and spec not in _KNOWN:
        return (
            "unknown_format",
            f"there is no format `{spec}`",
            did_you_mean(spec, _KNOWN) or f"known are {', '.join(_KNOWN)}",
        )
    if name in known.params:
        value = known.params[name]
        if spec == _WORDS:
            return "format_type", f"`{_WORDS}` writes facts, and `{name}` is a parameter", ""
        if spec and (isinstance(value, bool) or not isinstance(value, int | float)):
            return "format_type", f"`{spec}` writes numbers, and `{name}` is none", ""
        return _writer(spec, _type_of(value), lang)(value)
    if name not in known.types:
        candidates = [*known.types, *known.params, *(f"{window}{WINDOW_SUFFIX}" for window in known.windows)]
        return "unknown_name", f"`{name}` is not a fact, feature or parameter", did_you_mean(name, candidates)
    kind = known.types[name]
    if spec and kind not in NUMERIC:
        return "format_type", f"`{spec}` writes numbers, and `{name}` is {kind}", ""
    return Hole(name, _writer(spec, kind, lang))


def _in_words(name: str, lang: Lang) -> Hole | tuple[str, str, str]:
    if name not in VALUE_WORDS:
        return (
            "format_type",
            f"there are no words for the values of `{name}`",
            f"known are {', '.join(VALUE_WORDS)}",
        )
    words = {value: both.of(lang) for value, both in VALUE_WORDS[name].items()}
    return Hole(name, lambda value: MISSING[lang] if value is None else words.get(value, str(value)))


def _writer(spec: str, kind: Type, lang: Lang) -> Callable[[Any], str]:
    if spec:
        form = _FORMATS[spec]
        return lambda value: MISSING[lang] if value is None else form(value, lang)
    if kind is Type.TIME:
        return lambda value: MISSING[lang] if value is None else format_ist(Micros(value), lang)
    return lambda value: _plain(value, lang)


def _plain(value: Any, lang: Lang) -> str:  # noqa: ANN401 - a value of any type of the language
    if value is None:
        return MISSING[lang]
    if type(value) is int:
        return group_indian(value)
    if isinstance(value, bool):
        return BOOLS[lang][value]
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, tuple):
        return ", ".join(f"{number:.3f}" for number in value[:2])
    return str(value)


def _type_of(value: Any) -> Type:  # noqa: ANN401 - a constant of any type
    if isinstance(value, bool):
        return Type.BOOL
    if isinstance(value, int):
        return Type.INT
    return Type.FLOAT if isinstance(value, float) else Type.STR


def _km(value: float, lang: Lang) -> str:
    unit = "किमी" if lang == "hi" else "km"
    return f"{group_indian(round(value))} {unit}"


_WORDS = "words"
_FORMATS: dict[str, Callable[[Any, Lang], str]] = {
    "inr": lambda value, _: format_minor(round(value), "INR"),
    "km": _km,
    "pct": lambda value, _: f"{value * 100:.0f}%",
    "duration": duration_words,
    "days": lambda value, lang: duration_words(value * SECONDS_PER_DAY, lang),
}
_KNOWN = (*_FORMATS, _WORDS)
