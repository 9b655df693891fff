"""Many events from a file, as checked frames: the way in of a bulk replay.

Three forms are read, in bounded memory: events in their own form (JSON lines, or Parquet with structs), flat columns
named as facts (CSV, Parquet), and any other columns by a map. What comes out is the same each time: rows with a column
per fact, in normal form, in the order of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from satark.core.errors import InputInvalid
from satark.events.facts import PAYMENT
from satark.events.frame_afterwards import ARRIVAL, OWN_OF_MAP, afterwards
from satark.events.frame_check import Checker, Refusal, arrival_us
from satark.events.frame_columns import REQUIRED, ROW, TYPE, stored_columns
from satark.events.frame_events import EventRows, json_lines, struct_bodies
from satark.events.frame_map import FrameMap, Mapper
from satark.events.refusals import near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from satark.events.facts import FactType
    from satark.events.tokens import CardTokens

CHUNK_ROWS = 65_536
SUFFIXES = (".csv", ".parquet", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class FactChunk:
    """Some rows of a file.

    Attributes
    ----------
    frame
        `ROW`, `TYPE` and columns of `stored_columns`; `ARRIVAL` (microseconds) where a map names it.
    refused
        The rows that are left out, and why.
    rows
        How many rows of the file these were.
    afterwards
        The results and labels that a map makes of columns of the payments, with their payments' facts; else None.
    """

    frame: pl.DataFrame
    refused: list[Refusal]
    rows: int
    afterwards: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class EventFile:
    """A file of events, ready to be read.

    Parameters
    ----------
    path
        Ends in .csv, .parquet, .jsonl or .ndjson.
    mapping
        How foreign columns become facts; None for a file in Satark's own forms.
    attributes
        The policy's custom attributes.
    tokens
        The card keys in force, or None.
    """

    path: Path
    mapping: FrameMap | None = None
    attributes: Mapping[str, FactType] = field(default_factory=dict)
    tokens: CardTokens | None = None

    def count(self) -> int:
        """Return how many rows there are; of CSV with line ends inside cells a little more."""
        try:
            if self.path.suffix.lower() == ".parquet":
                return int(pl.scan_parquet(self.path, glob=False).select(pl.len()).collect().item())
            with self.path.open("rb") as file:
                lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unreadable(error) from None
        return max(1, lines - (self.path.suffix.lower() == ".csv"))

    def chunks(self, chunk_rows: int = CHUNK_ROWS) -> Iterator[FactChunk]:
        """Read the file.

        Yields
        ------
        FactChunk
            At most `chunk_rows` rows each, in the order of the file.

        Raises
        ------
        InputInvalid
            The file cannot be read, or has columns that are not facts (with a near name).
        """
        suffix = self.path.suffix.lower()
        if suffix not in SUFFIXES:
            raise InputInvalid(f"{self.path.name} must end in {', '.join(SUFFIXES)}", path=str(self.path))
        try:
            if suffix in {".jsonl", ".ndjson"} and self.mapping is None:
                yield from self._lines(chunk_rows)
                return
            yield from self._frames(self._scan(suffix), chunk_rows)
        except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
            raise self._unreadable(error) from None

    def _scan(self, suffix: str) -> pl.LazyFrame:
        if suffix == ".csv":
            return pl.scan_csv(self.path, infer_schema=False, glob=False)
        if suffix == ".parquet":
            return pl.scan_parquet(self.path, glob=False)
        return pl.scan_ndjson(self.path, infer_schema_length=10_000)

    def _lines(self, chunk_rows: int) -> Iterator[FactChunk]:
        rows = EventRows(stored_columns(self.attributes), self.attributes, self.tokens)
        lines = json_lines(self.path)
        while many := list(islice(lines, chunk_rows)):
            frame, refused = rows.frame(many)
            yield FactChunk(frame, refused, len(many))

    def _frames(self, source: pl.LazyFrame, chunk_rows: int) -> Iterator[FactChunk]:
        schema = source.collect_schema()
        columns = stored_columns(self.attributes)
        checker = Checker(columns, self.tokens)
        mapper: Mapper | None = None
        events: EventRows | None = None
        if self.mapping is not None:
            self._check_mapped(schema, self.mapping)
            mapper = Mapper(self.mapping)
            source = source.select(list(self.mapping.columns()))
        elif any(isinstance(kind, pl.Struct) for kind in schema.values()):
            events = EventRows(columns, self.attributes, self.tokens)
        else:
            self._check_flat(schema, columns.keys())
        done = 0
        for raw in source.collect_batches(chunk_size=chunk_rows, maintain_order=True):
            frame = raw.with_columns(pl.int_range(done + 1, done + 1 + raw.height, dtype=pl.Int64).alias(ROW))
            done += raw.height
            if events is not None:
                made, refused = events.frame(struct_bodies(frame))
            elif mapper is not None:
                yield self._mapped(mapper, checker, frame)
                continue
            else:
                if TYPE not in frame.columns:
                    frame = frame.with_columns(pl.lit(PAYMENT).alias(TYPE))
                made, refused = checker.check(frame)
            yield FactChunk(made, refused, raw.height)

    def _mapped(self, mapper: Mapper, checker: Checker, frame: pl.DataFrame) -> FactChunk:
        mapping = mapper.mapping
        mapped, refused = mapper.apply(frame)
        made, broken = checker.check(mapped.drop(OWN_OF_MAP, strict=False))
        refused += broken
        if mapping.arrival is not None:
            arrivals, missing = arrival_us(mapped, ARRIVAL, mapping.arrival.column or "arrival")
            refused += missing
            made = made.join(arrivals, on=ROW, how="inner", maintain_order="left")
        more, broken = afterwards(mapping, mapped, made, checker)
        if broken:
            refused += broken
            out = pl.Series([one.row for one in broken], dtype=pl.Int64).implode()
            made = made.filter(~pl.col(ROW).is_in(out))
            more = None if more is None else more.filter(~pl.col(ROW).is_in(out))
        return FactChunk(made, sorted(refused, key=lambda one: one.row), frame.height, more)

    def _check_flat(self, schema: pl.Schema, known: Mapping[str, object] | object) -> None:
        names = [*known, TYPE]  # type: ignore[misc]
        for name in schema:
            if name not in names:
                hint = near(name, names)
                message = f"{self.path.name} has the column {name[:60]!r}, which is not a fact"
                message += f" (did you mean {hint}?)" if hint else " (a map file can leave it out)"
                raise InputInvalid(message, path=str(self.path), field=name[:60], hint=hint)
        if TYPE not in schema:
            for name in REQUIRED[PAYMENT]:
                if name not in schema:
                    message = f"{self.path.name} has no column {name}; a map file can say where it is"
                    raise InputInvalid(message, path=str(self.path), field=name)

    def _check_mapped(self, schema: pl.Schema, mapping: FrameMap) -> None:
        for name, fact in mapping.columns().items():
            if name not in schema:
                hint = near(name, schema)
                where = (
                    f"{mapping.file}:{mapping.lines[fact]}: "
                    if fact in mapping.lines
                    else f"{mapping.file}: "
                )
                message = f"{where}{self.path.name} has no column {name[:60]!r}"
                message += f" (did you mean {hint}?)" if hint else ""
                raise InputInvalid(message, path=mapping.file, field=fact, hint=hint)

    def _unreadable(self, error: Exception) -> InputInvalid:
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
        else:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        return InputInvalid(f"{self.path.name} cannot be read: {reason}", path=str(self.path))
