"""Put a policy and the models that it names together, or say why they do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.core.errors import ModelInvalid, SatarkError
from satark.decisions.views import View
from satark.features.spec import feature_signature
from satark.models import bind_model, load_model
from satark.policies.names import known_facts, rule_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from satark.models import BoundModel, Model
    from satark.policies import ListBook, Policy
    from satark.policies.model_rules import ModelRef

    FindModel = Callable[[ModelRef], Iterable[bytes]]
    """Gives the bytes of what may be a model, from wherever it may lie; the first that is the one is taken."""


def bind_for(policy: Policy, model: Model) -> BoundModel:
    """Check a model against what a policy knows.

    Raises
    ------
    ModelInvalid
        It does not fit.
    """
    names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
    signatures = {feature.name: feature_signature(feature) for feature in policy.features}
    return bind_model(model, names, signatures, policy.base_currency)


def bound_model(policy: Policy, ref: ModelRef, find: FindModel) -> BoundModel:
    """Return one of the models that a policy names, read and checked.

    Raises
    ------
    ModelInvalid
        There is none, its content is not the one that the policy means, is damaged, or does not fit the policy.
    """
    message = f"the model {ref.use} of the policy {policy.name} is nowhere to be found"
    problem: SatarkError = ModelInvalid(message, model=ref.name)
    for data in find(ref):
        try:
            model = load_model(data, file=ref.use)
        except SatarkError as error:
            problem = error
            continue
        if model.hash == ref.hash:
            return bind_for(policy, model)
        message = (
            f"the model {ref.use} is not the one that the policy {policy.name} names: its hash begins with "
            f"{model.hash[:12]}, the policy says {ref.hash[:12]}"
        )
        problem = ModelInvalid(message, model=ref.name)
    raise problem


def view_of(
    policy: Policy,
    find: FindModel,
    *,
    killed: Collection[str] = (),
    lists: ListBook | None = None,
    failed: Callable[[ModelRef, SatarkError], None] | None = None,
) -> View:
    """Return a policy with its models, as it takes part.

    Parameters
    ----------
    policy
        Checked.
    find
        Gives the bytes of a model.
    killed, lists
        As of `View`.
    failed
        Told of a model that cannot be used, which then is left out: an engine that starts decides without it, and
        says so in each answer. Without this, it is an error.

    Raises
    ------
    ModelInvalid
        Only without `failed`.
    """

    def bound(ref: ModelRef) -> BoundModel | None:
        try:
            return bound_model(policy, ref, find)
        except SatarkError as error:
            if failed is None:
                raise
            failed(ref, error)
            return None

    model = None if policy.model is None else bound(policy.model)
    challengers = {}
    for ref in () if policy.model is None else policy.model.challengers:
        one = bound(ref)
        if one is not None:
            challengers[ref.hash] = one
    return View(policy, model, challengers, frozenset(killed), lists)
