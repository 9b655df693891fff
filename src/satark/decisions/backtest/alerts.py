"""Which decisions become alerts, and in which queue, for many at once: the routes of a policy as columns.

The rule is that of the worker that follows the log: the first route that matches counts; one that names `kind` matches
when it does so for one of the kinds of the rules that count. A property test holds the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.language import FrameEnv, to_polars
from satark.policies.case_rules import ROUTE_FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from satark.policies import Policy
    from satark.policies.bulk import FrameVerdicts

NO_ALERT = -1
_KIND = "kind"


class AlertRoutes:
    """The routes of one policy.

    Attributes
    ----------
    facts
        The facts of a payment that the routes name.
    queues
        The queues, to whose places `queues_of` refers.
    ask_kind
        Whether it matters which rules counted, besides action and score.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        named = {name for one in policy.cases.routes if one.when is not None for name in one.when.names}
        self.facts = frozenset(named.difference(ROUTE_FACTS))
        self.ask_kind = _KIND in named
        queues = [one.queue for one in policy.cases.routes if one.queue is not None]
        self.queues: tuple[str, ...] = tuple(dict.fromkeys(queues))
        env = FrameEnv()
        self._matches = [
            pl.lit(value=True) if one.when is None else to_polars(one.when, env).fill_null(value=False)
            for one in policy.cases.routes
        ]
        self._places = [
            NO_ALERT if one.queue is None else self.queues.index(one.queue) for one in policy.cases.routes
        ]
        self._kinds = sorted({rule.kind for rule in policy.rules if rule.kind}) if self.ask_kind else []

    def queues_of(
        self, facts: pl.DataFrame, verdicts: FrameVerdicts, places: NDArray[np.int64] | None = None
    ) -> NDArray[np.int16]:
        """Return the place of each payment's queue, `NO_ALERT` where the decision becomes no alert.

        Parameters
        ----------
        facts
            With the columns of `facts`.
        places
            The row of each verdict in `facts`; None when there is one verdict per row.
        """
        height = len(verdicts.scores)
        columns = [facts[name] if places is None else facts[name][places] for name in self.facts]
        matched = np.zeros((len(self._matches), height), dtype=np.bool_)
        plain = np.arange(height)
        if self._kinds:
            of_kind = {
                kind: verdicts.counting[:, [r.kind == kind for r in self._policy.rules]].any(axis=1)
                for kind in self._kinds
            }
            plain = np.flatnonzero(~np.logical_or.reduce(list(of_kind.values())))
            for kind, where in of_kind.items():
                self._match(matched, columns, verdicts, np.flatnonzero(where), kind)
        self._match(matched, columns, verdicts, plain, None)
        found = np.full(height, NO_ALERT, dtype=np.int16)
        for place, where in zip(reversed(self._places), matched[::-1], strict=True):
            found[where] = place
        return found

    def _match(
        self,
        matched: NDArray[np.bool_],
        columns: Sequence[pl.Series],
        verdicts: FrameVerdicts,
        rows: NDArray[np.int64],
        kind: str | None,
    ) -> None:
        if not len(rows) or not self._matches:
            return
        some = verdicts
        if len(rows) != len(verdicts.scores):
            some, columns = verdicts.rows(rows), [column[rows] for column in columns]
        frame = pl.DataFrame([*columns, some.actions(), pl.Series("score", some.scores)])
        frame = frame.with_columns(pl.lit(kind, dtype=_STRING).alias(_KIND))
        answers = frame.with_columns(expr.alias(f"__{n}") for n, expr in enumerate(self._matches))
        for place in range(len(self._matches)):
            matched[place, rows] |= answers[f"__{place}"].to_numpy()


_STRING = pl.String()
