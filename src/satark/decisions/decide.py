"""Decide one event: facts, windows, rules, answer. No I/O, no clock, no threads.

A `Decider` owns the windows of one policy, or of several that share them. The service (`satark.decisions.service`)
calls it online, one event at a time, in log order; recovery calls `remember` for events whose answer is already in
the log.
"""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np

from satark.core.clock import MICROS_PER_SECOND, from_us
from satark.decisions.draws import Draws
from satark.decisions.model import Decision, PolicyVersion, Reason
from satark.decisions.seat import DECIDED, Seat
from satark.decisions.stored import encode_stored
from satark.decisions.views import Lineup, View, check_together, feature_key, union_features
from satark.events import Context
from satark.features.encode import compile_decoder
from satark.features.kept_texts import Texts
from satark.features.kernel.layout import FLAG_EVALUATE, FLAG_INSERT, FLAG_RETRACT
from satark.features.kernel.windows import Windows
from satark.features.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.core.rates import RateTable
    from satark.decisions.panel import Panel
    from satark.decisions.ports import RowStore
    from satark.events import Event
    from satark.events.facts import FactType
    from satark.events.kinds import Payment
    from satark.features.encode import RowWriter
    from satark.policies import BoundLists, CompiledRules, ListBook, Policy

_ENCODER = msgspec.json.Encoder()


