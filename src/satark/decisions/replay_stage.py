"""Events of a file on their way into order: checked, reduced to the columns that a policy needs, kept in parts on disk.

A file need not be in order of time, and a label may stand before its payment, so a replay reads the file once, keeps
what it needs in parts under a temporary folder, and then takes the events out in order, a slice of time after another.
Memory holds a few numbers per event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.core.errors import StorageUnavailable
from satark.events.facts import LABEL, PAYMENT, RESULT
from satark.events.frame_afterwards import ARRIVAL, AT_ITS_PLACE, PAYMENT_PLACE, PLACE, TIE, WAITED_PLACE
from satark.events.frame_check import Refusal
from satark.events.frame_columns import ROW, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from satark.events.frame import FactChunk

SLICE_EVENTS = 65_536
AT = "__at"
TURN = "__turn"
GHOST = "__ghost"
REPEATED = "__repeated"
LATE = "__late"
"""Whether the log marked an event as late; a file says nothing about it."""
THEN, SHARE = "__then", "__share"
"""Of a payment of the log: the gravity of its answer then, and the share of the control group that let it through."""
ORDER = (AT, TIE, ROW, PLACE, TURN)
_AFTERWARDS = (RESULT, LABEL)
_IDS = 0x5A7A
FUTURE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the stage and the first and last place in time that it holds."""

    path: Path
    first: int
    last: int


