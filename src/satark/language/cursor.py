"""A place in a row of tokens: looking, taking, and passing over what cannot be understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language.lexer import Kind, Token
from satark.language.words import FOREIGN_OPERATORS, FOREIGN_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.language.diagnostics import Reporter

CLOSERS = {"(": ")", "[": "]", "{": "}"}


class Cursor:
    """Walks over tokens and reports those that cannot stand where they do.

    Parameters
    ----------
    row
        The tokens, ended by `Kind.END`.
    reporter
        Where mistakes go.
    stops
        Names that end an expression (``by``, ``over`` in the one-line form of a feature).
    """

    def __init__(self, row: Sequence[Token], reporter: Reporter, stops: frozenset[str] = frozenset()) -> None:
        self._row = row
        self._at = 0
        self._reporter = reporter
        self._stops = stops

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._row[self._at]

    def advance(self) -> Token:
        """Take the next token."""
        token = self._row[self._at]
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def is_op(self, text: str) -> bool:
        """Tell whether the next token is this operator or bracket."""
        return self.token.kind is Kind.OP and self.token.text == text

    def is_word(self, text: str) -> bool:
        """Tell whether the next token is this word."""
        return self.token.kind is Kind.NAME and self.token.text == text

    def peek(self) -> Token:
        """Return the token after the next one."""
        return self._row[min(self._at + 1, len(self._row) - 1)]

    def unexpected(self, expected: str) -> None:
        """Report the next token as one that cannot stand here."""
        token = self.token
        if token.kind is Kind.BAD:
            return
        if token.kind is Kind.NAME and token.text in FOREIGN_WORDS:
            self.foreign(token, FOREIGN_WORDS[token.text])
        elif token.kind is Kind.OP and token.text in FOREIGN_OPERATORS:
            self.foreign(token, FOREIGN_OPERATORS[token.text])
        elif token.kind is Kind.DURATION:
            hint = "a time span is written minutes(10), hours(2) or days(7)"
            self._reporter.report(
                token.start, "syntax", "a time span cannot stand here", found=token.described(), hint=hint
            )
        else:
            self._reporter.report(
                token.start, "syntax", "this cannot stand here", found=token.described(), expected=expected
            )

    def skip(self) -> None:
        """Pass over what cannot be understood, up to a place where an expression may go on."""
        depth = 0
        while self.token.kind is not Kind.END:
            token = self.token
            if token.kind is Kind.OP and token.text in CLOSERS:
                depth += 1
            elif token.kind is Kind.OP and token.text in CLOSERS.values():
                if depth == 0:
                    return
                depth -= 1
            elif depth == 0 and (
                (token.kind is Kind.OP and token.text == ",")
                or (token.kind is Kind.NAME and (token.text in ("and", "or") or token.text in self._stops))
            ):
                return
            self.advance()

    def skip_to(self, closer: str) -> None:
        """Pass over everything up to and including the bracket that closes the current one."""
        depth = 0
        while self.token.kind is not Kind.END:
            token = self.advance()
            if token.kind is not Kind.OP:
                continue
            if token.text in CLOSERS:
                depth += 1
            elif token.text == closer and depth == 0:
                return
            elif token.text in CLOSERS.values():
                depth = max(0, depth - 1)

    def close(self, closer: str, expected: str = "an operator") -> None:
        """Take a closing bracket, or report that it is missing and pass over what stands there instead."""
        if self.is_op(closer):
            self.advance()
            return
        self.unexpected(f"{expected} or `{closer}`")
        self.skip_to(closer)

    def foreign(self, token: Token, hint: str) -> None:
        """Report a token of another language."""
        self._reporter.report(
            token.start,
            "not_in_language",
            "this is not part of the language",
            found=token.described(),
            hint=hint,
        )

    def pass_name(self) -> None:
        """Take the next token if it is a name."""
        if self.token.kind is Kind.NAME:
            self.advance()
