"""The sums of one backtest while its slices come: who is asked, what counts, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from satark.core.clock import MICROS_PER_DAY, to_us
from satark.core.errors import InputInvalid
from satark.decisions.backtest.comparing import Comparison
from satark.decisions.backtest.labelling import Truth
from satark.decisions.backtest.queue_load import ist_hours
from satark.decisions.backtest.result import FORMAT, BacktestResult, Costs, Note, Source
from satark.decisions.backtest.sums import exact_sum
from satark.decisions.backtest.tally import Payments, PolicyTally
from satark.decisions.label_index import NAMES
from satark.decisions.replay_run import Answers, BulkDecider
from satark.decisions.replay_stage import AT, SHARE, SLICE_EVENTS, Stage
from satark.events.frame_columns import stored_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from satark.decisions.backtest.sources import Loaded
    from satark.decisions.replay_files import Parts
    from satark.decisions.replay_run import Decided
    from satark.decisions.views import View

DEFAULT_COSTS = Costs(review_minor=5_000, friction_minor=10_000, loss_share=1.0, alerts_per_day=None)
"""Fifty rupees of an analyst's time for an alert, a hundred for a genuine customer who is troubled."""
CUSTOMER_KEYS = ("customer", "card", "account", "vpa")
"""Whom a payment is of: the first of these that it has."""
_CUSTOMER_SEED = 0xC057


@dataclass(frozen=True, slots=True)
class Options:
    """How a backtest is run.

    Attributes
    ----------
    from_us, to_us
        The time of the payments that count, the second not included; those before fill the windows. None: no bound.
    costs
        For the cost-optimal and budget-optimal points.
    windows
        Bounds on memory and lateness (`satark.features.kernel.windows.Windows`).
    out
        Where the candidate's decisions go (Parquet), beside those of the other policy.
    differences
        Where the payments go that the policies answer differently (Parquet).
    slice_events
        How many events are in memory at once.
    temp
        Where temporary parts go.
    """

    from_us: int | None = None
    to_us: int | None = None
    costs: Costs = DEFAULT_COSTS
    windows: Mapping[str, Any] | None = None
    out: Path | None = None
    differences: Path | None = None
    slice_events: int = SLICE_EVENTS
    temp: Path | None = None


