"""Which numbers of a decision are watched, and against what: a policy's features, its model's inputs, the amount.

A model that was trained here says in its card how its inputs were distributed; these bins are used. For everything else
the first two thousand decisions with it are what is usual, once its window is full: what a window of ninety days holds
grows for ninety days, and that is no drift. Bins never change afterwards: another reference has another name, so that
counts of different bins are never mixed.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import SatarkError
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.events import Context, compile_reader
from satark.features.spec import feature_signature
from satark.language import Type
from satark.models.drift import Reference, reference_of
from satark.policies import ListBook, load_policy
from satark.policies.names import DECIDED, known_facts, rule_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from satark.decisions.ports import LogEntry
    from satark.events.kinds import Payment
    from satark.features.spec import FeatureSpec
    from satark.models import BoundModel
    from satark.policies import Policy

AMOUNT = "amount"
"""In minor units of the base currency, as the fact of that name, so that a model's input of it has the same bins."""
WARM_UP = 2_000
"""So many values make a reference where no model card has one."""
SYSTEM_OWNER = 0
MODEL_REF = "model:"
_NUMBERS = frozenset({Type.INT, Type.FLOAT, Type.BOOL})
_POLICY = msgspec.json.Decoder(PolicyInput)


class Kept(msgspec.Struct, frozen=True):
    """A reference in use.

    Attributes
    ----------
    name
        Of the feature or input, as people know it.
    signature
        What the feature computes; one of the same name that computes something else has another reference.
    id
        A digest over the reference: the middle part of the keys of its counts.
    source
        `first`, or the model whose card it is from.
    """

    name: str
    signature: str
    id: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float
    n: int | None
    source: str = "first"

    @property
    def reference(self) -> Reference:
        """The numbers alone."""
        return Reference(self.edges, self.shares, self.missing, self.n)

    @property
    def head(self) -> str:
        """What the keys of its counts begin with."""
        return f"{self.name}:{self.id}"


def keep(name: str, signature: str, reference: Reference, source: str = "first") -> Kept:
    """Give a reference its name."""
    told = msgspec.json.encode([name, signature, reference.as_dict()], order="deterministic")
    return Kept(
        name,
        signature,
        hashlib.sha256(told).hexdigest()[:10],
        reference.edges,
        reference.shares,
        reference.missing,
        reference.n,
        source,
    )


@dataclass(slots=True)
class Column:
    """One watched number.

    Attributes
    ----------
    kept
        None while there are too few values to say what is usual.
    full_us
        From when on its window is full, so that values say what is usual.
    """

    name: str
    signature: str
    kept: Kept | None = None
    full_us: int = 0


@dataclass(slots=True)
class Gauge:
    """How the watched numbers of one policy's decisions are read.

    Attributes
    ----------
    score
        The reference of the model's probabilities, None without one.
    """

    policy: Policy
    columns: list[Column]
    features: list[int]
    model: BoundModel | None = None
    score: Kept | None = None
    _inputs: Callable[[Payment, Sequence[Any], int | None, int], Sequence[float]] | None = field(default=None)

    def read(
        self, event: Payment | None, features: Sequence[Any], base_amount: int | None, occurred_us: int
    ) -> list[float] | None:
        """Return a value per column, NaN where it is missing; None where the stored features are of another plan."""
        if len(features) != len(self.policy.features):
            return None
        values = [_number(features[place]) for place in self.features]
        own = math.nan
        if event is not None:
            minor = event.amount_minor if event.currency == self.policy.base_currency else base_amount
            own = math.nan if minor is None else float(minor)
        values.append(own)
        if self._inputs is None:
            return values
        if event is None:
            return [*values, *([math.nan] * (len(self.columns) - len(values)))]
        return [*values, *self._inputs(event, features, base_amount, occurred_us)]


