"""Simulated events and their truth to files: JSON lines, CSV and Parquet, by the file's ending.

JSON lines hold every event nested, exactly as the HTTP interface takes it, one per line with its ``type``;
results, labels and payee changes stand between the payments in order of time. CSV and Parquet hold the flat
rows of `satark.payments.simulation.flat`. All three are written as the events come, in bounded memory,
under another name until they are whole.
"""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
from polars.io.plugins import register_io_source

from satark.core.errors import InputInvalid
from satark.payments.simulation.flat import COLUMNS, FLOAT_COLUMNS, INT_COLUMNS, TIME_COLUMNS, flat_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from satark.events import Event
    from satark.payments.simulation.market import Truth

BATCH_EVENTS = 50_000
"""How many events are encoded at once; also the size of a Parquet row group."""

_LINE = {
    "category": pl.String,
    "sku": pl.String,
    "title": pl.String,
    "quantity": pl.Int64,
    "price_minor": pl.Int64,
}
_TRUTH_COLUMNS = ("payment", "scenario", "kind", "campaign", "foreseen")
_LINES_AT = COLUMNS.index("lines")
_TIMES_AT = tuple(COLUMNS.index(name) for name in COLUMNS if name in TIME_COLUMNS)


def parquet_schema() -> pl.Schema:
    """Return the types of the Parquet columns."""
    types: dict[str, Any] = dict.fromkeys(COLUMNS, pl.String)
    types |= dict.fromkeys(INT_COLUMNS, pl.Int64) | dict.fromkeys(FLOAT_COLUMNS, pl.Float64)
    types |= dict.fromkeys(TIME_COLUMNS, pl.Datetime("us", "UTC"))
    types["lines"] = pl.List(pl.Struct(_LINE))
    return pl.Schema(types)


def write_events(
    events: Iterable[Event], path: Path, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write events to a file whose ending names the format: .jsonl, .csv or .parquet.

    Parameters
    ----------
    events
        In the order in which they shall stand.
    path
        Is replaced when all is written; what stood there before stays whole until then.
    progress
        Is told how many events are written so far.

    Returns
    -------
    int
        How many events were written.

    Raises
    ------
    InputInvalid
        The ending is none of the three.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputInvalid(f"{path.name} must end in {', '.join(_WRITERS)}", path=str(path))
    part = path.with_name(path.name + ".part")
    count = 0

    def batches() -> Iterator[list[Event]]:
        nonlocal count
        stream = iter(events)
        while batch := list(islice(stream, BATCH_EVENTS)):
            yield batch
            count += len(batch)
            progress(count)

    try:
        writer(batches(), part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def write_truth(truth: Iterable[Truth], path: Path) -> int:
    """Write the truth about frauds, one row per payment, as .jsonl, .csv or .parquet; returns how many."""
    rows = list(truth)
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    elif suffix in {".csv", ".parquet"}:
        types = {name: pl.Boolean if name == "foreseen" else pl.String for name in _TRUTH_COLUMNS}
        frame = pl.DataFrame([msgspec.structs.astuple(row) for row in rows], schema=types, orient="row")
        if suffix == ".csv":
            frame.write_csv(path)
        else:
            frame.write_parquet(path)
    else:
        raise InputInvalid(f"{path.name} must end in {', '.join(_WRITERS)}", path=str(path))
    return len(rows)


def _write_jsonl(batches: Iterator[list[Event]], path: Path) -> None:
    encoder = msgspec.json.Encoder()
    with path.open("wb") as file:
        for batch in batches:
            file.write(encoder.encode_lines(batch))


def _write_csv(batches: Iterator[list[Event]], path: Path) -> None:
    encode = msgspec.json.Encoder().encode
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for batch in batches:
            for event in batch:
                row = list(flat_row(event))
                for place in _TIMES_AT:
                    if row[place] is not None:
                        row[place] = row[place].isoformat()
                if row[_LINES_AT]:
                    row[_LINES_AT] = encode(row[_LINES_AT]).decode()
                writer.writerow(row)


def _write_parquet(batches: Iterator[list[Event]], path: Path) -> None:
    schema = parquet_schema()

    def frames(
        with_columns: Sequence[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, n_rows, batch_size  # Everything is wanted, in our own batches.
        for batch in batches:
            yield _frame(batch, schema)

    register_io_source(frames, schema=schema).sink_parquet(
        path, compression="zstd", row_group_size=BATCH_EVENTS, maintain_order=True
    )


def _frame(batch: list[Event], schema: pl.Schema) -> pl.DataFrame:
    columns = list(zip(*map(flat_row, batch), strict=True))
    series = {}
    for name, values in zip(COLUMNS, columns, strict=True):
        cells: Sequence[Any] = values
        if name == "lines":
            cells = [None if lines is None else [_line(line) for line in lines] for lines in values]
        series[name] = pl.Series(name, cells, dtype=schema[name])
    return pl.DataFrame(series)


def _line(line: Any) -> dict[str, Any]:  # noqa: ANN401 - an order line
    return msgspec.structs.asdict(line)


_WRITERS: dict[str, Callable[[Iterator[list[Event]], Path], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
