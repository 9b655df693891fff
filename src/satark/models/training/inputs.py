"""Which inputs a model may have by default, given what a policy knows: features, facts, and expressions over both.

Every input is an expression of the policy's language, so that serving needs nothing else than the policy has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from satark.features.spec import FeatureSpec, Statistic, feature_signature
from satark.language import NameInfo, Position, Schema, Type, parse_and_check
from satark.language.tree import Name
from satark.models.binding import Near
from satark.models.head import INPUT_TYPES, ModelInput
from satark.models.training.derive import Derived, derived
from satark.models.training.says import say_derived, say_fact, say_feature, say_near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.language import TypedExpr

MAX_CATEGORIES = 50
FEW_VALUED = frozenset(
    {"mcc", "currency", "ip_country", "issuer_country", "shipping_country", "billing_country"}
)
"""Texts without a closed list of values that still have few; others are names of somebody or something."""
CUSTOM = "custom."
_CLOCK = "occurred_at"
_NEVER = frozenset({"amount_minor"})
"""Minor units of whatever currency: no number to compare; `amount` is the one."""


class Candidates(NamedTuple):
    """Inputs that training begins with, and what they need from the past payments.

    Attributes
    ----------
    inputs
        In order; texts whose values are learnt from the payments have no categories yet.
    exprs
        Their checked expressions.
    facts
        The facts (not features) that they read.
    near
        Those that look into a table, which is drawn from the payments before the training.
    """

    inputs: tuple[ModelInput, ...]
    exprs: tuple[TypedExpr, ...]
    facts: frozenset[str]
    near: tuple[Near, ...] = ()


def candidates(
    names: Mapping[str, NameInfo],
    features: Sequence[FeatureSpec],
    *,
    exclude: frozenset[str] = frozenset(),
    monotone: Mapping[str, int] | None = None,
    facts: frozenset[str] | None = None,
    graph: Mapping[str, str] | None = None,
) -> Candidates:
    """Return all inputs that can be made of a policy's names.

    Parameters
    ----------
    names
        The facts and features that a rule of the policy may name.
    features
        Of the policy.
    exclude
        Facts and features that no input may read.
    monotone
        A fact or feature to 1 or -1, for the input that is exactly this name.
    facts
        The facts that may be used; None: all that suit.
    graph
        Pairs of text facts; for each there is an input that says how near their names lie.
    """
    known = {name: info for name, info in names.items() if name not in exclude | _NEVER}
    specs = [one for one in features if one.name in known]
    signatures = {one.name: feature_signature(one) for one in specs}
    plain = [*_of_facts(known, signatures, facts), *_of_features(known, specs)]
    more = [
        (ModelInput(one.name, one.source, "float", unit=one.unit), say_derived(one))
        for one in _derived(known, specs)
    ]
    schema, bounds = Schema(known), monotone or {}
    made: dict[str, tuple[ModelInput, TypedExpr]] = {}
    for one, (en, hi) in [*plain, *more]:
        expr, wrong = parse_and_check(one.source, schema, Position(one.name))
        if expr is None or wrong or expr.type not in INPUT_TYPES or one.name in made:
            continue
        used = {name: signatures[name] for name in sorted(expr.names & signatures.keys())}
        full = msgspec.structs.replace(
            one,
            type=str(expr.type),
            features=used,
            monotone=bounds.get(one.source, 0),
            says_en=en,
            says_hi=hi,
        )
        made[one.name] = full, expr
    near = []
    for fact, partner in (graph or {}).items():
        name = f"{fact}_near_{partner}"
        own, other = (parse_and_check(source, schema, Position(name))[0] for source in (fact, partner))
        if name in made or own is None or other is None:
            continue
        en, hi = say_near(fact, partner)
        near.append(Near(len(made), other, None))
        one = ModelInput(name, fact, "str", unit="number", says_en=en, says_hi=hi, partner=partner)
        made[name] = one, own
    exprs = tuple(expr for _, expr in made.values())
    read = frozenset[str]().union(*(expr.names for expr in (*exprs, *(one.partner for one in near))))
    return Candidates(tuple(one for one, _ in made.values()), exprs, read - signatures.keys(), tuple(near))


def _derived(known: Mapping[str, NameInfo], specs: Sequence[FeatureSpec]) -> list[Derived]:
    numbers = {name for name, info in known.items() if info.type in {Type.INT, Type.FLOAT}}
    return derived(specs, frozenset(numbers))


Said = tuple[ModelInput, tuple[str, str]]


def _of_facts(
    known: Mapping[str, NameInfo], features: Mapping[str, str], wanted: frozenset[str] | None
) -> list[Said]:
    found: list[Said] = []
    for name, info in sorted(known.items()):
        if name in features or (wanted is not None and name not in wanted):
            continue
        unit = "money" if name == "amount" else ""
        if info.type in {Type.INT, Type.FLOAT, Type.BOOL}:
            unit = unit or ("flag" if info.type is Type.BOOL else "number")
            found.append((ModelInput(name, name, str(info.type), unit=unit), say_fact(name)))
        elif info.type is Type.STR and (info.choices or name in FEW_VALUED or name.startswith(CUSTOM)):
            categories = tuple(sorted(info.choices or ()))
            if len(categories) <= MAX_CATEGORIES:
                found.append((ModelInput(name, name, "str", categories, unit="text"), say_fact(name)))
        elif info.type is Type.TIME and name == _CLOCK:
            found.append((ModelInput("hour", f"hour({name})", "int", unit="hour"), say_fact("hour")))
        elif info.type is Type.TIME and _CLOCK in known:
            source = f"{_CLOCK} - {name}"
            found.append(
                (ModelInput(f"since_{name}", source, "float", unit="seconds"), say_fact(f"since {name}"))
            )
    return found


def _of_features(known: Mapping[str, NameInfo], specs: Sequence[FeatureSpec]) -> list[Said]:
    found: list[Said] = []
    for spec in specs:
        said = say_feature(spec)
        if spec.type is not Type.STR:
            found.append((ModelInput(spec.name, spec.name, str(spec.type), unit=unit_of(spec)), said))
            continue
        name = spec.value.tree.name if spec.value is not None and isinstance(spec.value.tree, Name) else ""
        if name == "label":
            # The one text of labels: its values are known without looking.
            one = ModelInput(spec.name, spec.name, "str", ("fraud", "genuine"), unit="text")
            found.append((one, said))
        elif name in known and known[name].type is Type.STR:
            one = ModelInput(f"{name}_is_{spec.name}", f"{name} == {spec.name}", "bool", unit="flag")
            found.append((one, say_fact(f"{name} as in {spec.name}")))
    return found


def unit_of(spec: FeatureSpec) -> str:
    """Return how the values of a feature are written for people (`satark.models.words.UNITS`)."""
    if spec.statistic in {Statistic.SINCE_LAST, Statistic.SINCE_FIRST}:
        return "seconds"
    if spec.statistic in {Statistic.COUNT, Statistic.DISTINCT}:
        return "count"
    if spec.statistic is Statistic.SHARE_OF:
        return "share"
    if spec.type is Type.BOOL:
        return "flag"
    return "money" if spec.value is not None and spec.value.canonical == "amount" else "number"
