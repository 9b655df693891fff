"""What a lineup of policies needs to decide over windows that are there: rules, readers and row writers, compiled."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from satark.decisions.panel import Panel, RunningView, needs_panel
from satark.decisions.views import all_attributes, all_signals, check_together, feature_key
from satark.events import compile_reader
from satark.events.facts import facts_of
from satark.features.encode import RowWriter
from satark.policies import ListBook, compile_rules
from satark.policies.evaluate import needed_names
from satark.policies.model_rules import MODEL_SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satark.decisions.decide import Decider
    from satark.decisions.views import Lineup

DECIDED = "payment"


class Kind:
    """What one event type needs: how its facts are read and its rows are written."""

    __slots__ = ("order", "reader", "writer")

    def __init__(self, seat: Seat, decider: Decider, kind: str, first: tuple[str, ...]) -> None:
        known = frozenset(facts_of(kind, seat.attributes)) | seat.signals.keys()
        rest = [name for name in decider.plan.names_of(kind, known) if name not in first]
        self.order = [*first, *rest]
        self.reader = compile_reader(self.order, kind, seat.signals, seat.attributes)
        self.writer = RowWriter(decider.plan, kind, self.order, seed=decider.seed, texts=decider.texts)


class Seat:
    """What a lineup needs to decide over windows that are there: rules, readers, row writers, all compiled.

    Made apart from the decider that will use it, since compiling takes milliseconds in which the engine shall answer.
    """

    def __init__(self, decider: Decider, lineup: Lineup) -> None:
        policies = [view.policy for view in lineup.views]
        check_together([*lineup.policies, *policies])
        self.lineup = lineup
        self.policy = lineup.live.policy
        self.attributes = all_attributes([*lineup.policies, *policies])
        self.signals = all_signals([*lineup.policies, *policies])
        self.rules = compile_rules(self.policy, lineup.live.killed)
        place = {name: index for index, name in enumerate(decider.feature_names)}
        outputs = {key: place[name] for key, name in decider.named.items()}
        mine = [{one.name: outputs[feature_key(one)] for one in policy.features} for policy in policies]
        # The usual case: the windows hold the features of the live policy in its order, and nothing else.
        exact = decider.feature_keys == [feature_key(one) for one in self.policy.features]
        if exact:
            mine[0] = {one.name: index for index, one in enumerate(self.policy.features)}
        scored = 0 if self.policy.model is None else 1
        order = self.rules.order[: len(self.rules.order) - scored]
        facts = tuple(name for name in order if name not in mine[0])
        self.n_facts = len(facts)
        self.wanted = picker([mine[0][name] for name in order if name in mine[0]])
        first = tuple(dict.fromkeys((*facts, *_facts_of(lineup, mine))))
        kinds = sorted({DECIDED, *decider.plan.event_types})
        self.kinds = {kind: Kind(self, decider, kind, first if kind == DECIDED else ()) for kind in kinds}
        self.panel: Panel | None = None
        if not needs_panel(lineup, exact=exact):
            self.lists = ListBook.of(self.policy) if lineup.live.lists is None else lineup.live.lists
            self.books = [(self.policy, self.lists)]
            return
        known = {name: index for index, name in enumerate(self.kinds[DECIDED].order)}
        shifted = [{name: len(known) + index for name, index in one.items()} for one in mine]
        running = [
            RunningView(view, known, features) for view, features in zip(lineup.views, shifted, strict=True)
        ]
        self.panel = Panel(lineup, running, decider.draws)
        self.lists = running[0].lists
        self.books = [(view.policy, view.lists) for view in running]


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return the function that picks these places, however few, out of a sequence.

    Examples
    --------
    >>> picker([])("abc"), picker([1])("abc"), picker([2, 0])("abc")
    ((), ('b',), ('c', 'a'))
    """
    if not places:
        return lambda _: ()
    if len(places) == 1:
        (place,) = places
        return lambda values: (values[place],)
    pick: Callable[[Sequence[Any]], tuple[Any, ...]] = itemgetter(*places)
    return pick


def _facts_of(lineup: Lineup, features: Sequence[Mapping[str, int]]) -> list[str]:
    """Return the facts of a payment that any view reads for its rules or models."""
    found: list[str] = []
    for view, mine in zip(lineup.views, features, strict=True):
        models = [*([] if view.model is None else [view.model]), *view.challengers.values()]
        names = [name for model in models for name in sorted(model.needed)]
        found += [name for name in (*needed_names(view.policy), *names) if name not in mine]
    return [name for name in found if name != MODEL_SCORE]
