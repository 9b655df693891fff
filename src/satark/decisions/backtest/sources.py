"""Where the events of a backtest come from: what every source brings into the stage, and a file as one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl

from satark.decisions.backtest.label_files import read_labels
from satark.decisions.backtest.result import Note
from satark.decisions.replay_files import fill_stage
from satark.events.frame import CHUNK_ROWS, EventFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from satark.core.rates import RateTable
    from satark.decisions.replay_run import BulkDecider
    from satark.decisions.replay_stage import Stage
    from satark.events.facts import FactType
    from satark.events.frame_map import FrameMap
    from satark.events.tokens import CardTokens


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a source has brought into the stage.

    Attributes
    ----------
    kind, name, rows, refused
        As of `satark.decisions.backtest.result.Source`.
    labels
        All of them: `payment`, `label`, `reporter`, `reported_us`, in their order.
    inputs
        What changes while events come (lists, rates), each with its place (`AT`) and what it does to a decider.
    until_at
        The last place that is needed; None for all.
    as_of_us
        The moment from which the past is looked at; None for a file, of which nobody knows when it was written.
    rates
        In force before the first input.
    shown
        Turns the ids of the stage into those that people know.
    """

    kind: str
    name: str
    rows: int
    refused: int
    labels: pl.DataFrame
    inputs: Sequence[tuple[int, Callable[[BulkDecider], None]]] = ()
    until_at: int | None = None
    as_of_us: int | None = None
    rates: RateTable | None = None
    shown: Callable[[pl.Series], pl.Series] = field(default=lambda ids: ids)
    notes: Sequence[Note] = ()


class BacktestSource(Protocol):
    """Brings events into a stage."""

    def load(
        self,
        stage: Stage,
        *,
        attributes: Mapping[str, FactType],
        horizon_us: int,
        bounds: tuple[int | None, int | None],
        tell: Callable[[int, int], None],
    ) -> Loaded:
        """Fill a stage.

        Parameters
        ----------
        stage
            Empty; closed afterwards.
        attributes
            The custom attributes of the policies.
        horizon_us
            How long before a payment its windows may reach, lateness included.
        bounds
            The time of the payments that count, from and to.
        tell
            Called with (done, total).
        """


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file of events, and perhaps one of labels.

    Attributes
    ----------
    path
        As of `satark.decisions.replay.replay`.
    labels
        A file of labels beside those that stand among the events.
    on_bad_row
        ``stop`` or ``skip``.
    """

    path: Path
    labels: Path | None = None
    mapping: FrameMap | None = None
    tokens: CardTokens | None = None
    rates: RateTable | None = None
    on_bad_row: Literal["stop", "skip"] = "stop"
    chunk_rows: int = CHUNK_ROWS

    def load(
        self,
        stage: Stage,
        *,
        attributes: Mapping[str, FactType],
        horizon_us: int,  # noqa: ARG002 - a file is read from its beginning
        bounds: tuple[int | None, int | None],
        tell: Callable[[int, int], None],
    ) -> Loaded:
        """Fill a stage (`BacktestSource.load`).

        Raises
        ------
        InputInvalid
            A file, or a row of it, cannot be used.
        """
        beside = None if self.labels is None else read_labels(self.labels)
        source = EventFile(self.path, self.mapping, attributes, self.tokens)
        rows, refused = fill_stage(stage, source, self.on_bad_row, self.chunk_rows, tell)
        labels = stage.label_rows()
        if beside is not None:
            labels = pl.concat([labels, beside])
        by_arrival = self.mapping is not None and self.mapping.arrival is not None
        return Loaded(
            kind="file",
            name=self.path.name,
            rows=rows,
            refused=len(refused),
            labels=labels,
            until_at=None if by_arrival or bounds[1] is None else bounds[1] - 1,
            rates=self.rates,
            notes=[Note("windows_cold")],
        )
