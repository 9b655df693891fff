"""What the model said about a payment and what it went by, ready for a template: sentences with bars on either side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.decisions.explaining import Explained, Failure
from satark.web.i18n import mark as _

if TYPE_CHECKING:
    from satark.core.clock import Lang
    from satark.decisions.model import Decision
    from satark.web.ports import DeskStore

WIDTH = 100.0
"""Units of a bar's view box; the middle is "neither way"."""
_LEAST_WIDTH = 0.8
_MANY_TIMES = 1_000.0

SHOWN, WAITING, ALLOWED, UNASKED, REMOVED = "shown", "waiting", "allowed", "unasked", "removed"
STATE_WORDS = {
    WAITING: _("What the model went by is being computed. It is shown here when it is there."),
    ALLOWED: _("What the model went by is worked out only where the answer was not “allow”."),
    UNASKED: _("The model could not be asked. The rules decided without it."),
    REMOVED: _("What the model went by is not kept (any more)."),
    Failure.GONE.value: _(
        "What the model went by cannot be told: the payment, the policy or the model is not kept."
    ),
    Failure.UNUSABLE.value: _("What the model went by cannot be told: the model cannot be read here."),
    Failure.DIFFERENT.value: _(
        "Asked again, the model gives another score than the one stored. An auditor should look at this."
    ),
    Failure.FAILED.value: _("What the model went by could not be computed. The log of the worker says why."),
}


@dataclass(frozen=True, slots=True)
class PushView:
    """One input, or all the others together.

    Attributes
    ----------
    words
        The sentence; empty for the others together.
    towards
        It made fraud likelier.
    x, width
        Of its bar, in units of `WIDTH`.
    times
        By how much it multiplied the odds of fraud, for instance "3.2" or "0.4".
    """

    words: str
    towards: bool
    x: float
    width: float
    times: str


@dataclass(frozen=True, slots=True)
class ModelView:
    """What a model said.

    Attributes
    ----------
    name, hash
        Of the model.
    score
        None where it could not be asked.
    state
        `SHOWN`, or a key of `STATE_WORDS`.
    pushes
        What mattered most, the greatest first.
    rest, others
        What the other inputs did together, and how many of them did anything.
    exact
        As of `Explained`.
    """

    name: str
    hash: str
    score: float | None
    state: str
    pushes: tuple[PushView, ...] = ()
    rest: PushView | None = None
    others: int = 0
    exact: bool = True


def model_view(store: DeskStore | None, decision: Decision, seq: int, lang: Lang) -> ModelView | None:
    """Return what the model said about a decision; None when its policy has no model.

    Parameters
    ----------
    store
        The desk database, where the worker keeps explanations; None where pages are served without one.
    decision, seq
        The decision and its place in the log.
    lang
        Of the reader.
    """
    model = decision.model
    if model is None:
        return None
    if model.score is None:
        return ModelView(model.name, model.hash, None, UNASKED)
    if (decision.would or decision.action) == "allow":
        return ModelView(model.name, model.hash, model.score, ALLOWED)
    found = None if store is None else store.explanations.get(seq)
    if isinstance(found, Explained):
        return _shown(found, model.hash, lang)
    if isinstance(found, Failure):
        return ModelView(model.name, model.hash, model.score, found.value)
    past = store is None or store.explanations.is_past(seq)
    return ModelView(model.name, model.hash, model.score, REMOVED if past else WAITING)


def _shown(found: Explained, model_hash: str, lang: Lang) -> ModelView:
    greatest = max([abs(one.push) for one in found.inputs] + [abs(found.rest)], default=0.0) or 1.0
    pushes = tuple(_push(one.hi if lang == "hi" else one.en, one.push, greatest) for one in found.inputs)
    rest = _push("", found.rest, greatest) if found.others else None
    return ModelView(
        found.name, model_hash, found.score, SHOWN, pushes, rest, found.others, exact=found.exact
    )


def _push(words: str, push: float, greatest: float) -> PushView:
    """Return the bar of a push: to the right of the middle towards fraud, to the left away from it.

    Examples
    --------
    >>> _push("much", -0.5, 1.0)
    PushView(words='much', towards=False, x=25.0, width=25.0, times='0.61')
    >>> _push("more", 2.0, 2.0).times
    '7.4'
    """
    half = WIDTH / 2
    width = round(max(_LEAST_WIDTH, half * abs(push) / greatest), 2)
    towards = push > 0
    return PushView(words, towards, half if towards else round(half - width, 2), width, _times(push))


def _times(push: float) -> str:
    """Write by how much a push in log-odds multiplies the odds."""
    factor = math.exp(min(push, math.log(_MANY_TIMES) + 1))
    if factor > _MANY_TIMES:
        return "> 1,000"
    if factor < 1 / _MANY_TIMES:
        return "< 0.001"
    return f"{factor:.2g}" if factor < 100 else f"{factor:.0f}"  # noqa: PLR2004 - two digits, then all