class Decider:
    """One policy, or several views, with their windows.

    Parameters
    ----------
    policy
        Checked; or a whole lineup of policies that share the windows.
    rates
        Dated exchange rates, or None.
    engine
        Version of the software, stored with each decision.
    windows_options
        Passed on to `Windows` (bounds on memory, lateness).
    rows
        Where the rows of the windows are kept for a quick start, or the function that gives it for a version of the
        windows; None keeps none.
    seed
        Of the text hash and of all draws; a secret of the installation, so that nobody can prepare colliding ids or
        foresee a draw.

    Attributes
    ----------
    policy, rules, lists
        Of the live policy.
    books
        Every policy that takes part, with its lists.

    Notes
    -----
    Not thread-safe, but for `prepare`.
    """

    policy: Policy
    attributes: dict[str, FactType]
    rules: CompiledRules
    lists: ListBook
    books: list[tuple[Policy, ListBook]]

    def __init__(
        self,
        policy: Policy | Lineup,
        *,
        rates: RateTable | None = None,
        engine: str = "0",
        windows_options: Mapping[str, Any] | None = None,
        rows: RowStore | Callable[[str], RowStore] | None = None,
        seed: int = 0,
    ) -> None:
        lineup = policy if isinstance(policy, Lineup) else Lineup(View(policy))
        check_together(lineup.policies)
        features, _ = union_features(lineup.policies)
        self.plan = make_plan(features)
        self.feature_names = [one.name for one in features]
        self.feature_keys = [feature_key(one) for one in features]
        self.named = {feature_key(one): one.name for one in reversed(features)}
        self.rates = rates
        self.engine = engine
        self.windows = Windows(self.plan.layout, **(windows_options or {}))
        self.rows: RowStore | None = rows(self.plan.version) if callable(rows) else rows
        self.texts = Texts(self.plan.layout.max_offset_us + self.windows.lateness_us)
        self.seed = seed
        self.draws = Draws(seed)
        self._decode_all = compile_decoder(self.plan)
        n_outputs = max(1, self.plan.layout.n_outputs)
        self._out = np.zeros((1, n_outputs), dtype=np.int64)
        self._nul = np.zeros((1, n_outputs), dtype=np.uint8)
        # The same memory again, as bytes: read by one call each.
        self._out_bytes, self._nul_bytes = self._out.data.cast("B"), self._nul.data.cast("B")
        self._spare = bytearray(8 * self.plan.layout.n_inputs)
        self._spare_rows = np.frombuffer(self._spare, dtype=np.int64).reshape(1, -1)
        self._flags = {f: np.full(1, f, dtype=np.uint8) for f in range(8)}
        self.take_seat(self.prepare(lineup))

    def prepare(self, lineup: Lineup) -> Seat:
        """Compile another lineup for these windows, which must hold all that it needs; from any thread.

        Raises
        ------
        KeyError
            The windows lack one of its features (`satark.decisions.views.covers`).
        InputInvalid
            The policies cannot share windows.
        """
        return Seat(self, lineup)

    def take_seat(self, seat: Seat) -> None:
        """Decide by another lineup from the next event on; the windows stay as they are."""
        self.lineup = seat.lineup
        self.policy = seat.policy
        self.attributes = seat.attributes
        self.rules = seat.rules
        self.lists = seat.lists
        self.books = seat.books
        self.version = PolicyVersion(seat.policy.name, seat.policy.version, seat.policy.content_hash)
        self._observe = seat.policy.mode == "observe"
        self._n_facts, self._wanted = seat.n_facts, seat.wanted
        self._kinds = seat.kinds
        self._payment = seat.kinds[DECIDED]
        self._panel = seat.panel

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
        began_ns = perf_counter_ns()
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
        features = self._decode_all(self._out_bytes, self._nul_bytes.tobytes(), self.texts)
        windows_ns = perf_counter_ns()
        if self._panel is not None:
            return self._decide_among(
                event,
                [*values, *features],
                context,
                seq=seq,
                occurred_us=occurred_us,
                arrived_us=arrived_us,
                late=late,
                steps_ns=(started_ns, decoded_ns, began_ns, facts_ns, windows_ns),
            )
        verdict = self.rules.evaluate((*values[: self._n_facts], *self._wanted(features)), bound)
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
            latency_us=_latency_us(started_ns, decoded_ns, began_ns, facts_ns, windows_ns, rules_ns),
            seq=seq,
            would=action if self._observe else None,
        )
        amount = None
        if event.currency != self.policy.base_currency:
            amount = context.in_base(event.amount_minor, event.currency, occurred_us)
        return decision, _ENCODER.encode(decision), encode_stored(self.plan.version, features, amount)

    def _decide_among(
        self,
        event: Payment,
        known: list[Any],
        context: Context,
        *,
        seq: int,
        occurred_us: int,
        arrived_us: int,
        late: bool,
        steps_ns: tuple[int, int, int, int, int],
    ) -> tuple[Decision, bytes, bytes]:
        """Decide where several views take part, or a model, or a control group."""
        foreign = event.currency != self.policy.base_currency
        amount: int | None = event.amount_minor
        if foreign:
            amount = context.in_base(event.amount_minor, event.currency, occurred_us)
        turn = cast("Panel", self._panel).decide(event, known, occurred_us, amount)
        rules_ns = perf_counter_ns()
        verdict = turn.verdict
        decision = Decision(
            id=event.id,
            action=turn.action,
            score=verdict.score,
            reasons=[Reason(fired.code, fired.en, fired.hi, fired.numbers) for fired in verdict.fired],
            policy=turn.view.version,
            engine=self.engine,
            features_version=self.plan.version,
            degraded=[*context.degraded, *verdict.degraded],
            late=late,
            mode=turn.view.policy.mode,
            occurred_at=_iso(occurred_us),
            decided_at=_iso(arrived_us),
            latency_us=_latency_us(*steps_ns, rules_ns),
            seq=seq,
            would=turn.would,
            model=turn.model,
            released=turn.released,
            part=turn.part,
        )
        stored = encode_stored(self.plan.version, turn.features, amount if foreign else None, turn.extras)
        return decision, _ENCODER.encode(decision), stored

    def rule_inputs(self, event: Payment, occurred_us: int) -> tuple[list[Any], BoundLists]:
        """Return what the live rules would be given by the windows as they stand, without a model; nothing enters."""
        values = self._payment.reader(event, None, Context(self.rates, self.policy.base_currency))
        bound = self.lists.at(occurred_us)
        self._payment.writer.write(self._spare, 0, values, bound, 0, occurred_us)
        self.windows.run(self._spare_rows, self._flags[FLAG_EVALUATE], self._out, self._nul)
        features = self._decode_all(self._out_bytes, self._nul_bytes.tobytes(), self.texts)
        return [*values[: self._n_facts], *self._wanted(features)], bound

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


def _latency_us(
    started_ns: int, decoded_ns: int, began_ns: int, facts_ns: int, windows_ns: int, rules_ns: int
) -> dict[str, int]:
    """Return how long each step took; between the door and its turn a payment waits for others that came with it."""
    return {
        "decode": (decoded_ns - started_ns) // 1000,
        "waiting": (began_ns - decoded_ns) // 1000,
        "facts": (facts_ns - began_ns) // 1000,
        "windows": (windows_ns - facts_ns) // 1000,
        "rules": (rules_ns - windows_ns) // 1000,
        "total": (perf_counter_ns() - started_ns) // 1000,
    }


@lru_cache(maxsize=64)
def _iso_second(second: int) -> str:
    return from_us(second * MICROS_PER_SECOND).strftime("%Y-%m-%dT%H:%M:%S")


def _iso(us: int) -> str:
    """Write a time in UTC; most decisions share their second with the one before."""
    second, micros = divmod(us, MICROS_PER_SECOND)
    return f"{_iso_second(second)}.{micros:06d}+00:00"
