"""What would change the answer: the nearest value of each input with which the rules would have said something else.

Candidates come from where the rules' comparisons turn; each is judged with all rules, so what is reported is what the
rules say and not what a single comparison suggests. One value changes at a time, everything else stays: a smaller
amount does not make last week's sum smaller. Pages say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satark.decisions.comparisons import Comparisons, is_number
from satark.language import Type
from satark.policies.model import GRAVITY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.decisions.judge import Inputs, Judge

MAX_CANDIDATES = 24
"""Per value; more places where it matters are left out, the farthest first."""
_DIGITS = 3
_FAR = math.inf


class Other(str):
    """Some other text than any that the rules or lists know, for "were this card not on the list"."""

    __slots__ = ()


OTHER = Other("\x00another")


@dataclass(frozen=True, slots=True)
class Change:
    """One value changed, and what the rules say then.

    Attributes
    ----------
    name
        The fact or feature.
    old, new
        Its value as it was and as it would be; `OTHER` stands for any other text.
    action, score, codes
        The answer then.
    distance
        How far the new value is from the old, as a share of it; infinite where there is no measure.
    """

    name: str
    old: Any
    new: Any
    action: str
    score: float
    codes: tuple[str, ...]
    distance: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What single values decide.

    Attributes
    ----------
    milder, graver
        The nearest change of each value to each milder or graver answer, the nearest first.
    quiet
        Per rule that fired, the nearest change of each value with which it would not have.
    """

    milder: tuple[Change, ...]
    graver: tuple[Change, ...]
    quiet: dict[str, tuple[Change, ...]]


def find_changes(judge: Judge, comparisons: Comparisons, inputs: Inputs) -> Findings:
    """Judge again with each value moved over each place where it matters.

    Parameters
    ----------
    judge, comparisons
        Of one policy.
    inputs
        What the rules were given.
    """
    now = judge.answer(inputs)
    fired = set(now.codes)
    answers: dict[tuple[str, str], Change] = {}
    quiet: dict[str, dict[str, Change]] = {code: {} for code in fired}
    for name in judge.order:
        for new in candidates(judge, comparisons, inputs, name):
            if _codes(judge, judge.changed(inputs, name, new)) == now.codes:
                # The same rules, so the same answer; most candidates end here.
                continue
            change = judged(judge, inputs, name, new)
            if change.action != now.action:
                _keep_nearest(answers, (name, change.action), change)
            for code in fired.difference(change.codes):
                _keep_nearest(quiet[code], name, change)
    here = GRAVITY[now.action]
    return Findings(
        milder=_nearest_first(one for one in answers.values() if GRAVITY[one.action] < here),
        graver=_nearest_first(one for one in answers.values() if GRAVITY[one.action] > here),
        quiet={code: _nearest_first(quiet[code].values()) for code in quiet},
    )


def _codes(judge: Judge, inputs: Inputs) -> tuple[str, ...] | None:
    """Return the rules that count, None when one of them cannot be asked."""
    try:
        return judge.rules.codes(inputs.values, inputs.lists)
    except Exception:  # noqa: BLE001 - `judged` lets the others still count
        return None


def judged(judge: Judge, inputs: Inputs, name: str, new: Any) -> Change:  # noqa: ANN401 - of any type
    """Return what the rules say with one value changed."""
    old = judge.value(inputs, name)
    answer = judge.answer(judge.changed(inputs, name, new))
    return Change(name, old, new, *answer, distance=_distance(old, new))


def without(judge: Judge, inputs: Inputs, code: str) -> str:
    """Return what the other rules that fired come to when one of them is left out."""
    codes = judge.answer(inputs).codes
    return judge.answer_of((one for one in codes if one != code), inputs).action


def candidates(judge: Judge, comparisons: Comparisons, inputs: Inputs, name: str) -> list[Any]:
    """Return the values worth trying for a name, the nearest first; never the one that it has."""
    info = judge.names[name]
    old = judge.value(inputs, name)
    if name not in comparisons.readers or info.type in (Type.TIME, Type.LOCATION):
        return []
    if info.type is Type.BOOL:
        return [value for value in (True, False) if value is not old]
    if info.type is Type.STR:
        return _texts(judge, comparisons, inputs, name)
    turns = comparisons.turns(inputs, name)
    values = {value for turn in turns for value in _around(turn, whole=info.type is Type.INT)}
    least = -_FAR if is_number(old) and old < 0 else 0
    usable = [value for value in values if value != old and value >= least and abs(value) < 2**62]
    return sorted(usable, key=lambda value: (_distance(old, value), value))[:MAX_CANDIDATES]


def _texts(judge: Judge, comparisons: Comparisons, inputs: Inputs, name: str) -> list[Any]:
    old = judge.value(inputs, name)
    if old is None:
        return []
    texts, names = comparisons.texts.get(name, (set(), set()))
    choices = judge.names[name].choices
    found: dict[Any, None] = dict.fromkeys(sorted(texts))
    found |= dict.fromkeys(judge.value(inputs, other) for other in sorted(names))
    found |= dict.fromkeys(sorted(choices) if choices else [OTHER])
    return [text for text in found if text is not None and text != old][:MAX_CANDIDATES]


def _around(turn: float, *, whole: bool) -> Iterable[float]:
    """Return the values just before, at and just after the place where a comparison turns.

    Examples
    --------
    >>> sorted(set(_around(6.0, whole=True))), sorted(set(_around(6.5, whole=True)))
    ([5, 6, 7], [5, 6, 7])
    >>> list(_around(0.5, whole=False))
    [0.499, 0.5, 0.501]
    """
    if whole:
        near = round(turn)
        return (near - 1, near, near + 1)
    if turn == 0:
        return (0.0, 10.0**-_DIGITS)
    step = 10.0 ** (math.floor(math.log10(abs(turn))) - _DIGITS + 1)
    digits = max(0, _DIGITS - 1 - math.floor(math.log10(abs(turn))))
    return (round(turn - step, digits), turn, round(turn + step, digits))


def _distance(old: Any, new: Any) -> float:  # noqa: ANN401 - values of any type
    """Measure how far a change goes; changes without a measure come after those with one."""
    if is_number(old) and is_number(new):
        return float(abs(new - old) / max(1.0, abs(old)))
    return _FAR


def _keep_nearest(kept: dict[Any, Change], key: Any, change: Change) -> None:  # noqa: ANN401 - any key
    known = kept.get(key)
    if known is None or change.distance < known.distance:
        kept[key] = change


def _nearest_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda one: (one.distance, one.name, GRAVITY[one.action])))
