"""Which event type's entries a window holds, when the author does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language.diagnostics import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from satark.events.facts import Fact
    from satark.features.oneline_syntax import OnelineSyntax
    from satark.language.diagnostics import Reporter

PREFERENCE = ("payment", "payment_result", "label", "payee_change")
"""The first of these that has all the facts that a feature uses is meant."""


def infer_event_type(
    syntax: OnelineSyntax, facts: Mapping[str, Fact], constants: Container[str], reporter: Reporter
) -> str:
    """Return the event type of a feature: the written one, or the first that has all its facts.

    Where none has, the one with the most of them is taken and each fact that it lacks is reported.
    """
    used = [(name.name, name.start) for name in syntax.names() if name.name not in constants]
    used += [(token.text, token.start) for token in syntax.by]
    used = [(name, start) for name, start in used if name in facts]
    known = frozenset[str]().union(*(fact.events for fact in facts.values()))
    ranked = [*(t for t in PREFERENCE if t in known), *sorted(known.difference(PREFERENCE))]
    if syntax.event is not None:
        chosen = syntax.event.text
        if chosen not in known:
            reporter.report(
                syntax.event.start,
                "unknown_event_type",
                f"there is no event type {quoted(chosen)}",
                expected=", ".join(ranked),
                hint=did_you_mean(chosen, ranked),
            )
            return ""
    else:
        chosen = max(
            ranked,
            key=lambda t: (sum(t in facts[name].events for name, _ in used), -ranked.index(t)),
            default="",
        )
    for name, start in used:
        if chosen not in facts[name].events:
            reporter.report(
                start,
                "wrong_event_type",
                f"a {chosen} has no fact `{name}`",
                found=f"a fact of {' and '.join(t for t in ranked if t in facts[name].events)}",
                expected="facts of one event type",
                hint="" if syntax.event is None else "leave out `of` to have it inferred",
            )
    return chosen