class Gauges:
    """The gauges of all policies that decided, each made once.

    Parameters
    ----------
    find_by_ref
        Of the log.
    kept
        References that were made before.
    began_us
        When the first payment of the log happened.
    """

    def __init__(
        self,
        find_by_ref: Callable[[int, str], Iterator[LogEntry]],
        kept: Sequence[Kept] = (),
        *,
        began_us: int = 0,
    ) -> None:
        self._began_us = began_us
        self._find = find_by_ref
        self._kept = {(one.name, one.signature): one for one in kept if one.source == "first"}
        self._of: dict[str, Gauge | None] = {}
        self._warming: dict[tuple[str, str], list[float]] = {}

    def of(self, policy_hash: str) -> Gauge | None:
        """Return the gauge of a policy; None when the log does not have its text."""
        if policy_hash not in self._of:
            self._of[policy_hash] = self._make(policy_hash)
        return self._of[policy_hash]

    def warm(self, column: Column, values: Sequence[float]) -> tuple[int, Kept | None]:
        """Take values of a column that has no reference yet.

        Returns
        -------
        int, Kept or None
            How many of the values went into the reference, which is made once there are enough.
        """
        key = (column.name, column.signature)
        if key in self._kept:
            column.kept = self._kept[key]
            return 0, None
        seen = self._warming.setdefault(key, [])
        taken = values[: WARM_UP - len(seen)]
        seen.extend(taken)
        if len(seen) < WARM_UP:
            return len(taken), None
        del self._warming[key]
        reference = reference_of(seen)
        # A feature that never has a value is watched by its missing share alone.
        made = keep(*key, reference or Reference((), (1.0,), 1.0, len(seen)))
        self._kept[key] = column.kept = made
        return len(taken), made

    def of_models(self) -> list[Kept]:
        """Return the references that come from model cards, of all policies seen so far."""
        gauges = [gauge for gauge in self._of.values() if gauge is not None]
        kept = [column.kept for gauge in gauges for column in gauge.columns]
        kept += [gauge.score for gauge in gauges]
        return list({one.head: one for one in kept if one is not None and one.source != "first"}.values())

    def _make(self, policy_hash: str) -> Gauge | None:
        policy = self._policy(policy_hash)
        if policy is None:
            return None
        places = [place for place, one in enumerate(policy.features) if one.type in _NUMBERS]
        columns = [
            Column(one.name, feature_signature(one), full_us=self._began_us + _span_us(one))
            for one in (policy.features[place] for place in places)
        ]
        columns.append(Column(AMOUNT, policy.base_currency))
        for column in columns:
            column.kept = self._kept.get((column.name, column.signature))
        gauge = Gauge(policy, columns, places)
        bound = self._model(policy)
        if bound is not None:
            _watch_model(gauge, bound)
        return gauge

    def _policy(self, policy_hash: str) -> Policy | None:
        for entry in self._find(SYSTEM_OWNER, policy_ref(policy_hash)):
            try:
                logged = _POLICY.decode(entry.body)
                return load_policy(logged.text, file=f"{logged.name}.yaml")
            except (msgspec.MsgspecError, SatarkError):
                continue
        return None

    def _model(self, policy: Policy) -> BoundModel | None:
        wanted = policy.model
        if wanted is None:
            return None
        from satark.models import bind_model, load_model

        names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
        signatures = {one.name: feature_signature(one) for one in policy.features}
        for entry in self._find(SYSTEM_OWNER, MODEL_REF + wanted.hash):
            try:
                model = load_model(entry.body)
                if model.hash == wanted.hash:
                    return bind_model(model, names, signatures, policy.base_currency)
            except SatarkError:
                continue
        return None


def _watch_model(gauge: Gauge, bound: BoundModel) -> None:
    """Add the model's inputs, with the bins of its card; a feature that is an input as it is takes these bins."""
    head, own = bound.model.head, f"model:{bound.model.hash[:16]}"
    gauge.model = bound
    score = Reference.read(_mapping(head.card.get("score_reference")))
    gauge.score = None if score is None else keep(own, bound.model.hash, score, own)
    told = _mapping(head.card.get("reference"))
    columns = {column.name: column for column in gauge.columns}
    derived: list[int] = []
    for place, one in enumerate(head.inputs):
        reference = Reference.read(_mapping(told.get(one.name)))
        if reference is None:
            continue
        if one.source.strip() in columns:
            column = columns[one.source.strip()]
            column.kept = keep(column.name, column.signature, reference, own)
        else:
            derived.append(place)
            signature = hashlib.sha256(f"{one.source}{one.partner}".encode()).hexdigest()[:16]
            gauge.columns.append(Column(one.name, signature, keep(one.name, signature, reference, own)))
    if not derived:
        return
    policy = gauge.policy
    features = {one.name: place for place, one in enumerate(policy.features)}
    facts = sorted(bound.needed - features.keys())
    of_features = sorted(bound.needed & features.keys())
    read = compile_reader(facts, DECIDED, policy.signals, policy.attributes)
    row = bound.row([*facts, *of_features])
    book = ListBook.of(policy)

    def inputs(
        event: Payment, values: Sequence[Any], base_amount: int | None, occurred_us: int
    ) -> Sequence[float]:
        known = read(event, None, _KnownAmount(base_amount, policy.base_currency))
        made = row([*known, *(values[features[name]] for name in of_features)], book.at(occurred_us))
        return [float(made[place]) for place in derived]

    gauge._inputs = inputs  # noqa: SLF001 - this function is the rest of making a gauge


class _KnownAmount(Context):
    """Gives the amount in the base currency that the decision was made with."""

    def __init__(self, amount: int | None, base_currency: str) -> None:
        super().__init__(None, base_currency)
        self._amount = amount

    def in_base(self, amount_minor: int, currency: str, on_us: int) -> int | None:  # noqa: ARG002 - as the base
        return amount_minor if currency == self.base_currency else self._amount


def _span_us(feature: FeatureSpec) -> int:
    return (feature.window_seconds + feature.delay_seconds) * MICROS_PER_SECOND


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a model card may hold anything
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:  # noqa: ANN401 - of any type
    return float(value) if isinstance(value, int | float) else math.nan
