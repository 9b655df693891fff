"""Expressions over a policy's windows that say how unusual a payment is: against its past, its peers, what is known.

Six families, found by what the windows compute and not by their names:

- *habit*: a number of the payment over its mean, greatest or last value of this customer, card, merchant ...; and the
  deviation from the mean in standard deviations;
- *recent*: the mean or maximum of a short window over the mean of a long, older or confirmed genuine one;
- *pace*: the count, sum or number of different values of a short window over that of the longest, but not of labels;
- *risk*: reported frauds among labelled payments, or among the payments of a delayed window, smoothed by one payment;
- *turn*: how much later the last of one kind was than the last of another (confirmed genuine after the last fraud);
- *peer*: the mean of one key over the mean of another (this customer against this merchant).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from satark.features.spec import FeatureSpec, Statistic
from satark.language.tree import Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAX_DERIVED = 120
FRAUD, GENUINE = 'label == "fraud"', 'label == "genuine"'
_LEVELS = (Statistic.MEAN, Statistic.MAX, Statistic.LAST)
_PACES = (Statistic.COUNT, Statistic.SUM, Statistic.DISTINCT)


class Derived(NamedTuple):
    """One derived input.

    Attributes
    ----------
    family
        Which of the six.
    parts
        The features that it speaks of, for its words.
    fact
        The number of the payment that it compares, or "".
    """

    name: str
    source: str
    family: str
    unit: str
    parts: tuple[FeatureSpec, ...]
    fact: str = ""


def derived(features: Sequence[FeatureSpec], numbers: frozenset[str]) -> list[Derived]:
    """Return the derived inputs of a policy's features, at most `MAX_DERIVED`.

    Parameters
    ----------
    features
        Of the policy.
    numbers
        The numeric facts of a payment, and features.
    """
    families: tuple[Callable[[], Iterable[Derived]], ...] = (
        lambda: _habit(features, numbers),
        lambda: _risk(features),
        lambda: _recent(features),
        lambda: _turn(features),
        lambda: _pace(features),
        lambda: _peer(features),
    )
    found: dict[str, Derived] = {}
    for family in families:
        for one in family():
            found.setdefault(one.source, one)
    return list(found.values())[:MAX_DERIVED]


def _value(spec: FeatureSpec) -> str:
    """Return the fact that a window is over, "" where it is over something else."""
    return spec.value.tree.name if spec.value is not None and isinstance(spec.value.tree, Name) else ""


def _where(spec: FeatureSpec) -> str:
    return "" if spec.where is None else spec.where.canonical


def _same(a: FeatureSpec, b: FeatureSpec) -> bool:
    """Tell whether two windows hold the same entries."""
    return (a.event_type, a.by, _where(a), a.window_seconds, a.delay_seconds) == (
        b.event_type,
        b.by,
        _where(b),
        b.window_seconds,
        b.delay_seconds,
    )


def _habit(features: Sequence[FeatureSpec], numbers: frozenset[str]) -> Iterable[Derived]:
    for spec in features:
        fact = _value(spec)
        if fact not in numbers or FRAUD in _where(spec):
            continue
        if spec.statistic in _LEVELS:
            yield Derived(
                f"{fact}_over_{spec.name}", f"{fact} / {spec.name}", "habit", "ratio", (spec,), fact
            )
        if spec.statistic is Statistic.MEAN:
            for other in features:
                if other.statistic is Statistic.STD and _value(other) == fact and _same(spec, other):
                    source = f"({fact} - {spec.name}) / {other.name}"
                    name = f"{fact}_beyond_{spec.name}"
                    yield Derived(name, source, "deviation", "number", (spec, other), fact)


def _recent(features: Sequence[FeatureSpec]) -> Iterable[Derived]:
    for base in _bases(features):
        for spec in features:
            if (
                spec.statistic in (*_LEVELS, Statistic.STD)
                and spec is not base
                and spec.by == base.by
                and _value(spec) == _value(base)
                and not _where(spec)
                and not spec.delay_seconds
                and (spec.window_seconds < base.window_seconds or spec.statistic is Statistic.LAST)
            ):
                name = f"{spec.name}_over_{base.name}"
                yield Derived(name, f"{spec.name} / {base.name}", "recent", "ratio", (spec, base))


def _bases(features: Sequence[FeatureSpec]) -> list[FeatureSpec]:
    """Return the means to compare with: confirmed genuine ones, delayed ones, or the longest, per key and value."""
    kinds: dict[tuple[object, ...], FeatureSpec] = {}
    for spec in features:
        if spec.statistic is not Statistic.MEAN or FRAUD in _where(spec):
            continue
        kind = (spec.by, _value(spec), bool(_where(spec)), bool(spec.delay_seconds))
        best = kinds.get(kind)
        if best is None or spec.window_seconds > best.window_seconds:
            kinds[kind] = spec
    return list(kinds.values())


def _pace(features: Sequence[FeatureSpec]) -> Iterable[Derived]:
    groups: dict[tuple[object, ...], list[FeatureSpec]] = {}
    for spec in features:
        # At which pace labels come in says how busy a merchant is and nothing about this payment.
        if spec.statistic in _PACES and not spec.delay_seconds and spec.event_type != "label":
            value = "" if spec.value is None else spec.value.canonical
            groups.setdefault((spec.statistic, spec.event_type, spec.by, value, _where(spec)), []).append(
                spec
            )
    for group in groups.values():
        longest = max(group, key=lambda one: one.window_seconds)
        for spec in group:
            if spec.window_seconds < longest.window_seconds:
                name = f"{spec.name}_of_{longest.name}"
                yield Derived(name, f"{spec.name} / {longest.name}", "pace", "share", (spec, longest))


def _risk(features: Sequence[FeatureSpec]) -> Iterable[Derived]:
    counts = [one for one in features if one.statistic is Statistic.COUNT]
    for fraud in counts:
        if _where(fraud) != FRAUD:
            continue
        for other in counts:
            if other.by != fraud.by or other.window_seconds != fraud.window_seconds:
                continue
            if _where(other) == GENUINE and other.event_type == fraud.event_type:
                source = f"{fraud.name} / ({fraud.name} + {other.name} + 1)"
                yield Derived(f"{fraud.name}_share", source, "risk", "share", (fraud, other))
            elif other.event_type == "payment" and other.delay_seconds and not _where(other):
                name = f"{fraud.name}_of_{other.name}"
                yield Derived(name, f"{fraud.name} / ({other.name} + 1)", "risk", "share", (fraud, other))


def _turn(features: Sequence[FeatureSpec]) -> Iterable[Derived]:
    since = [one for one in features if one.statistic is Statistic.SINCE_LAST]
    for place, one in enumerate(since):
        for other in since[place + 1 :]:
            if one.by == other.by and one.event_type == other.event_type and _where(one) != _where(other):
                yield Derived(
                    f"{one.name}_less_{other.name}",
                    f"{one.name} - {other.name}",
                    "turn",
                    "number",
                    (one, other),
                )


def _peer(features: Sequence[FeatureSpec]) -> Iterable[Derived]:
    means = [
        one
        for one in features
        if one.statistic is Statistic.MEAN and not _where(one) and not one.delay_seconds
    ]
    for place, one in enumerate(means):
        for other in means[place + 1 :]:
            if (
                one.by != other.by
                and _value(one) == _value(other)
                and one.window_seconds == other.window_seconds
            ):
                yield Derived(
                    f"{one.name}_over_{other.name}",
                    f"{one.name} / {other.name}",
                    "peer",
                    "ratio",
                    (one, other),
                )
