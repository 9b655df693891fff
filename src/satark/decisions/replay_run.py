"""One slice of a replay after another: rows for the windows, features, models, rules; the bulk form of `Decider`.

The same kernel, the same words and the same rules as online, column by column; property tests hold the answers equal
to `satark.decisions.decide` event by event. Several policies can be asked about the same events: they share windows
that hold the union of their features.

`decide_all` keeps two cores busy: while the windows take in one slice, in a thread that has let go of the interpreter's
lock, the slice before is judged and the one after is made ready. The order in which rows enter never changes, so the
answers do not either.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from satark.decisions.replay_decided import AMOUNT, Answers, Decided
from satark.decisions.replay_stage import GHOST, LATE, REPEATED
from satark.decisions.views import View, check_together, union_features
from satark.events.facts import LABEL, PAYMENT, facts_of
from satark.events.frame_afterwards import PLACE, WAITED_PLACE
from satark.events.frame_columns import ROW, TYPE
from satark.events.frame_facts import FactFrames, stored_names
from satark.events.signals import in_order
from satark.features.frame_outputs import features_frame
from satark.features.frame_rows import rows_from_frame
from satark.features.kernel.layout import FLAG_EVALUATE, FLAG_INSERT, FLAG_RETRACT, IN_SEQ, IN_TIME
from satark.features.kernel.windows import Windows
from satark.features.plan import make_plan
from satark.policies import ListBook, compile_rules
from satark.policies.bulk import BookEnv, judge_frame
from satark.policies.model_rules import MODEL_SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from satark.core.rates import RateTable
    from satark.policies import Policy


@dataclass(frozen=True, slots=True)
class _Slice:
    """A slice that is ready to enter the windows.

    Attributes
    ----------
    labels
        Places of labels of payments that have several, each with its payment: they may replace an earlier one.
    """

    rows: NDArray[np.int64]
    flags: NDArray[np.uint8]
    paid: NDArray[np.int64]
    labels: Sequence[tuple[int, str]]
    payments: pl.DataFrame
    facts: pl.DataFrame
    degraded: Mapping[str, pl.Series]
    kinds: Mapping[str, int]
    late: int
    late_rows: NDArray[np.bool_]


class BulkDecider:
    """One policy or several with their windows, for events in bulk.

    Parameters
    ----------
    policy
        Checked; or several views, of which the first gives `features`.
    rates
        Dated exchange rates, or None.
    windows_options
        Passed on to `Windows`.
    seed
        Of the text hash.
    """

    def __init__(
        self,
        policy: Policy | Sequence[View],
        *,
        rates: RateTable | None = None,
        windows_options: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        self.views = tuple(policy) if isinstance(policy, list | tuple) else (View(policy),)  # type: ignore[arg-type]
        self.policy = self.views[0].policy
        policies = [view.policy for view in self.views]
        check_together(policies)
        union = union_features(policies)
        self.plan = make_plan(union.features)
        self._internal = union.names
        self.windows = Windows(self.plan.layout, **(windows_options or {}))
        self.books = tuple(view.lists or ListBook.of(view.policy) for view in self.views)
        self._env = BookEnv(self.books[0])
        self._attributes = {name: kind for one in policies for name, kind in one.attributes.items()}
        self._signals = {name: signal for one in policies for name, signal in one.signals.items()}
        self.use_rates(rates)
        self._seed = seed
        self._texts: dict[int, str] = {}
        self._seq = 0
        self._newest = self.windows.max_time_us
        self._labels: dict[str, NDArray[np.int64]] = {}
        self._order = self._facts_needed()
        self._reads = [self._facts_read(view) for view in self.views]
        self._names = {kind: self._names_of(kind) for kind in sorted({PAYMENT, *self.plan.event_types})}

    @property
    def stored(self) -> frozenset[str]:
        """The stored columns that a replay must keep."""
        names = {name for many in self._names.values() for name in many}
        return frozenset(stored_names(sorted(names), self._signals))

    def read_also(self, names: Iterable[str]) -> None:
        """Let `Decided.facts` have more facts of the payments than the policies read."""
        self._order += [name for name in sorted(names) if name not in self._order]
        self._names[PAYMENT] = self._names_of(PAYMENT)

    def use_rates(self, rates: RateTable | None) -> None:
        """Change the exchange rates for the slices to come."""
        self._facts = FactFrames(self._signals, rates, self.policy.base_currency)

    def decide(self, frame: pl.DataFrame) -> Decided:
        """Let a slice of events, in order, through the windows, and decide its payments.

        Raises
        ------
        WindowsFull
            The bound on memory is reached.
        """
        made = self._prepare(frame)
        return self._finish(made, *self._enter(made))

    def decide_all(self, slices: Iterable[pl.DataFrame | Callable[[], None]]) -> Iterator[Decided]:
        """Decide slices one after another, with two of them at work at a time.

        Parameters
        ----------
        slices
            Events in order. What is called instead of a frame happens between the slices around it (a list changes).

        Raises
        ------
        WindowsFull
            The bound on memory is reached.
        """
        waiting: tuple[_Slice, Future[tuple[NDArray[np.int64], NDArray[np.uint8]]]] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="windows") as thread:
            for one in slices:
                if callable(one):
                    if waiting is not None:
                        yield self._finish(waiting[0], *waiting[1].result())
                        waiting = None
                    one()
                    continue
                made = self._prepare(one)
                entered = thread.submit(self._enter, made)
                if waiting is not None:
                    yield self._finish(waiting[0], *waiting[1].result())
                waiting = made, entered
            if waiting is not None:
                yield self._finish(waiting[0], *waiting[1].result())

    def _facts_needed(self) -> list[str]:
        names: dict[str, None] = {}
        for view in self.views:
            features = {feature.name for feature in view.policy.features}
            wanted = [*compile_rules(view.policy).order, *(() if view.model is None else view.model.needed)]
            names |= dict.fromkeys(n for n in wanted if n not in features and n != MODEL_SCORE)
        return list(names | {AMOUNT: None})

    def _facts_read(self, view: View) -> frozenset[str]:
        """Return the facts and signals that one policy reads of a payment: only these can degrade its answer."""
        policy = view.policy
        known = frozenset(facts_of(PAYMENT, policy.attributes)) | policy.signals.keys()
        plan = make_plan(policy.features)
        names = {*compile_rules(policy).order, *plan.names_of(PAYMENT, known)}
        if view.model is not None:
            names |= view.model.needed
        names &= known
        return frozenset(names).union(
            n for signal in in_order(sorted(names), policy.signals) for n in (signal.name, *signal.inputs)
        )

    def _names_of(self, kind: str) -> list[str]:
        known = frozenset(facts_of(kind, self._attributes)) | self._signals.keys()
        first = self._order if kind == PAYMENT else []
        return [*first, *(name for name in self.plan.names_of(kind, known) if name not in first)]

    def _prepare(self, frame: pl.DataFrame) -> _Slice:
        """Make the input rows of a slice, and the facts of its payments."""
        times = frame["occurred_at"].to_numpy()
        late = self._late(times, frame)
        ghosts = frame[GHOST].fill_null(value=False).to_numpy()
        types = frame[TYPE]
        rows = np.zeros((frame.height, self.plan.layout.n_inputs), dtype=np.int64)
        rows[:, IN_SEQ] = np.arange(self._seq + 1, self._seq + 1 + frame.height)
        rows[:, IN_TIME] = times
        self._seq += frame.height
        degraded: dict[str, pl.Series] = {}
        facts = pl.DataFrame()
        payments = frame[:0]
        paid = np.zeros(0, dtype=np.int64)
        for kind, names in self._names.items():
            places = np.flatnonzero((types == kind).to_numpy() & ~ghosts)
            if not len(places):
                continue
            of_kind = frame if len(places) == frame.height else frame[places]
            values, missing = self._facts.with_facts(of_kind, names)
            if kind == PAYMENT:
                facts, degraded, payments, paid = values, missing, of_kind, places
            rows[places] = rows_from_frame(
                self.plan,
                kind,
                values,
                seqs=rows[places, IN_SEQ],
                times_us=times[places],
                env=self._env,
                seed=self._seed,
                texts=self._texts,
            )
        flags = np.where(late, 0, FLAG_INSERT).astype(np.uint8)
        flags[paid] |= FLAG_EVALUATE
        several = ((types == LABEL) & frame[REPEATED].fill_null(value=False)).arg_true().to_list()
        # What waited for its payment was counted when it came.
        waited = (frame[PLACE] == WAITED_PLACE).to_numpy()
        return _Slice(
            rows,
            flags,
            paid,
            [(place, frame["payment"][place]) for place in several if not (late[place] or ghosts[place])],
            payments,
            facts,
            degraded,
            dict(frame.filter(~pl.Series(ghosts)).group_by(TYPE).len().iter_rows()),
            int((late & ~waited).sum()),
            late[paid],
        )

    def _late(self, times: NDArray[np.int64], frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Return which events are older than the newest before them by more than is allowed.

        Where the log says of an event whether it was late, that holds: it was said under the setting of its time.
        """
        before = np.maximum.accumulate(np.concatenate([[self._newest], times]))
        self._newest = int(before[-1])
        # Long ago less the lateness would wrap around, and nothing is late before the first event.
        late: NDArray[np.bool_] = before[:-1] - times > self.windows.lateness_us
        if len(late) and before[0] == _NEVER_US:
            late &= before[:-1] != _NEVER_US
        if LATE in frame.columns:
            said = frame[LATE]
            late = said.zip_with(said.is_not_null(), pl.Series(late)).to_numpy()
        return late

    def _enter(self, made: _Slice) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Let the rows of a slice enter the windows; of several labels of a payment the newest stands."""
        rows, flags = made.rows, made.flags
        out = np.zeros((len(rows), max(1, self.plan.layout.n_outputs)), dtype=np.int64)
        nul = np.zeros(out.shape, dtype=np.uint8)
        start = 0
        for place, payment in made.labels:
            earlier = self._labels.get(payment)
            self._labels[payment] = rows[place : place + 1].copy()
            if earlier is not None:
                self.windows.run_released(rows, flags, out, nul, start, place)
                retract = np.full(1, FLAG_RETRACT, dtype=np.uint8)
                self.windows.run_released(earlier, retract, out[:1].copy(), nul[:1].copy())
                start = place
        self.windows.run_released(rows, flags, out, nul, start, len(rows))
        return out, nul

    def _finish(self, made: _Slice, out: NDArray[np.int64], nul: NDArray[np.uint8]) -> Decided:
        """Read the features and let each policy judge."""
        if len(made.paid) != len(out):
            out, nul = out[made.paid], nul[made.paid]
        features = features_frame(self.plan, out, nul, self._texts)
        names = self._internal[0]
        answers = [self._answers(place, made, features) for place in range(len(self.views))]
        return Decided(
            self.policy,
            made.payments,
            made.facts,
            features.select(pl.col(names[one.name]).alias(one.name) for one in self.policy.features),
            answers,
            made.kinds,
            made.late,
            made.late_rows,
            len(made.rows),
        )

    def _answers(self, place: int, made: _Slice, features: pl.DataFrame) -> Answers:
        view, book, names = self.views[place], self.books[place], self._internal[place]
        policy, height = view.policy, len(made.paid)
        mine = [features[names[one.name]].alias(one.name) for one in policy.features]
        at = [] if "occurred_at" in made.facts.columns else [made.payments["occurred_at"]]
        known = pl.DataFrame([*made.facts.get_columns(), *mine, *at])
        reads = self._reads[place]
        degraded: dict[str, pl.Series | None] = {
            code: where for code, where in made.degraded.items() if _what_fails(code) in reads
        }
        said: pl.Series | None = None
        if policy.model is not None:
            said = _scores(view, known, BookEnv(book), height)
            known = known.with_columns(said)
            missing = said.is_null()
            if missing.any():
                degraded[f"model:{policy.model.name}"] = missing
        degraded |= {f"list:{name}": None for name in book.unavailable}
        return Answers(judge_frame(policy, known, book, killed=view.killed), said, degraded)


def _scores(view: View, known: pl.DataFrame, env: BookEnv, height: int) -> pl.Series:
    if view.model is None or not height:
        return pl.Series(MODEL_SCORE, [None], dtype=pl.Float64).new_from_index(0, height)
    return view.model.score_frame(known, env).alias(MODEL_SCORE)


def _what_fails(code: str) -> str:
    """Return the fact or signal that a code like `rate:USD` or `signal:hour_ist` is about."""
    kind, _, name = code.partition(":")
    return AMOUNT if kind == "rate" else name


_NEVER_US = -(1 << 62)
__all__ = ["ROW", "Answers", "BulkDecider", "Decided"]
