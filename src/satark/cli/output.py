"""How a command answers: for people by rich tables on a terminal, for machines as one JSON document.

Results go to standard output, everything else (progress, warnings, errors) to standard error, so that a pipe
holds results only.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


PIPE_WIDTH = 400


class Output:
    """The two ways of answering behind one face.

    Parameters
    ----------
    as_json
        Write the result as JSON and nothing else to standard output.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # Into a file or pipe nothing is wrapped to the width of a screen.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        self.console = Console(soft_wrap=True, highlight=False, width=width)
        self.notes = Console(stderr=True, soft_wrap=True, highlight=False)

    def result(self, data: object, text: str | Iterable[str] | None = None) -> None:
        """Write the result: `data` for machines, `text` (one line or several) for people."""
        if self.as_json:
            write_json(data)
            return
        lines = [text] if isinstance(text, str) else list(text or ())
        for line in lines:
            self.console.print(line, markup=False)

    def table(self, data: object, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write the result as a table for people, or `data` for machines."""
        if self.as_json:
            write_json(data)
            return
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*("" if cell is None else _escape(str(cell)) for cell in row))
        self.console.print(table)

    def fact(self, data: object, text: str) -> None:
        """Write something that happened, at once: one line of JSON for machines, one of text for people."""
        if self.as_json:
            sys.stdout.write(msgspec.json.encode(data, enc_hook=_plain).decode() + "\n")
            sys.stdout.flush()
        elif text:
            self.console.print(text, markup=False)

    def note(self, text: str) -> None:
        """Tell a person something that is no result; machines are not told."""
        if not self.as_json:
            self.notes.print(text, markup=False)


def write_json(data: object) -> None:
    """Write one JSON document and a line end to standard output."""
    sys.stdout.write(
        msgspec.json.format(msgspec.json.encode(data, enc_hook=_plain), indent=2).decode() + "\n"
    )
    sys.stdout.flush()


def _plain(value: Any) -> object:  # noqa: ANN401
    """Encode what msgspec does not know: paths and the like as text."""
    return str(value)


def _escape(text: str) -> str:
    """Keep square brackets in a cell from being read as markup."""
    return text.replace("[", r"\[")
