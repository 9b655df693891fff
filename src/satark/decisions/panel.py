"""Several views of one payment: which policy answers, what its model says, what the others would have said.

The usual installation has one policy without a model and never comes here; `Decider` asks its rules directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from satark.decisions.draws import CANARY, CONTROL, customer_key
from satark.decisions.model import ModelScore, PolicyVersion
from satark.decisions.roster import CANARY as CANARY_PART
from satark.decisions.roster import LIVE
from satark.decisions.stored import Extras, Shadow
from satark.policies import ListBook, compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satark.decisions.draws import Draws
    from satark.decisions.views import Lineup, View
    from satark.events.kinds import Payment
    from satark.language import Env
    from satark.models import BoundModel
    from satark.policies import Verdict

    Places = Mapping[str, int]
    Pick = Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What comes of one payment.

    Attributes
    ----------
    action
        The answer.
    would
        What was decided, where the answer is allow all the same.
    features
        Of the policy that answered, in its order.
    """

    view: RunningView
    verdict: Verdict
    action: str
    would: str | None
    released: bool
    part: str
    model: ModelScore | None
    features: list[Any]
    extras: Extras | None


class RunningView:
    """One policy, compiled for the facts and features that an engine reads.

    Parameters
    ----------
    view
        The policy with its models.
    facts
        Name of a fact to its place among the known values.
    features
        Name of a feature of this policy to its place among the known values.
    """

    def __init__(self, view: View, facts: Places, features: Places) -> None:
        policy = view.policy
        self.policy = policy
        self.version = PolicyVersion(policy.name, policy.version, policy.content_hash)
        self.lists = ListBook.of(policy) if view.lists is None else view.lists
        self.rules = compile_rules(policy, view.killed)
        self.observe = policy.mode == "observe"
        self.model = policy.model
        places = {**facts, **features}
        scored = 0 if self.model is None else 1
        order = self.rules.order
        self._pick = picker([places[name] for name in order[: len(order) - scored]])
        self._own = picker([features[feature.name] for feature in policy.features])
        self._ask = None if view.model is None else _asking(view.model, places)
        self._challengers = {key: _asking(one, places) for key, one in view.challengers.items()}

    def hear(self, known: Sequence[Any], occurred_us: int) -> tuple[Verdict, float | None]:
        """Return what the rules say, and the model's score."""
        bound = self.lists.at(occurred_us)
        if self.model is None:
            return self.rules.evaluate(self._pick(known), bound), None
        score = None if self._ask is None else _asked(self._ask, known, bound)
        return self.rules.evaluate([*self._pick(known), score], bound), score

    def challenge(self, known: Sequence[Any], occurred_us: int) -> dict[str, float | None]:
        """Return the scores of the models beside."""
        if not self._challengers:
            return {}
        bound = self.lists.at(occurred_us)
        return {key: _asked(ask, known, bound) for key, ask in self._challengers.items()}

    def own_features(self, known: Sequence[Any]) -> list[Any]:
        """Return the policy's features in its order."""
        return list(self._own(known))


class Panel:
    """All views of a lineup.

    Parameters
    ----------
    lineup
        Who takes part.
    running
        Its views, compiled, in the order of `Lineup.views`.
    draws
        Of the installation.
    """

    def __init__(self, lineup: Lineup, running: Sequence[RunningView], draws: Draws) -> None:
        self._draws = draws
        self._live = running[0]
        self._canary = running[1] if lineup.canary is not None else None
        self._share = lineup.percent / 100
        self._shadows = tuple(running[len(running) - len(lineup.shadows) :])

    def decide(
        self, payment: Payment, known: Sequence[Any], occurred_us: int, base_amount: int | None
    ) -> Turn:
        """Return what comes of one payment.

        Parameters
        ----------
        payment
            Sealed.
        known
            Its facts, then all features of the windows.
        occurred_us
            Event time.
        base_amount
            In the base currency, None when there is no rate.
        """
        view, part, draw = self._live, LIVE, None
        if self._canary is not None:
            draw = self._draws.draw(CANARY, self._canary.policy.content_hash, customer_key(payment))
            if draw < self._share:
                view, part = self._canary, CANARY_PART
        verdict, score = view.hear(known, occurred_us)
        action, would = verdict.action, None
        lot = self._lot(view, verdict.action, payment, base_amount)
        control = view.policy.control
        released = control is not None and lot is not None and lot < control.share
        if view.observe or released:
            action, would = "allow", verdict.action
        model = None if view.model is None else ModelScore(view.model.name, view.model.hash, score)
        challengers = view.challenge(known, occurred_us)
        shadow = tuple(_overhear(one, known, occurred_us) for one in self._shadows)
        extras = None
        if draw is not None or lot is not None or model is not None or shadow:
            extras = Extras(draw, lot, score, challengers, shadow)
        return Turn(view, verdict, action, would, released, part, model, view.own_features(known), extras)

    def _lot(self, view: RunningView, action: str, payment: Payment, base_amount: int | None) -> float | None:
        """Draw whether a payment is let through to learn from, if it is one of those that may be."""
        control = view.policy.control
        if control is None or action not in control.actions or view.observe:
            return None
        if base_amount is None or base_amount > control.most_minor:
            return None
        # By payment, not by customer: nobody is let through again and again.
        return self._draws.draw(CONTROL, view.policy.content_hash, payment.id)


def needs_panel(lineup: Lineup, *, exact: bool) -> bool:
    """Return whether deciding takes more than the rules of one policy; `exact`: the windows hold its features alone."""
    policy = lineup.live.policy
    return len(lineup.views) > 1 or policy.model is not None or policy.control is not None or not exact


def picker(places: Sequence[int]) -> Pick:
    """Return the function that takes the values at these places out of a sequence."""
    if len(places) > 1:
        return itemgetter(*places)
    if places:
        only = places[0]
        return lambda known: (known[only],)
    return lambda known: ()  # noqa: ARG005 - nothing is needed


def _asking(model: BoundModel, places: Places) -> tuple[Pick, Callable[[Sequence[Any], Env], float]]:
    order = sorted(model.needed)
    return picker([places[name] for name in order]), model.compile(order)


def _asked(
    ask: tuple[Pick, Callable[[Sequence[Any], Env], float]], known: Sequence[Any], env: Env
) -> float | None:
    """Return a model's score; None when it fails, which never stops a decision (DESIGN promise 4)."""
    pick, predict = ask
    try:
        score = predict(pick(known), env)
    except Exception:  # noqa: BLE001 - whatever a model raises, the rules still count
        return None
    return score if 0.0 <= score <= 1.0 else None  # NaN is neither.


def _overhear(view: RunningView, known: Sequence[Any], occurred_us: int) -> Shadow:
    """Return what a policy in shadow says; whatever happens to it, the answer goes out."""
    try:
        verdict, _ = view.hear(known, occurred_us)
    except Exception:  # noqa: BLE001 - a policy on trial must not touch the answer
        return Shadow(view.policy.content_hash, "", 0.0)
    codes = tuple(fired.code for fired in verdict.fired)
    return Shadow(view.policy.content_hash, verdict.action, verdict.score, codes)
