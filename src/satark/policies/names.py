"""What a policy may name: facts of events, signals, custom attributes, and its own features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.events.facts import BASE_FACTS, Fact, custom_facts
from satark.events.signals import SIGNAL_INPUTS
from satark.language import NameInfo, Type
from satark.policies.model_rules import MODEL_SCORE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from satark.events.facts import FactType
    from satark.events.signals import Signal
    from satark.features.spec import FeatureSpec
    from satark.policies.model import Policy

DECIDED = "payment"
"""The type of event that rules decide."""


def known_facts(attributes: Mapping[str, FactType], signals: Mapping[str, Signal]) -> dict[str, Fact]:
    """Return every fact a policy may name, with the events that have it.

    A signal belongs to the events that have all its inputs; whole parts of a payment (`lines`, addresses)
    belong to payments and to what is about them.
    """
    facts = {**BASE_FACTS, **custom_facts(attributes)}

    def fact_of(name: str) -> Fact:
        if name not in facts:
            signal = signals[name]
            events = frozenset.intersection(*(_events_of(part) for part in signal.inputs))
            facts[name] = Fact(name, signal.type, events, signal.about, signal.choices)
        return facts[name]

    def _events_of(part: str) -> frozenset[str]:
        return BASE_FACTS["amount"].events if part in SIGNAL_INPUTS else fact_of(part).events

    for name in signals:
        fact_of(name)
    return facts


def rule_names(facts: Mapping[str, Fact], features: Iterable[FeatureSpec]) -> dict[str, NameInfo]:
    """Return what a rule's expression may name: the facts of a payment and the features."""
    names = {
        fact.name: NameInfo(
            Type(fact.type.value),
            fact.nullable_in(DECIDED),
            None if fact.choices is None else frozenset(fact.choices),
        )
        for fact in facts.values()
        if DECIDED in fact.events
    }
    names.update({feature.name: NameInfo(feature.type) for feature in features})
    return names


def names_of(policy: Policy) -> dict[str, NameInfo]:
    """Return what a policy's rules may name: facts of a payment, features, and the model's score where there is one."""
    names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
    if policy.model is not None:
        names[MODEL_SCORE] = NameInfo(Type.FLOAT)
    return names
