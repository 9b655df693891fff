"""Past payments of files, replayed into a table for training: windows as they were, labels as they became known.

The windows come from the kernel that decides live, event by event in the order of arrival, so no input can know what
came later. A label is an event of its own, at the time when it was reported: before that no window counts it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from satark.core.clock import MICROS_PER_DAY
from satark.core.errors import InputInvalid
from satark.decisions.replay_files import fill_stage
from satark.decisions.replay_run import BulkDecider
from satark.decisions.replay_stage import SLICE_EVENTS, Stage
from satark.decisions.training_graph import Graphs
from satark.decisions.training_inputs import candidates_of, with_categories
from satark.decisions.training_labels import CUSTOMER_FACTS, SEED, Known, customer_of
from satark.events.frame import CHUNK_ROWS, EventFile
from satark.events.frame_columns import stored_columns
from satark.language import FrameEnv
from satark.models.binding import input_matrix
from satark.models.calibration import calibrate_many
from satark.models.training.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from satark.core.rates import RateTable
    from satark.decisions.replay_run import Decided
    from satark.events.frame_map import FrameMap
    from satark.events.tokens import CardTokens
    from satark.models import Model
    from satark.models.training.inputs import Candidates
    from satark.policies import Policy

MOST_ROWS = 400_000
MOST_SCORED = 1_000_000
COMPROMISED_DAYS = 14
GROUPED = ("method", "channel")
AHEAD_US = MICROS_PER_DAY
_FULL = float(2**64)


@dataclass(frozen=True, slots=True)
class Span:
    """Which payments train, and what may be known of them.

    Attributes
    ----------
    start_us, end_us
        Payments from here to before there; None: from the first, to the last.
    as_of_us
        Labels that were reported later are not known; None: all are.
    now_us
        No payment of the past is later than this; None: not checked.
    """

    start_us: int | None = None
    end_us: int | None = None
    as_of_us: int | None = None
    now_us: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What was gathered.

    Attributes
    ----------
    table
        For `satark.models.training.fit.train`.
    notes
        What the model card says about where it came from.
    ids
        Of the payments, in the order of the table.
    others, others_rows
        Payments that are only to be scored (id, occurred_at), and all their possible inputs, shape (n, inputs).
    """

    table: Table
    notes: Mapping[str, Any]
    ids: pl.Series
    others: pl.DataFrame
    others_rows: NDArray[np.float64]

    def score(self, model: Model) -> pl.DataFrame:
        """Return id, occurred_at and score of the payments that are only to be scored.

        Parameters
        ----------
        model
            Trained on `table`.
        """
        places = {one.name: place for place, one in enumerate(self.table.inputs)}
        columns = [places[one.name] for one in model.head.inputs]
        rows = np.ascontiguousarray(self.others_rows[:, columns])
        scores = calibrate_many(model.head.calibration, model.scorer.many(rows))
        return self.others.with_columns(pl.Series("score", scores))


@dataclass(slots=True)
class _Kept:
    """Rows so far; genuine ones are thinned out by a hash of their id when there are too many."""

    most: int
    share: float = 1.0
    parts: list[tuple[NDArray[np.float64], pl.DataFrame]] = field(default_factory=list)
    n: int = 0

    def add(self, rows: NDArray[np.float64], about: pl.DataFrame) -> None:
        self.parts.append(self._thinned(rows, about))
        self.n += len(self.parts[-1][1])
        while self.n > self.most and self.share > 1e-6:  # noqa: PLR2004 - then all that is left is fraud
            self.share /= 2
            self.parts = [self._thinned(*part) for part in self.parts]
            self.n = sum(len(about) for _, about in self.parts)

    def _thinned(
        self, rows: NDArray[np.float64], about: pl.DataFrame
    ) -> tuple[NDArray[np.float64], pl.DataFrame]:
        if self.share == 1:
            return rows, about
        drawn = about["id"].hash(SEED).to_numpy() / _FULL < self.share
        kept = drawn | about["fraud"].to_numpy()
        return rows[kept], about.filter(pl.Series(kept))


