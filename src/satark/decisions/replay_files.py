"""What every run over a file of events begins and ends with: filling the stage, and writing results in parts.

Results lie in parts in a temporary folder first, are joined next to their place and renamed when all is done, so that
an error changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from satark.core.errors import InputInvalid
from satark.decisions.replay_stage import write_part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.decisions.replay_stage import Stage
    from satark.events.frame import EventFile
    from satark.events.frame_check import Refusal


def fill_stage(
    stage: Stage,
    source: EventFile,
    on_bad_row: str,
    chunk_rows: int,
    tell: Callable[[int, int], None],
) -> tuple[int, list[Refusal]]:
    """Read a file into a stage.

    Parameters
    ----------
    stage
        Empty.
    source
        The file.
    on_bad_row
        ``stop`` raises at the first bad row; anything else leaves bad rows out.
    chunk_rows
        How many rows are in memory at once.
    tell
        Called with (done, total) rows.

    Returns
    -------
    tuple
        How many rows the file has, and which are refused.

    Raises
    ------
    InputInvalid
        The file cannot be used, or a row of it and ``on_bad_row`` is ``stop``.
    """
    mapping = source.mapping
    expected = source.count()
    extra = 0 if mapping is None else (mapping.label is not None) + (mapping.result is not None)
    total = expected * (2 + extra)
    rows = 0
    refused: list[Refusal] = []

    def refuse(more: Sequence[Refusal]) -> None:
        if more and on_bad_row == "stop":
            first = more[0]
            message = f"{source.path.name}, {first}"
            raise InputInvalid(
                message,
                path=str(source.path),
                row=first.row,
                field=first.field,
                expected=first.expected,
                found=first.found,
            )
        refused.extend(more)

    by_arrival = mapping is not None and mapping.arrival is not None
    for chunk in source.chunks(chunk_rows):
        refuse(chunk.refused)
        refuse(stage.add(chunk, by_arrival=by_arrival))
        rows += chunk.rows
        tell(min(rows, total), total)
    refuse(stage.close())
    return rows, refused


def target_of(path: Path | str | None) -> Path | None:
    """Check where a result goes before anything is read.

    Raises
    ------
    InputInvalid
        It is no Parquet file, or its folder does not exist.
    """
    if path is None:
        return None
    target = Path(path)
    if target.suffix.lower() != ".parquet":
        raise InputInvalid(f"{target.name} must end in .parquet", path=str(target))
    if not target.parent.is_dir():
        raise InputInvalid(f"there is no folder {target.parent}", path=str(target))
    return target


class Parts:
    """Results in parts, joined into one file when all is done.

    Polars writes a Parquet file in one go, so the slices lie in a temporary folder first; joining streams them.

    Parameters
    ----------
    folder
        To be made; temporary.
    target
        Where the result goes; None takes nothing in.
    """

    def __init__(self, folder: Path, target: Path | None) -> None:
        self.target = target
        self._folder = folder
        self._paths: list[Path] = []
        folder.mkdir()

    def write(self, frame: pl.DataFrame) -> None:
        """Take in one part."""
        if self.target is None:
            return
        path = self._folder / f"{len(self._paths):06d}.parquet"
        write_part(frame, path)
        self._paths.append(path)

    def join(self) -> None:
        """Make one file of all parts, beside its place.

        Raises
        ------
        InputInvalid
            It cannot be written.
        """
        if self.target is None:
            return
        part = self.target.with_name(self.target.name + ".part")
        try:
            if self._paths:
                pl.scan_parquet(self._paths, glob=False).sink_parquet(
                    part, compression="zstd", maintain_order=True
                )
            else:
                pl.DataFrame(schema={"id": pl.String()}).write_parquet(part)
        except (OSError, pl.exceptions.PolarsError) as error:
            part.unlink(missing_ok=True)
            raise InputInvalid(
                f"{self.target.name} cannot be written: {error}", path=str(self.target)
            ) from None

    def publish(self) -> None:
        """Put the file in its place."""
        if self.target is not None:
            self.target.with_name(self.target.name + ".part").replace(self.target)
