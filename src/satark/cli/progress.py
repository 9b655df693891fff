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

    from rich.progress import TaskID

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


@contextmanager
def steps(output: Output) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each step of long work as it comes.

    The function that is yielded is told the step's name, how much of it is done, and how much there is.
    """
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=output.notes,
        transient=True,
        disable=output.as_json or not output.notes.is_terminal,
    )
    with progress:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield tell