def training_set(  # noqa: PLR0913 - all but two are options by name
    events_path: Path | str,
    policy: Policy,
    *,
    span: Span | None = None,
    scored: Span | None = None,
    mapping: FrameMap | None = None,
    labels_path: Path | str | None = None,
    labels_mapping: FrameMap | None = None,
    on_bad_row: Literal["stop", "skip"] = "stop",
    rates: RateTable | None = None,
    tokens: CardTokens | None = None,
    windows_options: Mapping[str, Any] | None = None,
    most_rows: int = MOST_ROWS,
    chunk_rows: int = CHUNK_ROWS,
    slice_events: int = SLICE_EVENTS,
    temp: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingSet:
    """Replay files of past events and gather what a model can be trained on.

    Parameters
    ----------
    events_path, mapping, on_bad_row, rates, tokens, windows_options, chunk_rows, slice_events, temp, progress
        As of `satark.decisions.replay.replay`. The files stream: memory holds a slice, what was kept, and a few
        numbers per event.
    policy
        Its features are the inputs, its `labels:` say whom to believe, its `training:` bounds the model.
    span
        Which payments train; the windows see everything before, too.
    scored
        Payments whose inputs are kept as well, for `TrainingSet.score`; their labels do not matter.
    labels_path, labels_mapping
        A file with labels alone, where they are not among the events.
    most_rows
        About so many payments are kept: all frauds, and genuine ones drawn by a hash of their id.

    Raises
    ------
    InputInvalid
        A file or a row of it cannot be used, or a payment comes from the future.
    WindowsFull
        The windows would need more memory than the options allow.
    StorageUnavailable
        There is no room for temporary parts.
    """
    span = span or Span()
    tell = progress or (lambda _done, _total: None)
    bare = replace(policy, rules=(), model=None)
    decider = BulkDecider(bare, rates=rates, windows_options=windows_options)
    possible = candidates_of(policy)
    graphs = Graphs(possible, span.start_us)
    decider.read_also(possible.facts | {"occurred_at", *GROUPED})
    columns = (decider.stored | {*CUSTOMER_FACTS}) & stored_columns(policy.attributes).keys()
    kept, others = _Kept(most_rows), _Kept(MOST_SCORED)
    with tempfile.TemporaryDirectory(prefix="satark-train-", dir=temp) as place:
        folder = Path(place) / "stage"
        folder.mkdir()
        stage = Stage(folder, columns)
        sources = [EventFile(Path(events_path), mapping, policy.attributes, tokens)]
        if labels_path is not None:
            sources.append(EventFile(Path(labels_path), labels_mapping, policy.attributes, tokens))
        rows, refused = _fill(stage, sources, on_bad_row, chunk_rows, tell)
        times = stage.times()
        if not len(times):
            raise InputInvalid(f"{Path(events_path).name} has no events", path=str(events_path))
        as_of_us = int(times[-1]) if span.as_of_us is None else span.as_of_us
        _check_clock(times, span.now_us)
        possible = with_categories(possible, stage)
        known = Known(stage, policy, as_of_us)
        done = late = unknown = 0
        for decided in decider.decide_all(stage.slices(slice_events)):
            done += decided.height
            late += decided.late
            if decided.payments.height:
                possible = graphs.drawn(decided, possible)
                unknown += _gather(decided, possible, known, span, kept)
                if scored is not None:
                    _gather_others(decided, possible, scored, others)
            tell(rows + done, rows + len(times))
        reports = known.reports(stage)
    table, ids = _table(kept, possible, reports)
    notes = {
        "policy": {"name": policy.name, "version": policy.version, "hash": policy.content_hash},
        "labels_known_until": _day(as_of_us),
        "events": len(times),
        "rows_refused": len(refused),
        "repeated": stage.repeats,
        "late": late,
        "labels_without_payment": stage.parked,
        "payments_of_unknown_outcome": unknown,
        "labels_before_their_payment": int((table.known < table.times).sum()),
        "share_of_genuine_kept": kept.share,
        **graphs.notes,
    }
    table = replace(table, known=np.maximum(table.known, table.times), embeddings=graphs.embeddings)
    empty = pl.DataFrame(schema={"id": pl.String(), "occurred_at": pl.Datetime("us", "UTC")})
    about = [part.select(empty.columns) for _, part in others.parts]
    rows_of_others = [part for part, _ in others.parts] or [np.empty((0, len(table.inputs)))]
    return TrainingSet(
        table, notes, ids, pl.concat(about) if about else empty, np.concatenate(rows_of_others)
    )


def _fill(
    stage: Stage,
    sources: list[EventFile],
    on_bad_row: str,
    chunk_rows: int,
    tell: Callable[[int, int], None],
) -> tuple[int, list[Any]]:
    """Read the files into one stage; only the last one closes it."""
    rows, refused = 0, []
    for source in sources[:-1]:
        for chunk in source.chunks(chunk_rows):
            bad = [*chunk.refused, *stage.add(chunk, by_arrival=_by_arrival(source))]
            if bad and on_bad_row == "stop":
                raise InputInvalid(
                    f"{source.path.name}, {bad[0]}",
                    path=str(source.path),
                    row=bad[0].row,
                    field=bad[0].field,
                )
            refused += bad
            rows += chunk.rows
            tell(rows, rows * 3)
    more, bad = fill_stage(stage, sources[-1], on_bad_row, chunk_rows, lambda d, t: tell(rows + d, rows + t))
    return rows + more, [*refused, *bad]


def _by_arrival(source: EventFile) -> bool:
    return source.mapping is not None and source.mapping.arrival is not None


def _check_clock(times: NDArray[np.int64], now_us: int | None) -> None:
    if now_us is None:
        return
    ahead = int((times > now_us + AHEAD_US).sum())
    if ahead:
        message = (
            f"{ahead:,} of {len(times):,} events are from the future (the last is of {_day(int(times[-1]))}):"
            " a clock or a time zone is wrong"
        )
        raise InputInvalid(message, field="occurred_at", events=ahead)


def _gather(decided: Decided, possible: Candidates, known: Known, span: Span, kept: _Kept) -> int:
    """Keep the payments of a slice that train; return how many there were whose outcome is not known."""
    payments = decided.payments
    at = pl.col("occurred_at").cast(pl.Int64)
    there = [name for name in CUSTOMER_FACTS if name in payments.columns]
    about = known.of(
        payments.select(
            "id",
            at.alias("at"),
            customer_of(there),
            *(
                pl.col(name).cast(pl.String)
                if name in payments.columns
                else pl.lit(None, pl.String).alias(name)
                for name in GROUPED
            ),
        )
    )
    inside = _inside(pl.col("at"), span)
    wanted = about.select(inside.alias("in"), (inside & pl.col("fraud").is_not_null()).alias("use"))
    use = wanted["use"]
    if use.any():
        kept.add(_rows(decided, use, possible), about.filter(use))
    return int((wanted["in"] & ~use).sum())


def _gather_others(decided: Decided, possible: Candidates, span: Span, others: _Kept) -> None:
    """Keep the payments of a slice that are only to be scored."""
    at = pl.col("occurred_at").cast(pl.Int64)
    about = decided.payments.select(
        "id",
        at.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("occurred_at"),
        _inside(at, span).alias("use"),
        pl.lit(value=True).alias("fraud"),
    )
    use = about["use"]
    if use.any():
        others.add(_rows(decided, use, possible), about.filter(use))
    if others.n > MOST_SCORED:
        raise InputInvalid(f"more than {MOST_SCORED:,} payments are to be scored; name a shorter span")


def _inside(at: pl.Expr, span: Span) -> pl.Expr:
    inside = at.is_not_null()
    if span.start_us is not None:
        inside &= at >= span.start_us
    if span.end_us is not None:
        inside &= at < span.end_us
    return inside


def _rows(decided: Decided, use: pl.Series, possible: Candidates) -> NDArray[np.float64]:
    columns = [*decided.facts.filter(use).get_columns(), *decided.features.filter(use).get_columns()]
    return input_matrix(possible.inputs, possible.exprs, possible.near, pl.DataFrame(columns), FrameEnv())


def _table(kept: _Kept, possible: Candidates, reports: pl.DataFrame) -> tuple[Table, pl.Series]:
    if not kept.parts:
        raise InputInvalid("there is no payment with a known outcome in the span of the training", payments=0)
    about = pl.concat([about for _, about in kept.parts])
    rows = np.empty((len(about), len(possible.inputs)), dtype=np.float64)
    start = 0
    # Part by part, so that nothing is in memory twice.
    while kept.parts:
        part, _ = kept.parts.pop(0)
        rows[start : start + len(part)] = part
        start += len(part)
    order = np.argsort(about["at"].to_numpy(), kind="stable")
    if (np.diff(order) != 1).any():
        rows, about = rows[order], about[order]
    reported = about.join_asof(
        reports.with_columns(pl.col("at").alias("reported_at")),
        on="at",
        by="customer",
        strategy="backward",
        tolerance=COMPROMISED_DAYS * MICROS_PER_DAY,
        check_sortedness=False,
    )
    fraud = about["fraud"].to_numpy()
    groups = {}
    for name in GROUPED:
        names = tuple(sorted(about[name].drop_nulls().unique().to_list()))
        if len(names) > 1:
            codes = about[name].replace_strict(
                list(names), list(range(len(names))), default=-1, return_dtype=pl.Int64
            )
            groups[name] = (names, codes.to_numpy())
    table = Table(
        inputs=possible.inputs,
        rows=rows,
        times=about["at"].to_numpy(),
        fraud=fraud,
        known=about["known_us"].to_numpy(),
        weights=np.where(fraud, 1.0, 1 / kept.share),
        customers=about["customer"].fill_null(0).to_numpy(),
        compromised=reported["reported_at"].is_not_null().to_numpy(),
        groups=groups,
    )
    return table, about["id"]


def _day(at_us: int) -> str:
    return str(pl.Series([at_us]).cast(pl.Datetime("us")).dt.date()[0])