@dataclass(slots=True)
class Stage:
    """The parts of one replay.

    Parameters
    ----------
    folder
        Temporary, ours alone.
    needed
        The stored columns that the policy reads.
    known
        Payments from before the first event: results and labels may be about them, and they are not decided again.
    """

    folder: Path
    needed: frozenset[str]
    acts: list[Part] = field(default_factory=list)
    known: list[Part] = field(default_factory=list)
    open_afterwards: list[Part] = field(default_factory=list)
    made: list[Part] = field(default_factory=list)
    repeats: int = 0
    parked: int = 0
    _written: int = 0
    _ids: list[NDArray[np.uint64]] = field(default_factory=list)
    _bodies: list[NDArray[np.uint64]] = field(default_factory=list)
    _places: list[NDArray[np.int64]] = field(default_factory=list)
    _times: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, chunk: FactChunk, *, by_arrival: bool) -> list[Refusal]:
        """Take in one chunk of the file; return what is refused besides (events of the future)."""
        frame = chunk.frame
        refused: list[Refusal] = []
        if by_arrival:
            early = frame.filter(pl.col("occurred_at") > pl.col(ARRIVAL) + FUTURE_US)[ROW].to_list()
            refused = [
                Refusal(row, "occurred_at", "not in the future when it arrived", "a later time")
                for row in early
            ]
            frame = frame.filter(~pl.col(ROW).is_in(pl.Series(early, dtype=pl.Int64).implode()))
        at = pl.col(ARRIVAL) if by_arrival else pl.col("occurred_at")
        own = frame.with_columns(
            at.alias(AT),
            pl.lit(AT_ITS_PLACE, dtype=pl.Int8).alias(TIE),
            pl.lit(PAYMENT_PLACE, dtype=pl.Int8).alias(PLACE),
        )
        self._note_ids(frame, own)
        is_after = pl.col(TYPE).is_in(_AFTERWARDS)
        self._write(self.acts, own.filter(~is_after))
        self._write(self.open_afterwards, own.filter(is_after))
        if chunk.afterwards is not None:
            rows = frame[ROW].implode()
            after = chunk.afterwards.filter(pl.col(ROW).is_in(rows)).with_columns(
                pl.col("occurred_at").alias(AT)
            )
            if by_arrival:
                # The file does not say when these arrived: at their own time, but never before their payment.
                waits = pl.col(ARRIVAL) >= pl.col(AT)
                after = after.with_columns(
                    pl.max_horizontal(AT, ARRIVAL).alias(AT),
                    pl.when(waits).then(pl.lit(AT_ITS_PLACE, dtype=pl.Int8)).otherwise(TIE).alias(TIE),
                )
            self._write(self.made, after)
        return refused

    def add_logged(self, frame: pl.DataFrame) -> None:
        """Take in some entries of a log, which are in order and have ids of their own.

        Parameters
        ----------
        frame
            Stored columns, `ROW`, `TYPE`, and `AT`: the places in the log.
        """
        own = frame.with_columns(
            pl.lit(AT_ITS_PLACE, dtype=pl.Int8).alias(TIE), pl.lit(PAYMENT_PLACE, dtype=pl.Int8).alias(PLACE)
        )
        is_after = pl.col(TYPE).is_in(_AFTERWARDS)
        self._write(self.acts, own.filter(~is_after))
        self._write(self.open_afterwards, own.filter(is_after))

    def add_known(self, frame: pl.DataFrame) -> None:
        """Take in payments from before the first event, as `add_logged` does, for what is about them."""
        own = frame.with_columns(
            pl.lit(AT_ITS_PLACE, dtype=pl.Int8).alias(TIE), pl.lit(PAYMENT_PLACE, dtype=pl.Int8).alias(PLACE)
        )
        self._write(self.known, own)

    def close(self) -> list[Refusal]:
        """Drop repeated ids and give results and labels the facts of their payments; return ids used twice."""
        dropped, refused = self._repeated()
        if dropped:
            rows = pl.Series(sorted(dropped), dtype=pl.Int64).implode()
            for name in ("acts", "open_afterwards", "made"):
                parts: list[Part] = []
                for part in getattr(self, name):
                    frame = pl.read_parquet(part.path)
                    part.path.unlink()
                    self._write(parts, frame.filter(~pl.col(ROW).is_in(rows)))
                setattr(self, name, parts)
        if self.open_afterwards:
            self._join()
        return refused

    def times(self) -> NDArray[np.int64]:
        """Return the places in time of all events, sorted; for slicing."""
        at = [pl.read_parquet(part.path, columns=[AT])[AT].to_numpy() for part in (*self.acts, *self.made)]
        return np.sort(np.concatenate(at)) if at else np.zeros(0, dtype=np.int64)

    def slices(self, size: int = SLICE_EVENTS) -> Iterator[pl.DataFrame]:
        """Yield all events in order, about `size` at a time; events of one microsecond stay together."""
        times = self.times()
        edges = np.unique(times[::size])
        ends = [*edges[1:].tolist(), int(times[-1]) + 1] if len(times) else []
        for start, end in zip(edges.tolist(), ends, strict=True):
            frames = [
                pl.read_parquet(part.path).filter(pl.col(AT).is_between(start, end, closed="left"))
                for part in (*self.acts, *self.made)
                if part.first < end and part.last >= start
            ]
            frame = pl.concat(frames, how="diagonal")
            for name, dtype in ((TURN, pl.Int64()), (GHOST, pl.Boolean()), (REPEATED, pl.Boolean())):
                if name not in frame.columns:
                    frame = frame.with_columns(pl.lit(None, dtype=dtype).alias(name))
            yield frame.sort(ORDER, nulls_last=False, maintain_order=True)

    def verdicts(self) -> pl.DataFrame:
        """Return the last label of each payment: `id` and `label`."""
        empty = pl.DataFrame(schema={"id": pl.String(), "label": pl.String()})
        wanted = [*ORDER[:4], TYPE, "payment", "label"]
        labels = [
            pl.read_parquet(part.path, columns=wanted).filter(pl.col(TYPE) == LABEL).drop(TYPE)
            for part in self.made
            if "label" in pl.read_parquet_schema(part.path)
        ]
        if not labels:
            return empty
        ordered = pl.concat(labels).sort(ORDER[:4])
        return ordered.unique(subset="payment", keep="last").select(pl.col("payment").alias("id"), "label")

    def payments_wanted(self) -> pl.Series:
        """Return the ids of the payments that results and labels are about and that are not here; before `close`."""
        about = [pl.read_parquet(part.path, columns=["payment"])["payment"] for part in self.open_afterwards]
        if not about:
            return pl.Series("payment", [], dtype=pl.String)
        wanted = pl.concat(about).unique(maintain_order=True)
        for part in self.acts:
            frame = pl.read_parquet(part.path, columns=[TYPE, "id"])
            wanted = wanted.filter(~wanted.is_in(frame.filter(pl.col(TYPE) == PAYMENT)["id"].implode()))
        return wanted

    def label_rows(self) -> pl.DataFrame:
        """Return every label: `payment`, `label`, `reporter`, `reported_us`, in their order."""
        wanted = [*ORDER[:4], TYPE, "payment", "label", "reporter", "occurred_at"]
        labels = [
            pl.read_parquet(part.path, columns=wanted)
            # What waited for its payment stands there twice: at its own place and at that of the payment.
            .filter((pl.col(TYPE) == LABEL) & (pl.col(PLACE) != WAITED_PLACE))
            for part in self.made
            if "label" in pl.read_parquet_schema(part.path)
        ]
        told = pl.col("occurred_at").alias("reported_us")
        if not labels:
            return pl.DataFrame(
                schema=dict.fromkeys(("payment", "label", "reporter"), pl.String())
            ).with_columns(pl.Series("reported_us", [], dtype=pl.Int64))
        return pl.concat(labels).sort(ORDER[:4]).select("payment", "label", "reporter", told)

    def _write(self, parts: list[Part], frame: pl.DataFrame) -> None:
        if not frame.height:
            return
        keep = [name for name in frame.columns if name in self.needed or name in _ALWAYS]
        path = self.folder / f"events-{self._written:06d}.parquet"
        self._written += 1
        write_part(frame.select(keep), path)
        at = frame[AT]
        parts.append(Part(path, int(at.min()), int(at.max())))  # type: ignore[arg-type]

    def _note_ids(self, frame: pl.DataFrame, own: pl.DataFrame) -> None:
        self._ids.append(frame["id"].hash(_IDS).to_numpy())
        body = frame.drop(ROW, ARRIVAL, strict=False)
        self._bodies.append(body.select(sorted(body.columns)).hash_rows(_IDS).to_numpy())
        self._places.append(frame[ROW].to_numpy())
        self._times.append(own[AT].to_numpy())

    def _repeated(self) -> tuple[set[int], list[Refusal]]:
        """Return the rows to leave out, and those among them whose id was used with another content."""
        if not self._ids:
            return set(), []
        ids, bodies = np.concatenate(self._ids), np.concatenate(self._bodies)
        rows, times = np.concatenate(self._places), np.concatenate(self._times)
        self._ids, self._bodies, self._places, self._times = [], [], [], []
        order = np.lexsort((rows, times, ids))
        same = ids[order][1:] == ids[order][:-1]
        if not same.any():
            return set(), []
        starts = np.flatnonzero(np.concatenate([[True], ~same]))
        first = np.repeat(order[starts], np.diff(np.concatenate([starts, [len(order)]])))
        again = np.flatnonzero(np.concatenate([[False], same]))
        texts = self._ids_of(np.unique(np.concatenate([rows[order[again]], rows[first[again]]])))
        dropped: set[int] = set()
        refused: list[Refusal] = []
        for place in again.tolist():
            index = order[place]
            if texts[int(rows[index])] != texts[int(rows[first[place]])]:
                continue
            dropped.add(int(rows[index]))
            if bodies[index] == bodies[first[place]]:
                self.repeats += 1
            else:
                found = f"the id of row {int(rows[first[place]])} with another content"
                refused.append(Refusal(int(rows[index]), "id", "used once", found))
        return dropped, sorted(refused, key=lambda one: one.row)

    def _ids_of(self, rows: NDArray[np.int64]) -> dict[int, str]:
        """Return the ids of some rows: two ids may have one hash."""
        wanted = pl.Series(rows).implode()
        found: dict[int, str] = {}
        for part in (*self.acts, *self.open_afterwards):
            frame = pl.read_parquet(part.path, columns=[ROW, "id"])
            found.update(frame.filter(pl.col(ROW).is_in(wanted)).iter_rows())
        return found

    def _join(self) -> None:
        """Give results and labels the facts of their payments, in one pass over the payments."""
        after = pl.concat([pl.read_parquet(part.path) for part in self.open_afterwards], how="diagonal").sort(
            ORDER[:4]
        )
        own = [name for name in after.columns if name in _OF_AFTERWARDS or name in ORDER or name == LATE]
        after = after.select(own).with_row_index(TURN).with_columns(pl.col(TURN).cast(pl.Int64))
        wanted = after["payment"].unique().implode()
        found = [
            pl.read_parquet(part.path).filter((pl.col(TYPE) == PAYMENT) & pl.col("id").is_in(wanted))
            for part in (*self.acts, *self.known)
        ]
        order = {name: f"{name}_p" for name in ORDER[:4]}
        payments = pl.concat(
            [frame for frame in found if frame.height] or [pl.DataFrame(schema={"id": pl.String})],
            how="diagonal",
        )
        if payments.height:
            of_event = set(payments.columns) & ((_OF_AFTERWARDS | {LATE, THEN, SHARE}) - {"id"})
            facts = payments.drop(of_event).rename(order | {"id": "payment"})
            joined = after.join(facts, on="payment", how="left", maintain_order="left")
            known = pl.col(order[AT]).is_not_null()
            waits = known & _tuple_less(ORDER[:4], tuple(order.values()))
        else:
            joined, known, waits = after, pl.lit(value=False), pl.lit(value=False)
        joined = joined.with_columns(known.alias("__known"), waits.alias("__waits"))
        self.parked = joined.filter(~pl.col("__known")).height
        many = (pl.col(TYPE) == LABEL) & (pl.len().over("payment", TYPE) > 1)
        joined = joined.with_columns(many.alias(REPEATED))
        there = joined.filter(pl.col("__known") & ~pl.col("__waits")).with_columns(
            pl.lit(value=False).alias(GHOST)
        )
        ghosts = joined.filter(~pl.col("__known") | pl.col("__waits")).with_columns(
            pl.lit(value=True).alias(GHOST)
        )
        moved = joined.filter(pl.col("__waits")).with_columns(pl.lit(value=False).alias(GHOST))
        if moved.height:
            moved = moved.with_columns(
                *(pl.col(of_payment).alias(name) for name, of_payment in order.items() if name != PLACE),
                pl.lit(WAITED_PLACE, dtype=pl.Int8).alias(PLACE),
            )
            if LATE in moved.columns:
                # Whether it may still enter when its payment comes is another question than when it came itself.
                moved = moved.with_columns(pl.lit(None, dtype=pl.Boolean).alias(LATE))
        for frame in (there, ghosts, moved):
            for piece in frame.drop(*order.values(), "__known", "__waits", strict=False).iter_slices(
                SLICE_EVENTS
            ):
                self._write(self.made, piece)
        for part in self.open_afterwards:
            part.path.unlink()
        self.open_afterwards = []


_OF_AFTERWARDS = frozenset(
    {
        TYPE,
        "id",
        "occurred_at",
        "payment",
        "outcome",
        "result_code",
        "result_amount_minor",
        "label",
        "label_kind",
        "reporter",
    }
)
_ALWAYS = _OF_AFTERWARDS | {*ORDER, GHOST, REPEATED, LATE, THEN, SHARE}


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one temporary part.

    Raises
    ------
    StorageUnavailable
        There is no room, or the folder cannot be written.
    """
    try:
        frame.write_parquet(path, compression="lz4", statistics=False)
    except (OSError, pl.exceptions.ComputeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        message = f"a temporary part of the replay cannot be written to {path.parent}: {reason}"
        raise StorageUnavailable(message) from None


def _tuple_less(left: tuple[str, ...], right: tuple[str, ...]) -> pl.Expr:
    """Return where one row of columns stands before another, column by column."""
    less = pl.lit(value=False)
    for a, b in reversed(list(zip(left, right, strict=True))):
        less = (pl.col(a) < pl.col(b)) | ((pl.col(a) == pl.col(b)) & less)
    return less
