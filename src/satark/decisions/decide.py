"""Decide one event: facts, windows, rules, answer. No I/O, no clock, no threads.

A `Decider` belongs to one policy and owns its windows. The service (`satark.decisions.service`) calls it online, one
event at a time, in log order; recovery calls `remember` for events whose answer is already in the log.
"""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from satark.core.clock import MICROS_PER_SECOND, from_us
from satark.decisions.model import Decision, PolicyVersion, Reason
from satark.events import Context, compile_reader
from satark.events.facts import facts_of
from satark.features.encode import RowWriter, compile_decoder
from satark.features.kernel.layout import FLAG_EVALUATE, FLAG_INSERT, FLAG_RETRACT
from satark.features.kernel.windows import Windows
from satark.features.plan import make_plan
from satark.policies import ListBook, compile_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.core.rates import RateTable
    from satark.decisions.ports import RowStore
    from satark.events import Event
    from satark.events.kinds import Payment
    from satark.features.plan import Plan
    from satark.policies import BoundLists, Policy, Verdict

DECIDED = "payment"
_ENCODER = msgspec.json.Encoder()
_FEATURES = msgspec.msgpack.Encoder()


class _Kind:
    """What one event type needs: how its facts are read and its rows are written."""

    __slots__ = ("order", "reader", "writer")

    def __init__(
        self, policy: Policy, plan: Plan, kind: str, first: tuple[str, ...], texts: dict[int, str], seed: int
    ) -> None:
        known = frozenset(facts_of(kind, policy.attributes)) | policy.signals.keys()
        rest = [name for name in plan.names_of(kind, known) if name not in first]
        self.order = [*first, *rest]
        self.reader = compile_reader(self.order, kind, policy.signals, policy.attributes)
        self.writer = RowWriter(plan, kind, self.order, seed=seed, texts=texts)