class Running:
    """The deciders and the sums of one backtest."""

    def __init__(self, views: Sequence[View], options: Options) -> None:
        self._views, self._options = views, options
        self._tallies = [PolicyTally(view) for view in views]
        self._comparison = Comparison() if len(views) > 1 else None
        self._decider = BulkDecider(views, windows_options=options.windows)
        self._decider.read_also(name for tally in self._tallies for name in tally.routes.facts)
        self.attributes = {name: kind for view in views for name, kind in view.policy.attributes.items()}
        columns = stored_columns(self.attributes).keys()
        self.stored = self._decider.stored.union(CUSTOMER_KEYS) & columns
        self._kinds: dict[str, int] = {}
        self._late = self._no_amount = 0
        self._amount = 0
        self._first_us: int | None = None
        self._last_us = 0
        self._truth: Truth | None = None

    @property
    def horizon_us(self) -> int:
        """How long before a payment its windows may reach, lateness included."""
        windows = self._decider.windows
        return windows.layout.max_offset_us + windows.lateness_us

    def decide(
        self, stage: Stage, loaded: Loaded, writers: Sequence[Parts], tell: Callable[[int, int], None]
    ) -> None:
        """Decide everything and add it up."""
        labels = self._views[0].policy.labels
        self._truth = Truth(loaded.labels, labels, as_of_us=loaded.as_of_us, weighted=_has_control(stage))
        times = stage.times()
        if loaded.until_at is not None:
            times = times[times <= loaded.until_at]
        total, done = len(times), 0
        self._decider.use_rates(loaded.rates)
        slices = _with_inputs(stage, loaded, self._decider, self._options.slice_events)
        for decided in self._decider.decide_all(slices):
            self._add(decided, loaded, writers)
            done += decided.height
            tell(loaded.rows + done, loaded.rows + total)

    def _add(self, decided: Decided, loaded: Loaded, writers: Sequence[Parts]) -> None:
        answers = decided.answers
        for kind, count in decided.kinds.items():
            self._kinds[kind] = self._kinds.get(kind, 0) + count
        self._late += decided.late
        payments, facts, late = decided.payments, decided.facts, decided.late_rows
        if not payments.height:
            return
        inside = self._inside(payments["occurred_at"].to_numpy())
        if not inside.all():
            rows = np.flatnonzero(inside)
            if not len(rows):
                return
            payments, facts, late = payments[rows], facts[rows], late[rows]
            answers = [_some(one, rows) for one in answers]
        times = payments["occurred_at"].to_numpy()
        self._first_us = int(times.min()) if self._first_us is None else min(self._first_us, int(times.min()))
        self._last_us = max(self._last_us, int(times.max()))
        amount = facts["amount"]
        self._no_amount += amount.null_count()
        amounts = amount.fill_null(0).to_numpy()
        self._amount += exact_sum(amounts)
        assert self._truth is not None  # noqa: S101 - `decide` has made it
        codes, weights = self._truth.add(payments)
        counted = Payments(codes, weights, amounts, _customers(payments), ist_hours(times), facts)
        for tally, answer in zip(self._tallies, answers, strict=True):
            tally.add(counted, answer)
        ids = pl.DataFrame(
            [
                loaded.shown(payments["id"]).alias("id"),
                (
                    payments[AT] if loaded.kind == "log" else pl.zeros(len(codes), dtype=pl.Int64, eager=True)
                ).alias("seq"),
                payments["occurred_at"].alias("occurred_us"),
                amount.alias("amount"),
            ]
        )
        if writers[0].target is not None:
            writers[0].write(_decisions(ids, codes, late, answers))
        if self._comparison is not None:
            changed = self._comparison.add(counted, answers[1].verdicts, answers[0].verdicts, ids)
            if writers[1].target is not None:
                writers[1].write(_dated(changed))

    def _inside(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        inside = np.ones(len(times), dtype=np.bool_)
        if self._options.from_us is not None:
            inside &= times >= self._options.from_us
        if self._options.to_us is not None:
            inside &= times < self._options.to_us
        return inside

    def result(self, stage: Stage, loaded: Loaded, seconds: float) -> BacktestResult:
        """Return everything."""
        assert self._truth is not None  # noqa: S101 - `decide` has made it
        options, truth = self._options, self._truth
        if self._first_us is None:
            message = f"{loaded.name} has no payments in that time"
            raise InputInvalid(message, field="from")
        from_us = self._first_us if options.from_us is None else options.from_us
        # An open end is where the events end: hours without any events at all say nothing about a queue.
        to_us = self._last_us + 1 if options.to_us is None else min(options.to_us, self._last_us + 1)
        from_us = max(from_us, self._first_us)
        days = max((to_us - from_us) / MICROS_PER_DAY, 1 / 24)
        results = [
            tally.result(from_us=from_us, to_us=to_us, days=days, costs=options.costs)
            for tally in self._tallies
        ]
        labels = truth.labels()
        difference = None
        if self._comparison is not None:
            difference = self._comparison.result(self._tallies[1], self._tallies[0], results[1], results[0])
        notes = [*truth.notes(), *loaded.notes, *self._model_notes(from_us)]
        if self._no_amount:
            notes.append(Note("no_amount", {"payments": self._no_amount}))
        return BacktestResult(
            format=FORMAT,
            source=Source(
                kind=loaded.kind,
                name=loaded.name,
                from_us=from_us,
                to_us=to_us,
                rows=loaded.rows,
                refused=loaded.refused,
                repeated=stage.repeats,
                events=dict(sorted(self._kinds.items())),
                late=self._late,
                parked=stage.parked,
            ),
            currency=self._views[0].policy.base_currency,
            payments=labels.payments,
            amount_minor=self._amount,
            days=days,
            labels=labels,
            costs=options.costs,
            candidate=results[0],
            against=results[1] if len(results) > 1 else None,
            difference=difference,
            notes=notes,
            seconds=seconds,
        )

    def _model_notes(self, from_us: int) -> Iterator[Note]:
        """Tell of models that have seen some of these payments when they were trained: they flatter themselves."""
        for view in self._views:
            if view.policy.model is not None and view.model is None:
                yield Note("model_missing", {"model": view.policy.model.name})
            until = None if view.model is None else trained_until_us(view.model.model.head.card)
            if until is not None and until > from_us:
                yield Note("model_has_seen", {"model": view.model.model.name if view.model else ""})


def trained_until_us(card: Mapping[str, Any]) -> int | None:
    """Return the last moment of the data that a model was fitted on, as its card says; None when it does not.

    Examples
    --------
    >>> trained_until_us({"span": {"from": "1969-12-30", "to": "1969-12-31"}})
    0
    >>> trained_until_us({}) is None
    True
    """
    span = card.get("span")
    last = span.get("to") if isinstance(span, dict) else None
    try:
        day = date.fromisoformat(str(last))
    except ValueError:
        return None
    # The card tells days in UTC.
    return int(to_us(datetime(day.year, day.month, day.day, tzinfo=UTC))) + MICROS_PER_DAY


def _has_control(stage: Stage) -> bool:
    """Return whether any payment was let through by a control group."""
    return any(
        SHARE in pl.read_parquet_schema(part.path)
        and pl.read_parquet(part.path, columns=[SHARE])[SHARE].null_count() < _height(part.path)
        for part in stage.acts
    )


def _height(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _with_inputs(
    stage: Stage, loaded: Loaded, decider: BulkDecider, size: int
) -> Iterator[pl.DataFrame | Callable[[], None]]:
    """Yield slices of events, and between them what changes at its place."""
    waiting = sorted(loaded.inputs, key=lambda one: one[0])
    place = 0
    for frame in stage.slices(size):
        rest = frame if loaded.until_at is None else frame.filter(pl.col(AT) <= loaded.until_at)
        while rest.height:
            if place == len(waiting) or waiting[place][0] > rest[AT][-1]:
                yield rest
                break
            at, change = waiting[place]
            place += 1
            before = int((rest[AT] < at).sum())
            if before:
                yield rest[:before]
                rest = rest[before:]
            yield lambda change=change: change(decider)  # type: ignore[misc]


def _some(answers: Answers, rows: NDArray[np.int64]) -> Answers:
    """Return the answers of some of the payments."""
    picked = pl.Series(rows)
    return Answers(
        answers.verdicts.rows(rows),
        None if answers.model is None else answers.model.gather(picked),
        {code: None if where is None else where.gather(picked) for code, where in answers.degraded.items()},
    )


def _customers(payments: pl.DataFrame) -> NDArray[np.uint64]:
    """Return a hash of whom each payment is of, 0 where nothing says it."""
    names = [name for name in CUSTOMER_KEYS if name in payments.columns]
    if not names:
        return np.zeros(payments.height, dtype=np.uint64)
    # A card and an account of one name are two customers.
    keys = [pl.lit(f"{name}:") + pl.col(name).cast(pl.String) for name in names]
    known = payments.select(pl.coalesce(keys).alias("who"))["who"]
    hashed = known.hash(_CUSTOMER_SEED).to_numpy().copy()
    hashed[hashed == 0] = 1
    hashed[known.is_null().to_numpy()] = 0
    return hashed


def _decisions(
    ids: pl.DataFrame, codes: NDArray[np.uint8], late: NDArray[np.bool_], answers: Sequence[Answers]
) -> pl.DataFrame:
    """Return the rows of the file of decisions."""
    columns = [pl.Series("late", late), _label_words(codes)]
    for prefix, answer in zip(("", "against_"), answers, strict=False):
        columns += [
            answer.verdicts.actions().alias(f"{prefix}action"),
            pl.Series(f"{prefix}score", answer.verdicts.scores),
            answer.verdicts.codes().alias(f"{prefix}rules"),
        ]
        if answer.model is not None:
            columns.append(answer.model.alias(f"{prefix}model_score"))
    return _dated(ids.with_columns(columns))


def _label_words(codes: NDArray[np.uint8]) -> pl.Series:
    return (
        pl.Series([None, *NAMES[1:]], dtype=pl.String)
        .gather(pl.Series(codes, dtype=pl.UInt32))
        .alias("label")
    )


def _dated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with times as times."""
    at = pl.col("occurred_us").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("occurred_at")
    return frame.select("id", "seq", at, pl.exclude("id", "seq", "occurred_us"))
