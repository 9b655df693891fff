"""Which open case an alert belongs to: the one that shares most with it, seen near enough in time and not full.

Cases themselves are never merged: two people may be at work on them. An alert that belongs to both goes to one, and
each shows the other as related.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from satark.core.clock import MICROS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.policies.case_rules import JoinRule


class Candidate(NamedTuple):
    """An open case that shares things with an alert.

    Attributes
    ----------
    seen_us
        Per shared thing: when an alert of the case last named it.
    """

    case_id: int
    n_alerts: int
    seen_us: tuple[int, ...]


def choose(candidates: Iterable[Candidate], occurred_us: int, join: JoinRule) -> int | None:
    """Return the case to join, None when the alert needs one of its own.

    Most shared things first, then the one seen last, then the newest: a rule without chance, so that the same log
    gives the same cases.

    Examples
    --------
    >>> from satark.policies.case_rules import JoinRule
    >>> join = JoinRule(frozenset({"card"}), within_seconds=60, at_most=2)
    >>> choose([Candidate(1, 1, (0,)), Candidate(2, 1, (5, 9))], 10, join)
    2
    >>> choose([Candidate(1, 2, (0,)), Candidate(2, 1, (-60_000_001,))], 10, join) is None
    True
    """
    span_us = join.within_seconds * MICROS_PER_SECOND
    best: tuple[int, int, int] | None = None
    for case_id, n_alerts, seen_us in candidates:
        near = [at_us for at_us in seen_us if abs(occurred_us - at_us) <= span_us]
        if near and n_alerts < join.at_most:
            rank = (len(near), max(near), case_id)
            best = rank if best is None else max(best, rank)
    return None if best is None else best[2]