class Decider:
    """One policy with its windows.

    Parameters
    ----------
    policy
        Checked.
    rates
        Dated exchange rates, or None.
    engine
        Version of the software, stored with each decision.
    windows_options
        Passed on to `Windows` (bounds on memory, lateness).
    rows
        Where the rows of the windows are kept for a quick start; None keeps none.
    seed
        Of the text hash; a secret of the installation, so that nobody can prepare colliding ids.

    Notes
    -----
    Not thread-safe.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        rates: RateTable | None = None,
        engine: str = "0",
        windows_options: Mapping[str, Any] | None = None,
        rows: RowStore | None = None,
        seed: int = 0,
    ) -> None:
        self.policy = policy
        self.plan = make_plan(policy.features)
        self.rules = compile_rules(policy)
        self.lists = ListBook.of(policy)
        self.rates = rates
        self.engine = engine
        self.version = PolicyVersion(policy.name, policy.version, policy.content_hash)
        self.windows = Windows(self.plan.layout, **(windows_options or {}))
        self.rows = rows
        self.texts: dict[int, str] = {}
        self._observe = policy.mode == "observe"
        names = {output.name for output in self.plan.outputs}
        facts = tuple(name for name in self.rules.order if name not in names)
        self._n_facts = len(facts)
        features = [name for name in self.rules.order if name in names]
        self._kinds = {
            kind: _Kind(policy, self.plan, kind, facts if kind == DECIDED else (), self.texts, seed)
            for kind in sorted({DECIDED, *self.plan.event_types})
        }
        self._payment = self._kinds[DECIDED]
        self._decode_all = compile_decoder(self.plan)
        place = {output.name: index for index, output in enumerate(self.plan.outputs)}
        self._wanted = [place[name] for name in features]
        n_outputs = max(1, self.plan.layout.n_outputs)
        self._out = np.zeros((1, n_outputs), dtype=np.int64)
        self._out_float = self._out.view(np.float64)
        self._nul = np.zeros((1, n_outputs), dtype=np.uint8)
        self._spare = bytearray(8 * self.plan.layout.n_inputs)
        self._spare_rows = np.frombuffer(self._spare, dtype=np.int64).reshape(1, -1)
        self._flags = {f: np.full(1, f, dtype=np.uint8) for f in range(8)}

    def in_windows(self, kind: str) -> bool:
        """Return whether any window holds events of this type."""
        return kind in self._kinds

    def is_late(self, occurred_us: int) -> bool:
        """Return whether an event is too late to enter the windows."""
        return self.windows.is_late(occurred_us)

    def decide(
        self,
        event: Payment,
        *,
        seq: int,
        occurred_us: int,
        arrived_us: int,
        late: bool,
        started_ns: int,
        decoded_ns: int,
    ) -> tuple[Decision, bytes, bytes]:
        """Decide a payment and let it enter the windows.

        Parameters
        ----------
        event
            Sealed.
        seq
            Its place in the log.
        occurred_us, arrived_us
            Event time and time of arrival.
        late
            From `is_late`: kept out of the windows.
        started_ns, decoded_ns
            `perf_counter_ns` when the request began and when the event was decoded, for the latency per step.

        Returns
        -------
        decision, encoded, features
            The decision, its JSON, and the stored feature vector (MessagePack).

        Raises
        ------
        WindowsFull
            The bound on memory is reached; nothing has changed.
        """
        context = Context(self.rates, self.policy.base_currency)
        values = self._payment.reader(event, None, context)
        bound = self.lists.at(occurred_us)
        facts_ns = perf_counter_ns()
        self._enter(
            self._payment.writer,
            values,
            bound,
            seq,
            occurred_us,
            FLAG_EVALUATE | (0 if late else FLAG_INSERT),
        )
        nulls = self._nul[0].tobytes()
        features = self._decode_all(self._out[0].tolist(), self._out_float[0].tolist(), nulls, self.texts)
        windows_ns = perf_counter_ns()
        verdict = self.rules.evaluate(values[: self._n_facts] + [features[i] for i in self._wanted], bound)
        rules_ns = perf_counter_ns()
        action = verdict.action
        degraded = [*context.degraded, *verdict.degraded]
        decision = Decision(
            id=event.id,
            action="allow" if self._observe else action,
            score=verdict.score,
            reasons=[Reason(fired.code, fired.en, fired.hi, fired.numbers) for fired in verdict.fired],
            policy=self.version,
            engine=self.engine,
            features_version=self.plan.version,
            degraded=degraded,
            late=late,
            mode=self.policy.mode,
            occurred_at=_iso(occurred_us),
            decided_at=_iso(arrived_us),
            latency_us={
                "decode": (decoded_ns - started_ns) // 1000,
                "facts": (facts_ns - decoded_ns) // 1000,
                "windows": (windows_ns - facts_ns) // 1000,
                "rules": (rules_ns - windows_ns) // 1000,
                "total": (perf_counter_ns() - started_ns) // 1000,
            },
            seq=seq,
            would=action if self._observe else None,
        )
        amount = None
        if event.currency != self.policy.base_currency:
            amount = context.in_base(event.amount_minor, event.currency, occurred_us)
        return decision, _ENCODER.encode(decision), _FEATURES.encode([self.plan.version, features, amount])

    def rule_inputs(self, event: Payment, occurred_us: int) -> tuple[list[Any], BoundLists]:
        """Return what the rules would be given for an event by the windows as they stand; nothing enters."""
        values = self._payment.reader(event, None, Context(self.rates, self.policy.base_currency))
        bound = self.lists.at(occurred_us)
        self._payment.writer.write(self._spare, 0, values, bound, 0, occurred_us)
        self.windows.run(self._spare_rows, self._flags[FLAG_EVALUATE], self._out, self._nul)
        features = self._decode_all(
            self._out[0].tolist(), self._out_float[0].tolist(), self._nul[0].tobytes(), self.texts
        )
        return values[: self._n_facts] + [features[i] for i in self._wanted], bound

    def judge(self, event: Payment, features: Sequence[Any], occurred_us: int, context: Context) -> Verdict:
        """Apply the rules to an event with features that are known already, in the policy's order."""
        values = self._payment.reader(event, None, context)
        return self.rules.evaluate(
            values[: self._n_facts] + [features[i] for i in self._wanted], self.lists.at(occurred_us)
        )

    def remember(
        self, event: Event, payment: Payment | None, kind: str, *, seq: int, occurred_us: int, late: bool
    ) -> None:
        """Let an event enter the windows without an answer.

        Parameters
        ----------
        event, payment
            The event, and for a result or label the payment that it is about.
        kind
            Its type.
        late
            Then nothing happens.
        """
        if late:
            return
        entry = self._kinds.get(kind)
        if entry is None:
            self.windows.note_time(occurred_us)
            return
        values = entry.reader(event, payment, Context(self.rates, self.policy.base_currency))
        self._enter(entry.writer, values, self.lists.at(occurred_us), seq, occurred_us, FLAG_INSERT)

    def retract(
        self, event: Event, payment: Payment | None, kind: str, *, seq: int, occurred_us: int
    ) -> None:
        """Take an event out of the windows again: a corrected label replaces the earlier one."""
        entry = self._kinds.get(kind)
        if entry is None or self.windows.is_forgotten(occurred_us):
            return
        values = entry.reader(event, payment, Context(self.rates, self.policy.base_currency))
        self._enter(entry.writer, values, self.lists.at(occurred_us), -seq, occurred_us, FLAG_RETRACT)

    def outputs(self) -> tuple[Any, Any]:
        """Return spare output arrays for rows that are entered without an answer."""
        return self._out, self._nul

    def compile(self) -> None:
        """Compile the kernel, or load it from the cache, without touching any state."""
        self.windows.compile()

    def _enter(
        self, writer: RowWriter, values: list[Any], bound: BoundLists, seq: int, occurred_us: int, flags: int
    ) -> None:
        if self.rows is None or not flags & (FLAG_INSERT | FLAG_RETRACT):
            writer.write(self._spare, 0, values, bound, seq, occurred_us)
            self.windows.run(self._spare_rows, self._flags[flags], self._out, self._nul)
            return
        buffer, offset, rows = self.rows.place()
        writer.write(buffer, offset, values, bound, seq, occurred_us)
        self.windows.run(rows, self._flags[flags], self._out, self._nul)
        self.rows.keep()


@lru_cache(maxsize=64)
def _iso_second(second: int) -> str:
    return from_us(second * MICROS_PER_SECOND).strftime("%Y-%m-%dT%H:%M:%S")


def _iso(us: int) -> str:
    """Write a time in UTC; most decisions share their second with the one before."""
    second, micros = divmod(us, MICROS_PER_SECOND)
    return f"{_iso_second(second)}.{micros:06d}+00:00"
