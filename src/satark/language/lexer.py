"""Text to tokens.

The lexer is the language's own: it knows only ASCII names, plain numbers and quoted texts, so that what
Python would also read (f-strings, look-alike letters that Python folds into ASCII, backslash-continued
lines) cannot even be written. It reports what it does not know and goes on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from satark.language.diagnostics import quoted

if TYPE_CHECKING:
    from satark.language.diagnostics import Reporter


class Kind(StrEnum):
    """The kinds of tokens, named as messages name them."""

    NAME = "name"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    DURATION = "duration"
    OP = "operator"
    BAD = "unreadable text"
    END = "the end of the text"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: kind, text, offset of its first character, and the value of a literal."""

    kind: Kind
    text: str
    start: int
    value: int | float | str = 0

    def described(self) -> str:
        """Return how a message names this token."""
        return str(self.kind) if self.kind is Kind.END else quoted(self.text)


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)
            (?:[eE][+-]?[0-9]+)?(?P<unit>[A-Za-z_][A-Za-z0-9_]*)?)
      | (?P<str>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<op>===|!==|\*\*|//|==|!=|<=|>=|<>|<<|>>|:=|&&|\|\||->|[-+*/%<>=()\[\]{},.:;!&|^~@?$])
    """,
    re.VERBOSE,
)
_INT = re.compile(r"(?:0|[1-9][0-9]*(?:_[0-9]+)*)\Z")
_FLOAT = re.compile(r"(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}
WORD_OPERATORS = frozenset({"and", "or", "not", "in"})
_QUOTES = "“”„‟‘’‚‛«»"
_QUOTED = re.compile(rf"[{_QUOTES}][^{_QUOTES}\n]*[{_QUOTES}]")
_WORD = re.compile(r"\w*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokens(source: str, reporter: Reporter) -> list[Token]:
    """Cut a text into tokens, the last of which is `Kind.END`.

    Examples
    --------
    >>> from satark.language.diagnostics import Position, Reporter
    >>> [t.text for t in tokens("amount > 12_000", Reporter("", Position("-")))]
    ['amount', '>', '12_000', '']
    """
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            at = _unreadable(source, at, found, reporter)
            continue
        start, at = at, match.end()
        text = match.group()
        if match["name"]:
            found.append(Token(Kind.NAME, text, start))
        elif match["number"]:
            found.append(_number(text, match["unit"], start, reporter))
        elif match["str"]:
            found.append(_text(text, start, found, reporter))
        elif match["op"]:
            found.append(Token(Kind.OP, text, start))
    found.append(Token(Kind.END, "", len(source)))
    return found


def _number(text: str, unit: str | None, start: int, reporter: Reporter) -> Token:
    if unit and re.fullmatch(r"(?!0[xXbBoO])[0-9]+[A-Za-z][A-Za-z0-9]*", text):
        return Token(Kind.DURATION, text, start)
    if _INT.match(text):
        return Token(Kind.INT, text, start, int(text))
    if _FLOAT.match(text):
        value = float(text)
        if value not in (float("inf"), float("-inf")):
            return Token(Kind.FLOAT, text, start, value)
        reporter.report(start, "out_of_range", "the number is too large", found=quoted(text))
        return Token(Kind.BAD, text, start)
    hint = ""
    if re.fullmatch(r"0[0-9]+", text):
        hint = f'a code such as a PIN is text: write "{text[:20]}"'
    reporter.report(
        start,
        "bad_number",
        "this is not a number",
        found=quoted(text),
        expected="12, 12_000, 0.5 or 1e6",
        hint=hint,
    )
    return Token(Kind.BAD, text, start)


def _text(text: str, start: int, before: list[Token], reporter: Reporter) -> Token:
    previous = before[-1] if before else None
    glued = previous is not None and previous.start + len(previous.text) == start
    if glued and previous is not None and previous.kind is Kind.NAME and previous.text not in WORD_OPERATORS:
        reporter.report(
            previous.start,
            "not_in_language",
            "a text has no prefix",
            found=quoted(previous.text + text),
            expected=quoted(text),
        )
        before.pop()
    for match in _ESCAPE.finditer(text[1:-1]):
        if match[1] not in _ESCAPES:
            reporter.report(
                start + 1 + match.start(),
                "bad_text",
                "this escape is unknown",
                found=quoted(match[0]),
                expected=r"`\\`, `\"`, `\'`, `\n` or `\t`",
            )
    bad = next((i for i, c in enumerate(text) if not _storable(c)), None)
    if bad is not None:
        reporter.report(
            start + bad, "bad_text", "this character cannot stand in a text", found=quoted(text[bad])
        )
        return Token(Kind.BAD, text, start)
    return Token(Kind.STR, text, start, _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1]))


def _storable(character: str) -> bool:
    return character >= " " and character != "\x7f" and not "\ud800" <= character <= "\udfff"


def _unreadable(source: str, at: int, found: list[Token], reporter: Reporter) -> int:
    """Report what no token begins with, once for a whole run of it, and return where to go on."""
    start = at
    if source[at] in "\"'":
        at = source.find("\n", at)
        at = len(source) if at < 0 else at
        reporter.report(
            start, "bad_text", "the text is not closed on its line", expected=f"a closing `{source[start]}`"
        )
    else:
        while at < len(source) and _TOKEN.match(source, at) is None and source[at] not in "\"'":
            at += 1
        piece = source[start:at]
        # What hangs on it belongs to it: the rest of a word, a text in typographic quotes.
        rest = _QUOTED.match(source, start) or _WORD.match(source, at)
        at = rest.end() if rest else at
        folded = unicodedata.normalize("NFKC", source[start:at])
        hint = "names have only the letters a to z, digits and _"
        if piece[0] in _QUOTES:
            hint = "a text stands in straight quotes, \" or '"
        elif folded.isascii() and folded.isprintable():
            hint = f"it only looks like `{folded[:40]}`; {hint}"
        reporter.report(start, "bad_character", "this cannot be read", found=quoted(piece), hint=hint)
    found.append(Token(Kind.BAD, source[start:at], start))
    return at
