"""Which decisions become alerts, in which queue and by when: the routes of a policy, followed on stored decisions.

After the log, in the worker: never on the way of an event that waits for its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.language import compile_each
from satark.policies.case_rules import ROUTE_FACTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satark.policies.case_rules import CaseRules, Route


class _NoLists:
    """A policy whose routes ask lists is refused when it is read, so nobody calls this."""

    @staticmethod
    def listed(_list_name: str, _value: Any, /) -> bool | None:  # noqa: ANN401 - of any type
        return None


_NO_LISTS = _NoLists()


class Router:
    """The routes of one policy, ready to follow.

    Attributes
    ----------
    facts
        The facts of a payment that the routes name, in the order in which `route` takes their values.
    """

    def __init__(self, rules: CaseRules) -> None:
        named = set[str]()
        for route in rules.routes:
            if route.when is not None:
                named |= route.when.names
        self.facts: tuple[str, ...] = tuple(sorted(named.difference(ROUTE_FACTS)))
        order = (*self.facts, *ROUTE_FACTS)
        conditions = [route.when for route in rules.routes if route.when is not None]
        compiled = iter(compile_each(conditions, order))
        self._routes: list[tuple[Route, Callable[[Sequence[Any], Any], Any] | None]] = [
            (route, None if route.when is None else next(compiled)) for route in rules.routes
        ]

    def route(self, values: Sequence[Any], action: str, score: float, kinds: Sequence[str]) -> Route | None:
        """Return the first route that matches; None when the decision becomes no alert.

        Parameters
        ----------
        values
            One value per name of `facts`; None is null.
        kinds
            The kinds of the rules that fired. A route that names `kind` matches when it does so for one of them;
            without any, `kind` is null.
        """
        rows = [[*values, action, score, kind] for kind in kinds or (None,)]
        for route, when in self._routes:
            if when is None or any(self._matches(when, row) for row in rows):
                return None if route.queue is None else route
        return None

    def route_facts(
        self, facts: Mapping[str, Any], action: str, score: float, kinds: Sequence[str]
    ) -> Route | None:
        """Return the same from facts by name; a missing one is null."""
        return self.route([facts.get(name) for name in self.facts], action, score, kinds)

    def _matches(self, when: Callable[[Sequence[Any], Any], Any], row: Sequence[Any]) -> bool:
        try:
            return when(row, _NO_LISTS) is True
        except Exception:  # noqa: BLE001 - as in a decision, whatever one condition raises, the others still count
            return False
