"""What the windows of one card, device or person said at each of its last events, from the stored features.

Nothing is computed again: a decision keeps the values that it saw, so the line on the page is what the rules read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.errors import NotFound
from satark.decisions.comparisons import is_number
from satark.decisions.judge import stored_decision
from satark.web import views
from satark.web.charts import Line, line
from satark.web.decision.explaining import OPERATORS
from satark.web.decision.subjects import facts_of
from satark.web.decision.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.model import EntityRef
    from satark.core.clock import Lang
    from satark.decisions.comparisons import Limit
    from satark.decisions.judge import Judge
    from satark.decisions.ports import LogEntry
    from satark.web.decision.shelf import Shelf

WIDTH = 200
HEIGHT = 40
_UPPER = frozenset({">", ">=", "=="})


@dataclass(frozen=True, slots=True)
class WindowLine:
    """One window over the last events.

    Attributes
    ----------
    now
        The value at the newest event.
    limit
        What a rule holds it against, or nothing.
    over
        Some value was over the limit.
    """

    name: str
    words: str
    now: str
    limit: str
    line: Line
    over: bool


def window_lines(
    shelf: Shelf, ref: EntityRef, entries: Sequence[LogEntry], lang: Lang
) -> tuple[WindowLine, ...]:
    """Return the windows that are kept by a thing, those near their limit first.

    Parameters
    ----------
    entries
        Events of the thing, newest first; those whose features are gone are left out.
    """
    history: dict[str, list[float | None]] = {}
    newest: tuple[Judge, dict[str, list[Limit]]] | None = None
    kept: dict[tuple[str, frozenset[str]], list[tuple[int, str]]] = {}
    steps = 0
    for entry in entries:
        decision = views.decision_of(entry)
        if decision is None:
            continue
        try:
            judge, comparisons = shelf.judge(decision.policy.hash)
            stored = stored_decision(entry)
            if newest is None:
                inputs = judge.inputs(stored, shelf.book(decision.policy.hash, entry.seq))
                newest = judge, comparisons.limits(inputs)
        except NotFound:
            continue
        if len(stored.features) != len(judge.features):
            continue
        named = frozenset(fact for fact, one in facts_of(stored.event).items() if one == ref)
        key = (decision.policy.hash, named)
        if key not in kept:
            kept[key] = _kept_by(judge, named)
        for place, name in kept[key]:
            value = stored.features[place]
            if is_number(value):
                values = history.setdefault(name, [])
                values += [None] * (steps - len(values))
                values.append(value)
        steps += 1
    if newest is None:
        return ()
    judge, limits = newest
    words = Words(judge, lang)
    found: list[tuple[float, int, WindowLine]] = []
    for name in judge.features:
        if name not in history:
            continue
        seen = history[name]
        near, one = _line(words, name, [*seen, *[None] * (steps - len(seen))], limits.get(name, []))
        if one is not None:
            found.append((-near, len(found), one))
    return tuple(one for _, _, one in sorted(found, key=lambda item: item[:2]))


def _kept_by(judge: Judge, named: frozenset[str]) -> list[tuple[int, str]]:
    """Return place and name of the windows that are kept by one of some facts alone."""
    return [
        (place, spec.name)
        for place, spec in enumerate(judge.policy.features)
        if len(spec.by) == 1 and spec.by[0] in named
    ]


def _line(
    words: Words, name: str, values: list[float | None], limits: list[Limit]
) -> tuple[float, WindowLine | None]:
    """Return how near to its limit a window came, and its line, oldest value first."""
    known = [value for value in values if value is not None]
    upper = sorted((one for one in limits if one.op in _UPPER), key=lambda one: one.at)
    limit = upper[0] if upper else None
    chart = line(values[::-1], None if limit is None else limit.at, width=WIDTH, height=HEIGHT)
    if chart is None:
        return 0.0, None
    most = max(known)
    near = 0.0 if limit is None or limit.at <= 0 else most / limit.at
    shown = "" if limit is None else f"{OPERATORS[limit.op]} {words.value(name, limit.at)}"
    over = limit is not None and (most > limit.at or (limit.op != ">" and most == limit.at))
    return near, WindowLine(name, words.name(name), words.value(name, known[0]), shown, chart, over)
