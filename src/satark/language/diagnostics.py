"""What is wrong in a policy's text, and where: collected, never raised one by one.

An author fixes a policy in one go when every mistake is shown at once with its file, line and column, what
was found, what was expected and, where a name is nearly right, the name that was probably meant.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEAR = 0.6
_MAX_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file.

    Attributes
    ----------
    file
        The path as the author gave it.
    line, column
        Counted from 1, in characters.
    next_column
        The column at which the second and later lines of a text begin (a YAML block is indented).
    """

    file: str
    line: int = 1
    column: int = 1
    next_column: int = 1

    def within(self, text: str, offset: int) -> Position:
        r"""Return the place of a character of a text that begins here.

        Examples
        --------
        >>> str(Position("p.yaml", 3, 9).within("a or\nb", 5))
        'p.yaml:4:1'
        """
        before = text[:offset]
        lines = before.count("\n")
        if not lines:
            return replace(self, column=self.column + offset)
        return replace(
            self, line=self.line + lines, column=self.next_column + offset - before.rfind("\n") - 1
        )

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake.

    Attributes
    ----------
    position
        Where it is.
    code
        Stable, for machines: ``unknown_name``, ``type_mismatch``, ...
    message
        What is wrong, in one sentence without a full stop.
    found, expected
        What stands there and what should; empty when the message says it all.
    hint
        What to write instead, for instance ``did you mean `device`?``.
    """

    position: Position
    code: str
    message: str
    found: str = ""
    expected: str = ""
    hint: str = ""

    def __str__(self) -> str:
        facts = []
        if self.found:
            facts.append(f"found {self.found}")
        if self.expected:
            facts.append(f"expected {self.expected}")
        more = "; ".join(part for part in (", ".join(facts), self.hint) if part)
        return f"{self.position}: {self.message}" + (f" ({more})" if more else "")


class Reporter:
    """Collects the diagnostics of one text, turning offsets into places.

    Parameters
    ----------
    source
        The text that offsets count in.
    position
        Where its first character stands in its file.
    """

    __slots__ = ("_position", "_source", "_told", "diagnostics")

    def __init__(self, source: str, position: Position) -> None:
        self._source = source
        self._position = position
        self._told: set[tuple[int, str]] = set()
        self.diagnostics: list[Diagnostic] = []

    def report(
        self, offset: int, code: str, message: str, *, found: str = "", expected: str = "", hint: str = ""
    ) -> None:
        """Add one mistake at an offset; the same code at the same place is told once."""
        if (offset, code) in self._told:
            return
        self._told.add((offset, code))
        position = self._position.within(self._source, offset)
        self.diagnostics.append(Diagnostic(position, code, message, found, expected, hint))

    def sorted(self) -> list[Diagnostic]:
        """Return what was collected in the order of the text."""
        return sorted(self.diagnostics, key=lambda d: d.position)


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return a hint with the nearest candidate, or nothing.

    Examples
    --------
    >>> did_you_mean("custmer", ["customer", "card"])
    'did you mean `customer`?'
    >>> did_you_mean("zzz", ["customer"])
    ''
    """
    if len(name) > 2 * _MAX_SHOWN_CHARS:
        return ""
    every = sorted(set(candidates))
    for same in every:
        if same.lower() == name.lower():
            return f"did you mean `{same}`?"
    near = difflib.get_close_matches(name, every, n=1, cutoff=_NEAR)
    return f"did you mean `{near[0]}`?" if near else ""


def quoted(text: str) -> str:
    r"""Return a piece of the author's text for a message, shortened and without control characters.

    Examples
    --------
    >>> quoted("a\x00b")
    '`a\\x00b`'
    """
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:_MAX_SHOWN_CHARS])
    return f"`{shown}…`" if len(text) > _MAX_SHOWN_CHARS else f"`{shown}`"
