"""Labels from a file of their own: which payments were fraud, by whose word and when.

They are the truth that decisions are held against. They enter no window: what a window counts are the labels that stand
among the events, each from its own time on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from satark.core.errors import InputInvalid
from satark.events.frame_values import time_cells
from satark.events.refusals import near

if TYPE_CHECKING:
    from pathlib import Path

_WORDS = {
    "fraud": "fraud",
    "genuine": "genuine",
    "true": "fraud",
    "false": "genuine",
    "1": "fraud",
    "0": "genuine",
}
_TIMES = ("reported_at", "occurred_at")
_COLUMNS = ("payment", "label", "reporter", *_TIMES)
SCHEMA = {"payment": pl.String(), "label": pl.String(), "reporter": pl.String(), "reported_us": pl.Int64()}


def read_labels(path: Path) -> pl.DataFrame:
    """Read a file of labels.

    Parameters
    ----------
    path
        .csv, .parquet, .jsonl or .ndjson with the columns `payment` (the id) and `label` (fraud or genuine, true or
        false, 1 or 0), and if it likes `reporter` and `reported_at`. Satark's own label events do too.

    Returns
    -------
    pl.DataFrame
        Columns of `SCHEMA`, in the order of the file; rows without a label are left out.

    Raises
    ------
    InputInvalid
        The file cannot be read, a column is missing, or a label is none (``row``).
    """
    frame = _read(path)
    if "type" in frame.columns:
        of_type = pl.col("type").cast(pl.String) == "label"
        frame = frame.with_row_index("__row", offset=1).filter(of_type)
    else:
        frame = frame.with_row_index("__row", offset=1)
    if "payment" not in frame.columns and "event" in frame.columns:
        frame = frame.rename({"event": "payment"})
    for name in ("payment", "label"):
        if name not in frame.columns:
            hint = near(name, frame.columns)
            message = f"{path.name} has no column {name}" + (f" (did you mean {hint}?)" if hint else "")
            raise InputInvalid(message, path=str(path), field=name, hint=hint)
    said = frame["label"].cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    said = said.set(said == "", None)
    labels = said.replace_strict(list(_WORDS), list(_WORDS.values()), default=None, return_dtype=pl.String)
    wrong = (said.is_not_null() & labels.is_null()).arg_true()
    if len(wrong):
        row = int(frame["__row"][wrong[0]])
        message = f"{path.name}, row {row}: label must be fraud or genuine"
        raise InputInvalid(message, path=str(path), row=row, field="label", expected="fraud or genuine")
    made = pl.DataFrame(
        [
            frame["payment"].cast(pl.String, strict=False).alias("payment"),
            labels.alias("label"),
            _reporters(frame),
            _times(frame, path),
        ],
        schema=SCHEMA,
    )
    return made.filter(pl.col("label").is_not_null() & pl.col("payment").is_not_null())


def _read(path: Path) -> pl.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            source = pl.scan_csv(path, infer_schema=False, glob=False)
        elif suffix == ".parquet":
            source = pl.scan_parquet(path, glob=False)
        elif suffix in {".jsonl", ".ndjson"}:
            source = pl.scan_ndjson(path, infer_schema_length=10_000)
        else:
            raise InputInvalid(f"{path.name} must end in .csv, .parquet, .jsonl, .ndjson", path=str(path))
        names = source.collect_schema().names()
        wanted = [name for name in ("type", "event", *_COLUMNS) if name in names]
        return source.select(wanted).collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputInvalid(f"{path.name} cannot be read: {reason}", path=str(path)) from None


def _reporters(frame: pl.DataFrame) -> pl.Series:
    if "reporter" not in frame.columns:
        return pl.Series("reporter", ["file"]).new_from_index(0, frame.height)
    return frame["reporter"].cast(pl.String, strict=False).fill_null("file").alias("reporter")


def _times(frame: pl.DataFrame, path: Path) -> pl.Series:
    name = next((one for one in _TIMES if one in frame.columns), None)
    if name is None:
        return pl.Series("reported_us", [0], dtype=pl.Int64).new_from_index(0, frame.height)
    raw = frame[name]
    values, expected = time_cells(raw)
    wrong = (raw.is_not_null() & values.is_null()).arg_true()
    if len(wrong):
        row = int(frame["__row"][wrong[0]])
        message = f"{path.name}, row {row}: {name} must be {expected}"
        raise InputInvalid(message, path=str(path), row=row, field=name, expected=expected)
    return values.fill_null(0).alias("reported_us")
