"""One slice of a replay after another: rows for the windows, features, rules; the bulk form of `Decider`.

The same kernel, the same words and the same rules as online, column by column; a property test holds the answers equal
to `satark.decisions.decide` event by event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from satark.decisions.replay_stage import GHOST, REPEATED
from satark.events.facts import LABEL, PAYMENT, facts_of
from satark.events.frame_afterwards import PLACE, WAITED_PLACE
from satark.events.frame_columns import ROW, TYPE
from satark.events.frame_facts import FactFrames, stored_names
from satark.features.frame_outputs import features_frame
from satark.features.frame_rows import rows_from_frame
from satark.features.kernel.layout import FLAG_EVALUATE, FLAG_INSERT, FLAG_RETRACT, IN_SEQ, IN_TIME
from satark.features.kernel.windows import Windows
from satark.features.plan import make_plan
from satark.policies import ListBook, compile_rules
from satark.policies.bulk import BookEnv, evaluate_frame
from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from satark.core.rates import RateTable
    from satark.policies import Policy


@dataclass(frozen=True, slots=True)
class Decided:
    """The answers of one slice, a row per payment, in order.

    Attributes
    ----------
    decisions
        id, occurred_at, action, score, rules, late, degraded, and `would` in `observe` mode.
    features
        One column per feature of the policy.
    amounts
        In minor units of the base currency; null where there is no rate.
    kinds
        How many events of each type.
    late
        How many events of all types came too late to enter the windows.
    """

    decisions: pl.DataFrame
    features: pl.DataFrame
    amounts: pl.Series
    kinds: Mapping[str, int]
    late: int


class BulkDecider:
    """One policy with its windows, for events in bulk.

    Parameters
    ----------
    policy
        Checked.
    rates
        Dated exchange rates, or None.
    windows_options
        Passed on to `Windows`.
    seed
        Of the text hash.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        rates: RateTable | None = None,
        windows_options: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        self.policy = policy
        self.plan = make_plan(policy.features)
        self.windows = Windows(self.plan.layout, **(windows_options or {}))
        self._book = ListBook.of(policy)
        self._env = BookEnv(self._book)
        self._facts = FactFrames(policy.signals, rates, policy.base_currency)
        self._seed = seed
        self._texts: dict[int, str] = {}
        self._seq = 0
        self._newest = self.windows.max_time_us
        self._labels: dict[str, NDArray[np.int64]] = {}
        self._order = [
            name for name in compile_rules(policy).order if name not in {o.name for o in self.plan.outputs}
        ]
        self._names = {kind: self._names_of(kind) for kind in sorted({PAYMENT, *self.plan.event_types})}

    @property
    def stored(self) -> frozenset[str]:
        """The stored columns that a replay must keep."""
        names = {"amount", *(name for many in self._names.values() for name in many)}
        return frozenset(stored_names(sorted(names), self.policy.signals))

    def decide(self, frame: pl.DataFrame) -> Decided:
        """Let a slice of events, in order, through the windows, and decide its payments.

        Raises
        ------
        WindowsFull
            The bound on memory is reached.
        """
        times = frame["occurred_at"].to_numpy()
        late = self._late(times)
        ghosts = frame[GHOST].fill_null(value=False).to_numpy()
        types = frame[TYPE].to_numpy()
        rows = np.zeros((frame.height, self.plan.layout.n_inputs), dtype=np.int64)
        rows[:, IN_SEQ] = np.arange(self._seq + 1, self._seq + 1 + frame.height)
        rows[:, IN_TIME] = times
        self._seq += frame.height
        degraded: dict[str, pl.Series] = {}
        facts = pl.DataFrame()
        for kind, names in self._names.items():
            places = np.flatnonzero((types == kind) & ~ghosts)
            if not len(places):
                continue
            of_kind = frame[places]
            values, missing = self._facts.with_facts(of_kind, names)
            if kind == PAYMENT:
                facts, degraded = values, missing
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
        paid = np.flatnonzero(types == PAYMENT)
        flags = np.where(late, 0, FLAG_INSERT).astype(np.uint8)
        flags[paid] |= FLAG_EVALUATE
        out, nul = self._run(frame, rows, flags, late, ghosts)
        payments = frame[paid]
        kinds = dict(frame.filter(~pl.Series(ghosts)).group_by(TYPE).len().iter_rows())
        # What waited for its payment was counted when it came.
        n_late = int((late & (frame[PLACE] != WAITED_PLACE).to_numpy()).sum())
        features = features_frame(self.plan, out[paid], nul[paid], self._texts)
        if not len(paid):
            return Decided(_EMPTY, features, pl.Series([], dtype=pl.Int64), kinds, n_late)
        decisions = self._verdicts(payments, facts, features, degraded, late[paid])
        amounts = self._facts.with_facts(payments, ["amount"])[0]["amount"]
        return Decided(decisions, features, amounts, kinds, n_late)

    def _names_of(self, kind: str) -> list[str]:
        known = frozenset(facts_of(kind, self.policy.attributes)) | self.policy.signals.keys()
        first = self._order if kind == PAYMENT else []
        return [*first, *(name for name in self.plan.names_of(kind, known) if name not in first)]

    def _late(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which events are older than the newest before them by more than is allowed."""
        before = np.maximum.accumulate(np.concatenate([[self._newest], times]))
        self._newest = int(before[-1])
        # Long ago less the lateness would wrap around, and nothing is late before the first event.
        late: NDArray[np.bool_] = before[:-1] - times > self.windows.lateness_us
        if len(late) and before[0] == _NEVER_US:
            late &= before[:-1] != _NEVER_US
        return late

    def _run(
        self,
        frame: pl.DataFrame,
        rows: NDArray[np.int64],
        flags: NDArray[np.uint8],
        late: NDArray[np.bool_],
        ghosts: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        out = np.zeros((len(rows), max(1, self.plan.layout.n_outputs)), dtype=np.int64)
        nul = np.zeros(out.shape, dtype=np.uint8)
        start = 0
        corrected = (frame[TYPE] == LABEL) & frame[REPEATED].fill_null(value=False)
        for place in corrected.arg_true().to_list():
            if late[place] or ghosts[place]:
                continue
            payment = frame["payment"][place]
            earlier = self._labels.get(payment)
            self._labels[payment] = rows[place : place + 1].copy()
            if earlier is not None:
                self.windows.run(rows, flags, out, nul, start, place)
                retract = np.full(1, FLAG_RETRACT, dtype=np.uint8)
                self.windows.run(earlier, retract, out[:1].copy(), nul[:1].copy())
                start = place
        self.windows.run(rows, flags, out, nul, start, len(rows))
        return out, nul

    def _verdicts(
        self,
        payments: pl.DataFrame,
        facts: pl.DataFrame,
        features: pl.DataFrame,
        degraded: Mapping[str, pl.Series],
        late: NDArray[np.bool_],
    ) -> pl.DataFrame:
        at = [] if "occurred_at" in facts.columns else [payments["occurred_at"]]
        known = pl.DataFrame([*facts.get_columns(), *features.get_columns(), *at])
        verdicts = evaluate_frame(self.policy, known, self._book)
        codes: list[pl.Expr] = [
            pl.when(pl.Series(where)).then(pl.lit(code)) for code, where in degraded.items()
        ]
        codes += [pl.lit(f"list:{name}") for name in self._book.unavailable]
        height = pl.int_range(payments.height)
        listed = pl.concat_list(codes).list.drop_nulls() if codes else pl.lit([], dtype=pl.List(pl.String))
        told = pl.select(height.alias("__"), listed.alias("degraded"))["degraded"]
        observe = self.policy.mode == "observe"
        action = (
            pl.Series("action", [ACTIONS[0]]).new_from_index(0, payments.height)
            if observe
            else verdicts["action"]
        )
        columns = [
            payments["id"],
            payments["occurred_at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            action,
            verdicts["score"],
            verdicts["rules"],
            pl.Series("late", late),
            told,
        ]
        if observe:
            columns.append(verdicts["action"].alias("would"))
        return pl.DataFrame(columns)


_NEVER_US = -(1 << 62)
_EMPTY = pl.DataFrame(
    schema={
        "id": pl.String(),
        "occurred_at": pl.Datetime("us", "UTC"),
        "action": pl.String(),
        "score": pl.Float64(),
        "rules": pl.List(pl.String),
        "late": pl.Boolean(),
        "degraded": pl.List(pl.String),
    }
)
__all__ = ["ROW", "BulkDecider", "Decided"]
