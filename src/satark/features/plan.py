"""From the features of a policy to the rows and tables of the kernel.

A plan is made once per policy. It gives every distinct filter a bit, every distinct key and value an input column, and
groups the features into logs (one per key, event type and filter), so that two features over the same entries share
them and a feature that no policy names costs nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from satark.features.kernel.layout import (
    IN_MASK,
    MASK_BITS,
    ColumnDef,
    FeatureDef,
    Layout,
    LogDef,
    QuotientDef,
    build_layout,
)
from satark.features.spec import FeatureSpec, Statistic
from satark.language import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.language import TypedExpr

SECOND_US = 1_000_000
_FLOATS = frozenset(
    {
        Statistic.MEAN,
        Statistic.STD,
        Statistic.RATE,
        Statistic.SHARE_OF,
        Statistic.SPEED,
        Statistic.SINCE_FIRST,
        Statistic.SINCE_LAST,
    }
)
_VALUELESS = frozenset(
    {Statistic.COUNT, Statistic.RATE, Statistic.SINCE_FIRST, Statistic.SINCE_LAST, Statistic.SHARE_OF}
)
KERNEL_VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """An input column that holds the word of one or two facts."""

    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """An input column that holds the word of an expression; `part` is 0, 1, 2 for lat, lon, radius of a location."""

    event_type: str
    expr: TypedExpr
    part: int | None = None

    @property
    def is_float(self) -> bool:
        """Whether the word is an ordered float."""
        return self.part is not None or self.expr.type == Type.FLOAT


@dataclass(frozen=True, slots=True)
class FilterBit:
    """A bit of the mask: set when the event is of the type, all conditions are true and the value is there."""

    event_type: str
    conditions: tuple[TypedExpr, ...]
    present: TypedExpr | None


@dataclass(frozen=True, slots=True)
class Output:
    """Where a feature stands in the kernel's output, and how its word is read."""

    name: str
    type: Type
    index: int
    is_text: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the engine needs to feed the kernel of one policy.

    Attributes
    ----------
    layout
        The kernel's tables.
    keys, values
        Input columns, in order, after the masks.
    filters
        The bits of the mask, in order.
    outputs
        One per feature of the policy, in its order.
    event_types
        The event types that any window holds.
    version
        Hash of all that the rows depend on; rows written under another version are not read.
    """

    layout: Layout
    keys: tuple[KeyColumn, ...]
    values: tuple[ValueColumn, ...]
    filters: tuple[FilterBit, ...]
    outputs: tuple[Output, ...]
    event_types: frozenset[str]
    version: str
    n_masks: int

    @property
    def first_key(self) -> int:
        """Index of the first key column of an input row."""
        return IN_MASK + self.n_masks

    @property
    def first_value(self) -> int:
        """Index of the first value column of an input row."""
        return self.first_key + len(self.keys)

    def names_of(self, event_type: str, known: frozenset[str]) -> list[str]:
        """Return the facts that a row of one event type needs, sorted; `known` are the facts of the type."""
        names: set[str] = set()
        for key in self.keys:
            if all(name in known for name in key.by):
                names.update(key.by)
        for value in self.values:
            if value.event_type == event_type:
                names |= value.expr.names
        for bit in self.filters:
            if bit.event_type == event_type:
                for condition in bit.conditions:
                    names |= condition.names
                if bit.present is not None:
                    names |= bit.present.names
        return sorted(names)


def make_plan(features: Sequence[FeatureSpec]) -> Plan:
    """Lay out the features of one policy.

    Parameters
    ----------
    features
        In the policy's order; names are unique.

    Returns
    -------
    Plan
        Deterministic: equal features give an equal version.
    """
    return _Planner().plan(features)


@dataclass(slots=True)
class _Planner:
    """Gives out indexes while features are laid out one by one."""

    keys: dict[tuple[str, ...], int] = field(default_factory=dict)
    values: dict[tuple[str, str, int | None], tuple[int, ValueColumn]] = field(default_factory=dict)
    filters: dict[tuple[str, tuple[str, ...], str], tuple[int, FilterBit]] = field(default_factory=dict)
    logs: dict[tuple[tuple[str, ...], int], LogDef] = field(default_factory=dict)
    columns: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)
    quotients: list[QuotientDef] = field(default_factory=list)
    n_outputs: int = 0

    def plan(self, features: Sequence[FeatureSpec]) -> Plan:
        outputs = []
        for spec in features:
            index = self.n_outputs
            self.n_outputs += 1
            if spec.statistic == Statistic.SHARE_OF:
                over = self._count(spec, (spec.where, spec.condition))
                under = self._count(spec, (spec.where,))
                self.quotients.append(QuotientDef(index, over, under))
            else:
                self._use(spec, spec.statistic, spec.value, (spec.where,), index)
            text = spec.type == Type.STR
            outputs.append(Output(spec.name, spec.type, index, text))
        return self._finish(tuple(outputs))

    def _count(self, spec: FeatureSpec, conditions: tuple[TypedExpr | None, ...]) -> int:
        index = self.n_outputs
        self.n_outputs += 1
        self._use(spec, Statistic.COUNT, None, conditions, index)
        return index

    def _bit(
        self, event_type: str, conditions: tuple[TypedExpr | None, ...], present: TypedExpr | None
    ) -> int:
        real = tuple(sorted((c for c in conditions if c is not None), key=lambda c: c.canonical))
        if present is not None and not present.nullable:
            present = None
        name = (event_type, tuple(c.canonical for c in real), "" if present is None else present.canonical)
        if name not in self.filters:
            self.filters[name] = (len(self.filters), FilterBit(event_type, real, present))
        return self.filters[name][0]

    def _value(self, event_type: str, expr: TypedExpr) -> list[int]:
        parts: tuple[int | None, ...] = (0, 1, 2) if expr.type == Type.LOCATION else (None,)
        indexes = []
        for part in parts:
            name = (event_type, expr.canonical, part)
            if name not in self.values:
                self.values[name] = (len(self.values), ValueColumn(event_type, expr, part))
            indexes.append(self.values[name][0])
        return indexes

    def _use(
        self,
        spec: FeatureSpec,
        statistic: Statistic,
        value: TypedExpr | None,
        conditions: tuple[TypedExpr | None, ...],
        index: int,
    ) -> None:
        if statistic in _VALUELESS:
            value = None
        bit = self._bit(spec.event_type, conditions, value)
        present = -1
        if statistic in {Statistic.NEW, Statistic.SPEED} and value is not None:
            present = self._bit(spec.event_type, (), value)
        key = self.keys.setdefault(spec.by, len(self.keys))
        log = self.logs.setdefault((spec.by, bit), LogDef(key, bit))
        columns = self.columns.setdefault((key, bit), {})
        column = -1
        if value is not None:
            for position, input_column in enumerate(self._value(spec.event_type, value)):
                if input_column not in columns:
                    columns[input_column] = len(log.columns)
                    log.columns.append(ColumnDef(input_column, self._is_float(input_column)))
                if position == 0:
                    column = columns[input_column]
        log.features.append(
            FeatureDef(
                statistic,
                column,
                spec.window_seconds * SECOND_US,
                spec.delay_seconds * SECOND_US,
                index,
                present,
            )
        )

    def _is_float(self, index: int) -> bool:
        return next(column.is_float for i, column in self.values.values() if i == index)

    def _finish(self, outputs: tuple[Output, ...]) -> Plan:
        n_masks = max(1, -(-len(self.filters) // MASK_BITS))
        first_key = IN_MASK + n_masks
        first_value = first_key + len(self.keys)
        logs = [
            LogDef(
                first_key + log.key_input,
                log.bit,
                [ColumnDef(first_value + c.input, c.is_float) for c in log.columns],
                log.features,
            )
            for log in self.logs.values()
        ]
        layout = build_layout(
            logs,
            n_inputs=first_value + len(self.values),
            n_masks=n_masks,
            n_outputs=self.n_outputs,
            quotients=self.quotients,
        )
        filters = tuple(bit for _, bit in self.filters.values())
        digest = hashlib.sha256(
            repr((KERNEL_VERSION, list(self.keys), list(self.values), list(self.filters))).encode()
            + layout.logs.tobytes()
            + layout.features.tobytes()
            + layout.windows.tobytes()
        )
        return Plan(
            layout=layout,
            keys=tuple(KeyColumn(by) for by in self.keys),
            values=tuple(column for _, column in self.values.values()),
            filters=filters,
            outputs=outputs,
            event_types=frozenset(bit.event_type for bit in filters),
            version=digest.hexdigest()[:16],
            n_masks=n_masks,
        )


def is_float_output(statistic: Statistic) -> bool:
    """Return whether a statistic is a float whatever its value's type."""
    return statistic in _FLOATS


def describe(plan: Plan) -> dict[str, Any]:
    """Return sizes for `satark policy explain` and the metrics."""
    layout = plan.layout
    return {
        "features": len(plan.outputs),
        "logs": len(layout.logs),
        "windows": len(layout.windows),
        "filters": len(plan.filters),
        "row_bytes": 8 * layout.n_inputs,
        "longest_seconds": layout.max_offset_us // SECOND_US,
    }
