"""Where in the file each character of a YAML scalar stands.

YAML folds lines, strips indentation and reads escapes, so an offset in a value is not an offset in the file.
The language tells mistakes by place in the value; this module carries them back to the author's line and
column.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from satark.language.diagnostics import Diagnostic, Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    import yaml


class ScalarPlace:
    """The places of one scalar's characters.

    Parameters
    ----------
    file
        As it shall be shown.
    source
        The whole text of the file.
    node
        The scalar as PyYAML composed it.
    """

    __slots__ = ("_file", "_places", "text")

    def __init__(self, file: str, source: str, node: yaml.ScalarNode) -> None:
        self._file = file
        self.text = one_line(node.value)
        self._places = _align(self.text, source, node)

    def at(self, offset: int) -> Position:
        """Return the place of the character at an offset of the value (the end counts as one more)."""
        places = self._places
        if offset < len(places):
            line, column = places[max(0, offset)]
        else:
            line, column = places[-1]
            column += offset - len(places) + 1
        return Position(self._file, line, column)

    def carry_back(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Return diagnostics that were counted from the value's first character with their places."""
        return [replace(one, position=self.at(one.position.column - 1)) for one in diagnostics]


def one_line(value: str) -> str:
    """Return a value with its line ends read as blanks, so that a folded expression is one line."""
    return value.rstrip("\n").replace("\n", " ").replace("\t", " ")


def _align(text: str, source: str, node: yaml.ScalarNode) -> list[tuple[int, int]]:
    """Walk the value and its text in the file side by side; blanks may be fewer or more there."""
    start, end = node.start_mark, node.end_mark
    place, line, column = start.index, start.line + 1, start.column + 1
    places: list[tuple[int, int]] = []

    def step() -> None:
        nonlocal place, line, column
        if source[place] == "\n":
            line, column = line + 1, 1
        else:
            column += 1
        place += 1

    if node.style in {"|", ">"}:
        while place < end.index and source[place] != "\n":
            step()
    elif node.style in {"'", '"'}:
        step()
    for char in text:
        if not char.isspace():
            ahead = source.find(char, place, end.index)
            while ahead >= 0 and place < ahead:
                step()
        places.append((line, column))
        if place < end.index:
            step()
    return places or [(line, column)]
