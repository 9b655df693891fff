"""The rules of a policy as one function: the last step before a decision.

All conditions are compiled into one generated function that returns a bit mask. Most events fire nothing;
then the mask is 0 and one prepared verdict is returned. Reasons are written only for rules that fired.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from satark.language import compile_each, compile_mask
from satark.policies.model import ACTIONS, GRAVITY, MISSING_LIST_ACTION, FiredRule, Policy, Rule, Verdict
from satark.policies.model_rules import MISSING_MODEL_ACTION, MODEL_SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


class VerdictEnv(Protocol):
    """What rules ask of the world, bound to one event (`satark.policies.lists.BoundLists`)."""

    @property
    def unavailable(self) -> tuple[str, ...]:
        """The lists that could not be read."""

    def listed(self, list_name: str, value: Any, /) -> bool | None:  # noqa: ANN401 - as wide as the types of lists
        """Tell whether a list has a value at the time of the event; None: the list is not available."""


NOTHING = Verdict("allow", 0.0)
"""What most events get."""


class CompiledRules:
    """The rules of one policy, ready to run.

    Attributes
    ----------
    policy
        What was compiled, without the rules that are switched off.
    order
        The facts and features whose values `evaluate` takes, in this order, and last the model's score where the
        policy has a model.
    """

    __slots__ = (
        "_each", "_exempts", "_mask", "_model", "_needed", "_places", "_told", "_until", "order", "policy",
    )  # fmt: skip

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        rules = policy.rules
        self._model = policy.model
        self.order: tuple[str, ...] = needed_names(policy)
        exprs = [rule.when for rule in rules]
        self._mask = compile_mask(exprs, self.order)
        self._told: dict[str, tuple[list[tuple[str, int]], list[tuple[str, int]]]] = {}
        self._each: list[Callable[[Sequence[Any], Any], Any]] | None = None
        self._places = {name: place for place, name in enumerate(self.order)}
        self._needed = [_needed_by(rule) for rule in rules]
        bit_of = {rule.code: 1 << place for place, rule in enumerate(rules)}
        self._exempts = [
            (1 << place, sum(bit_of[code] for code in rule.exempt if code in bit_of))
            for place, rule in enumerate(rules)
        ]
        self._exempts = [pair for pair in self._exempts if pair[1]]
        self._until = [
            (1 << place, rule.until_us) for place, rule in enumerate(rules) if rule.until_us is not None
        ]

    def evaluate(self, values: Sequence[Any], env: VerdictEnv) -> Verdict:
        """Return what the rules say about one event.

        Parameters
        ----------
        values
            One value per name of `order`; None is null.
        env
            The lists at the time of the event.
        """
        degraded: tuple[str, ...] = ()
        try:
            mask = self._mask(values, env)
        except Exception:  # noqa: BLE001 - whatever one rule raises, the others still count
            mask, degraded = self._one_by_one(values, env)
        unavailable = env.unavailable
        if not mask and not unavailable and not degraded:
            if self._model is None:
                return NOTHING
            if values[-1] is not None:
                return Verdict(ACTIONS[0], values[-1])
        return self._verdict(mask, values, unavailable, degraded)

    def codes(self, values: Sequence[Any], env: VerdictEnv) -> tuple[str, ...]:
        """Return the codes of the rules that count, without writing reasons."""
        return tuple(rule.code for rule in self._counting(self._mask(values, env), values))

    def _counting(self, mask: int, values: Sequence[Any]) -> list[Rule]:
        """Return the rules behind a mask, without those that are over or exempt."""
        for bit, until_us in self._until:
            if mask & bit and values[self._places["occurred_at"]] >= until_us:
                mask &= ~bit
        fired = mask
        for bit, exempt in self._exempts:
            if fired & bit:
                mask &= ~exempt
        rules = self.policy.rules
        counting: list[Rule] = []
        while mask:
            low = mask & -mask
            counting.append(rules[low.bit_length() - 1])
            mask ^= low
        return counting

    def _verdict(
        self, mask: int, values: Sequence[Any], unavailable: tuple[str, ...], degraded: tuple[str, ...]
    ) -> Verdict:
        counting = self._counting(mask, values)
        score = max((rule.score for rule in counting), default=0.0)
        gravity = max((GRAVITY[rule.action] for rule in counting), default=0)
        for action, threshold in self.policy.thresholds.items():
            if counting and score >= threshold:
                gravity = max(gravity, GRAVITY[action])
        if self._model is not None:
            # The thresholds act on the rules' scores alone, so that every act has a rule's reason.
            said = values[-1]
            if said is None:
                degraded += (f"model:{self._model.name}",)
                if self._model.if_missing == "closed":
                    gravity = max(gravity, GRAVITY[MISSING_MODEL_ACTION])
            elif said > score:
                score = said
        if unavailable:
            lists = self.policy.lists
            degraded += tuple(f"list:{name}" for name in unavailable)
            if any(lists[name].if_missing == "closed" for name in unavailable if name in lists):
                gravity = max(gravity, GRAVITY[MISSING_LIST_ACTION])
        fired = tuple(self._explain(rule, values) for rule in counting)
        return Verdict(ACTIONS[gravity], score, fired, degraded)

    def _explain(self, rule: Rule, values: Sequence[Any]) -> FiredRule:
        told, rest = self._shown(rule)
        numbers: dict[str, Any] = {name: values[place] for name, place in told}
        shown = numbers.copy()
        for name, place in rest:
            value = values[place]
            # Texts that the author does not tell (addresses, mail) stay out of the answer; they are personal.
            if isinstance(value, int | float):
                numbers[name] = value
        numbers.update(rule.params)
        return FiredRule(rule.code, numbers, rule.reason_en.fill(shown), rule.reason_hi.fill(shown))

    def _shown(self, rule: Rule) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """Return the (name, place) that a rule's reasons tell, and the others that its condition reads."""
        found = self._told.get(rule.code)
        if found is None:
            told = rule.reason_en.names | rule.reason_hi.names
            found = (
                [(name, self._places[name]) for name in sorted(told)],
                [(name, self._places[name]) for name in sorted(rule.when.names - told)],
            )
            self._told[rule.code] = found
        return found

    def _one_by_one(self, values: Sequence[Any], env: VerdictEnv) -> tuple[int, tuple[str, ...]]:
        """Run each rule alone, so that one that raises costs only itself."""
        if self._each is None:
            self._each = compile_each([rule.when for rule in self.policy.rules], self.order)
        mask, degraded = 0, []
        for place, (rule, single) in enumerate(zip(self.policy.rules, self._each, strict=True)):
            try:
                if single(values, env) is True:
                    mask |= 1 << place
            except Exception:  # noqa: BLE001 - as above
                degraded.append(f"rule:{rule.code}")
        return mask, tuple(degraded)


def compile_rules(policy: Policy, without: Collection[str] = ()) -> CompiledRules:
    """Compile the rules of a policy.

    Parameters
    ----------
    policy
        Checked.
    without
        The codes of the rules that are switched off: they neither fire nor exempt others.
    """
    if without:
        policy = dataclasses.replace(
            policy, rules=tuple(rule for rule in policy.rules if rule.code not in without)
        )
    return CompiledRules(policy)


def needed_names(policy: Policy) -> tuple[str, ...]:
    """Return the names that the rules and their reasons need: facts, features (each sorted), the model's score.

    The score is there whenever the policy has a model, since it is part of the decision's score.
    """
    names: set[str] = set()
    for rule in policy.rules:
        names |= _needed_by(rule)
        if rule.until_us is not None:
            names.add("occurred_at")
    facts = sorted(names & policy.facts_of_rules)
    features = sorted(names.difference(facts, (MODEL_SCORE,)))
    return (*facts, *features, *(() if policy.model is None else (MODEL_SCORE,)))


def _needed_by(rule: Rule) -> frozenset[str]:
    return rule.when.names | rule.reason_en.names | rule.reason_hi.names
