"""Progress on standard error, for a person at a terminal; nothing for machines and pipes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from satark.cli.output import Output


@contextmanager
def counting(output: Output, what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Show how many of something are done.

    The function that is yielded is told the number so far and, where it changes, how many there are in all.
    """
    ends = (
        (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        if total
        else (TextColumn("{task.completed:,}"),)
    )
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *ends,
        TimeElapsedColumn(),
        console=output.notes,
        transient=True,
        disable=output.as_json or not output.notes.is_terminal,
    )
    with progress:
        task = progress.add_task(what, total=total)
        yield lambda done, of=total: progress.update(task, completed=done, total=of)
