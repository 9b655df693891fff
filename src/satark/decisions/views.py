"""Several policies over the same windows: what each sees, and in which part it decides.

A view is one policy as it takes part: live, canary or shadow. All views share the windows, which hold the union of
their features once each; equal features of two policies are one window, however they are called.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.events.facts import FactType
    from satark.events.signals import Signal
    from satark.features.spec import FeatureSpec
    from satark.language import TypedExpr
    from satark.models import BoundModel
    from satark.policies import ListBook, Policy


@dataclass(frozen=True, slots=True)
class View:
    """One policy as it takes part in deciding.

    Attributes
    ----------
    policy
        Checked.
    model
        The model that it names; None when it names none, or when that one cannot be had.
    challengers
        Other models by their hash, whose scores are stored and act on nothing.
    killed
        The codes of its rules that are switched off.
    lists
        Its lists as they are now; by default as the policy and its files have them.
    """

    policy: Policy
    model: BoundModel | None = None
    challengers: Mapping[str, BoundModel] = field(default_factory=dict)
    killed: frozenset[str] = frozenset()
    lists: ListBook | None = None


@dataclass(frozen=True, slots=True)
class Lineup:
    """All views in their parts: a roster with everything that its hashes stand for.

    Attributes
    ----------
    live, canary, shadows
        As of `satark.decisions.roster.Roster`.
    percent
        Of the customers, to whom the canary answers.
    windows
        The policies whose features the windows hold, in order; empty means those that take part.
    """

    live: View
    canary: View | None = None
    percent: float = 0.0
    shadows: tuple[View, ...] = ()
    windows: tuple[Policy, ...] = ()

    @property
    def views(self) -> tuple[View, ...]:
        """Live, canary, shadows."""
        return (self.live, *(() if self.canary is None else (self.canary,)), *self.shadows)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies whose features the windows hold, in order."""
        return self.windows or tuple(view.policy for view in self.views)


@dataclass(frozen=True, slots=True)
class Union:
    """The features of several policies, each once.

    Attributes
    ----------
    features
        With unique names, the features of the first policy first and under their own names.
    names
        Per policy: name of a feature in the policy to its name in `features`.
    """

    features: tuple[FeatureSpec, ...]
    names: tuple[Mapping[str, str], ...]

    def __iter__(self) -> Any:  # noqa: ANN401 - so that it can be taken apart as a pair
        """Return features, then names."""
        return iter((self.features, self.names))


def feature_key(feature: FeatureSpec) -> tuple[Any, ...]:
    """Return what a feature computes, whatever its name; equal keys give equal values for every event."""

    def text(expr: TypedExpr | None) -> str | None:
        return None if expr is None else expr.canonical

    return (
        feature.statistic.value,
        feature.event_type,
        text(feature.value),
        text(feature.where),
        text(feature.condition),
        feature.by,
        feature.window_seconds,
        feature.delay_seconds,
    )


def union_features(policies: Sequence[Policy]) -> Union:
    """Return the features of several policies, each computation once.

    Parameters
    ----------
    policies
        Whose attributes and base currency agree (`check_together`).

    Examples
    --------
    >>> from satark.policies import load_bundled
    >>> policy = load_bundled()
    >>> features, names = union_features([policy, policy])
    >>> features == policy.features, names[0] == names[1]
    (True, True)
    """
    found: dict[tuple[Any, ...], str] = {}
    features: list[FeatureSpec] = []
    taken: set[str] = set()
    names: list[dict[str, str]] = []
    for policy in policies:
        mine: dict[str, str] = {}
        for feature in policy.features:
            key = feature_key(feature)
            # One policy may name the same computation twice; then it has two outputs, as it always had.
            if key not in found or (policy is policies[0] and feature.name not in taken):
                name, number = feature.name, 1
                while name in taken:
                    number += 1
                    name = f"{feature.name}~{number}"
                taken.add(name)
                features.append(feature if name == feature.name else dataclasses.replace(feature, name=name))
                found.setdefault(key, name)
                mine[feature.name] = name
            else:
                mine[feature.name] = found[key]
        names.append(mine)
    return Union(tuple(features), tuple(names))


def covers(held: Sequence[Policy], wanted: Sequence[Policy]) -> bool:
    """Return whether windows that hold the features of some policies have all that others need."""
    there = {feature_key(feature) for policy in held for feature in policy.features}
    return all(feature_key(feature) in there for policy in wanted for feature in policy.features)


def check_together(policies: Sequence[Policy]) -> None:
    """Refuse policies that cannot share windows.

    Raises
    ------
    InputInvalid
        They count in different currencies, or declare one attribute with two types.
    """
    first = policies[0]
    declared: dict[str, FactType] = {}
    for policy in policies:
        if policy.base_currency != first.base_currency:
            message = (
                f"the policies {first.name} and {policy.name} count in different currencies: "
                f"{first.base_currency} and {policy.base_currency}"
            )
            raise InputInvalid(message, field="base_currency")
        for name, kind in policy.attributes.items():
            if declared.setdefault(name, kind) is not kind:
                message = f"the attribute {name} is declared as {declared[name]} and as {kind}"
                raise InputInvalid(message, field="attributes", attribute=name)


def all_attributes(policies: Sequence[Policy]) -> dict[str, FactType]:
    """Return the custom attributes that any of the policies declares."""
    return {name: kind for policy in policies for name, kind in policy.attributes.items()}


def all_signals(policies: Sequence[Policy]) -> dict[str, Signal]:
    """Return the derived facts that any of the policies may name."""
    return {name: signal for policy in policies for name, signal in policy.signals.items()}
