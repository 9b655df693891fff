"""A model's card as the page shows it. Cards of models from elsewhere say less; what is missing is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satark.models.words import USUALLY, written
from satark.web import i18n
from satark.web.i18n import mark as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.core.clock import Lang
    from satark.models import ModelHead, ModelInput

MOST_INPUTS = 25
MOST_GROUPS = 40
FIGURES = (
    ("auc", _("AUC (1 is perfect, 0.5 is chance)")),
    ("average_precision", _("Average precision")),
    ("daily_precision_100", _("Share of frauds among 100 customers looked at a day")),
    ("calibration_error", _("Calibration error of the probabilities")),
)
KIND_NAMES = {
    "lightgbm": _("Decision trees (LightGBM)"),
    "logistic": _("Logistic regression"),
    "onnx": _("From elsewhere (ONNX)"),
    "sklearn": _("From elsewhere (scikit-learn)"),
}


LIMITS = (
    _("The figures hold for payments like those of the span above; watch the drift of inputs and score."),
    _(
        "What was held or blocked showed its outcome only where it was released as control; less is known of it."
    ),
    _("A high score is a reason to look, not a proof; every refusal needs a rule with a reason."),
    _(
        "The span is shorter than the delay of labels, so the tested parts follow the learnt ones without a gap;"
        " the figures are likely too good."
    ),
    _("Trained elsewhere; what it was trained on, and how well it does, is not known here."),
)
"""The sentences that cards have (`satark.models.training.card`), to be found in the catalogues."""
FEW = _("Only %(count)s frauds were there to learn from; the intervals are wide.")
_FEW = re.compile(re.escape(FEW).replace(re.escape("%(count)s"), r"(\d{1,9})"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure on payments that were not learnt from: of the model and of the logistic regression beside it."""

    words: str
    model: str
    interval: str
    baseline: str


@dataclass(frozen=True, slots=True)
class Gain:
    """One input; `share` of what all inputs gained in training, None where that is not known."""

    name: str
    source: str
    words: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """How good the model was among some of the payments; None where there were too few frauds."""

    name: str
    payments: int
    frauds: int
    auc: float | None
    average_precision: float | None


@dataclass(frozen=True, slots=True)
class Card:
    """What the page says of a model.

    Attributes
    ----------
    span, held
        From when to when, how many payments and frauds: learnt from, and kept aside to judge by.
    monotone
        The inputs that are bound to one direction.
    """

    span: Mapping[str, Any]
    held: Mapping[str, Any]
    figures: tuple[Figure, ...]
    inputs: tuple[Gain, ...]
    more_inputs: int
    groups: tuple[Group, ...]
    limits: tuple[str, ...]
    notes: str
    made_with: tuple[str, ...]
    policy: str


@dataclass(frozen=True, slots=True)
class Brief:
    """A line of the list: from which days a model learnt, and its average precision; empty where the card is silent."""

    days: str
    average_precision: str


def brief_of(head: ModelHead) -> Brief:
    """Return what the list says of a model."""
    span = _span(head.card.get("span"))
    value, _low, _high = _three(
        _mapping(_mapping(head.card.get("held_out")).get("model")).get("average_precision")
    )
    return Brief(f"{span['from']} – {span['to']}" if span else "", "" if value is None else f"{value:.3f}")


def card_of(head: ModelHead, lang: Lang) -> Card:
    """Return the card of a model in a language."""
    card = head.card
    held = _mapping(card.get("held_out"))
    limits = card.get("limits", ())
    policy = _mapping(_mapping(card.get("source")).get("policy"))
    inputs = _inputs(head, lang)
    return Card(
        span=_span(card.get("span")),
        held=_span(held.get("span")),
        figures=_figures(_mapping(held.get("model")), _mapping(held.get("logistic"))),
        inputs=inputs[:MOST_INPUTS],
        more_inputs=max(0, len(inputs) - MOST_INPUTS),
        groups=_groups(_mapping(held.get("groups"))),
        limits=tuple(_limit(str(one), lang) for one in ((limits,) if isinstance(limits, str) else limits)),
        notes=str(card.get("notes", ""))[:2_000],
        made_with=tuple(f"{name} {version}" for name, version in sorted(head.trained_with.items())),
        policy=f"{policy['name']} {policy.get('version', '')}".strip() if "name" in policy else "",
    )


def _limit(sentence: str, lang: Lang) -> str:
    translate = i18n.translations(lang).gettext
    few = _FEW.fullmatch(sentence)
    return translate(sentence) if few is None else translate(FEW) % {"count": few[1]}


def _figures(model: Mapping[str, Any], baseline: Mapping[str, Any]) -> tuple[Figure, ...]:
    found = []
    for name, words in FIGURES:
        value, low, high = _three(model.get(name))
        if value is None:
            continue
        other, _low, _high = _three(baseline.get(name))
        interval = "" if low is None or high is None else f"{low:.3f}–{high:.3f}"
        found.append(Figure(words, f"{value:.3f}", interval, "" if other is None else f"{other:.3f}"))
    return tuple(found)


def _three(told: Any) -> tuple[float | None, float | None, float | None]:  # noqa: ANN401 - any JSON value
    """Return a figure with its interval, where the card has one."""
    values = told if isinstance(told, list | tuple) else [told]
    numbers = [float(one) if isinstance(one, int | float) else None for one in values[:3]]
    value, low, high = (*numbers, None, None, None)[:3]
    return value, low, high


def _inputs(head: ModelHead, lang: Lang) -> tuple[Gain, ...]:
    gains = _mapping(head.card.get("inputs"))
    order = sorted(head.inputs, key=lambda one: -float(gains.get(one.name, 0)))
    return tuple(
        Gain(
            one.name,
            f"{one.source}, {one.partner}" if one.partner else one.source,
            _words(one, head.base_currency, lang),
            float(gains[one.name]) if one.name in gains else None,
        )
        for one in order
    )


def _words(one: ModelInput, currency: str, lang: Lang) -> str:
    """Return what an input means, with a gap for its value and what is usual."""
    says = one.says_hi if lang == "hi" else one.says_en
    words = says.replace("{value}", "…")
    if not words or one.typical is None or one.categories or one.unit in {"flag", "hour"}:
        return words
    return words + USUALLY[lang].format(written(one, one.typical, currency, lang))


def _groups(told: Mapping[str, Any]) -> tuple[Group, ...]:
    return tuple(
        Group(
            name,
            int(one.get("payments", 0)),
            int(one.get("frauds", 0)),
            one.get("auc"),
            one.get("average_precision"),
        )
        for name, one in list(told.items())[:MOST_GROUPS]
        if isinstance(one, dict)
    )


def _span(told: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON value
    """Return a span that says all that pages show of one, else nothing."""
    span = _mapping(told)
    return span if {"from", "to", "payments", "frauds"} <= span.keys() else {}


def _mapping(told: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON value
    return told if isinstance(told, dict) else {}
