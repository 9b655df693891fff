"""Why a model scored as it did, in words: "6 payments on this card in 10 minutes, usually 1", in English and Hindi."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.money import format_minor, group_indian
from satark.core.words import duration_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.core.clock import Lang
    from satark.models.binding import BoundModel
    from satark.models.head import ModelInput

UNITS = ("count", "money", "seconds", "share", "ratio", "flag", "text", "hour", "number", "")
MISSING = {"en": "unknown", "hi": "अज्ञात"}
USUALLY = {"en": ", usually {}", "hi": ", सामान्यतः {}"}
BOOLS = {"en": ("no", "yes"), "hi": ("नहीं", "हाँ")}
TIMES = {"en": "{} times", "hi": "{} गुना"}
MOST = 5


@dataclass(frozen=True, slots=True)
class Contribution:
    """One input of a scored event, for people.

    Attributes
    ----------
    name
        Of the input.
    value, typical
        What it was, and what it usually is; None is missing.
    push
        What it added to the score, in log-odds; above 0 makes fraud likelier.
    en, hi
        The sentence.
    """

    name: str
    value: float | str | None
    typical: float | None
    push: float
    en: str
    hi: str


def top_contributions(
    bound: BoundModel, row: Sequence[float], contribution: Sequence[float], limit: int = MOST
) -> list[Contribution]:
    """Return what mattered most for one event, the greatest push first, whichever way it pushed.

    Parameters
    ----------
    bound
        The model.
    row
        The inputs, shape (inputs,).
    contribution
        Their contributions, shape (inputs + 1,), from `satark.models.explain.contributions`.
    limit
        At most so many.
    """
    inputs = bound.model.head.inputs
    order = sorted(range(len(inputs)), key=lambda place: (-abs(contribution[place]), place))
    currency = bound.model.head.base_currency
    return [
        _one(inputs[place], float(row[place]), float(contribution[place]), currency)
        for place in order[:limit]
        if contribution[place]
    ]


def _one(one: ModelInput, number: float, push: float, currency: str) -> Contribution:
    value: float | str | None = None if math.isnan(number) else number
    if one.categories and value is not None:
        value = one.categories[int(number)]
    en, hi = (sentence(one, value, currency, lang) for lang in ("en", "hi"))
    return Contribution(one.name, value, one.typical, push, en, hi)


def sentence(one: ModelInput, value: float | str | None, currency: str, lang: Lang) -> str:
    """Write what an input was and what it usually is.

    Examples
    --------
    >>> from satark.models.head import ModelInput
    >>> one = ModelInput("card_10m", "card_10m", "int", typical=1.0, unit="count",
    ...     says_en="{value} payments on this card in 10 minutes", says_hi="इस कार्ड से 10 मिनट में {value} बार")
    >>> sentence(one, 6.0, "INR", "en")
    '6 payments on this card in 10 minutes, usually 1'
    >>> sentence(one, 6.0, "INR", "hi")
    'इस कार्ड से 10 मिनट में 6 बार, सामान्यतः 1'
    """
    template = (one.says_hi if lang == "hi" else one.says_en) or f"{one.name}: {{value}}"
    text = template.replace("{value}", written(one, value, currency, lang))
    if one.typical is None or one.unit in {"text", "flag", "hour"} or one.categories:
        return text
    return text + USUALLY[lang].format(written(one, one.typical, currency, lang))


def written(one: ModelInput, value: float | str | None, currency: str, lang: Lang) -> str:  # noqa: PLR0911 - a unit each
    """Write one value of an input by its unit."""
    if value is None:
        return MISSING[lang]
    if isinstance(value, str):
        return value
    match one.unit:
        case "count":
            return group_indian(round(value)) if value == round(value) else _short(value)
        case "money":
            return format_minor(round(value), currency)
        case "seconds":
            return duration_words(value, lang)
        case "share":
            return f"{value:.0%}" if value >= 0.1 or not value else f"{value:.2%}"  # noqa: PLR2004 - small shares in full
        case "ratio":
            return TIMES[lang].format(_short(value))
        case "flag":
            return BOOLS[lang][bool(value)]
        case "hour":
            return f"{int(value):02d}:00"
    if one.type == "bool":
        return BOOLS[lang][bool(value)]
    return _short(value)


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
