"""The one-line form as written, before facts and types are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.language.diagnostics import did_you_mean
from satark.language.lexer import Kind, Token, tokens
from satark.language.parser import Parser, TooComplex
from satark.language.syntax import NameSyntax, Syntax, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from satark.language.diagnostics import Reporter

_CLAUSES = frozenset({"of", "by", "over", "delayed"})
_SHAPE = "count(...) by card over 10m"


@dataclass(frozen=True, slots=True)
class OnelineSyntax:
    """The parts of one feature.

    Attributes
    ----------
    statistic
        Its name's token.
    arguments
        The expressions in the brackets, without ``where=``.
    where
        The filter after ``where=``.
    event, by, over, delayed
        The tokens of the clauses.
    ends
        The offset behind each expression, by its identity.
    """

    statistic: Token
    arguments: tuple[Syntax, ...]
    where: Syntax | None
    event: Token | None
    by: tuple[Token, ...]
    over: Token | None
    delayed: Token | None
    ends: Mapping[int, int]

    def names(self) -> Iterator[NameSyntax]:
        """Yield every name in the expressions."""
        for tree in self.arguments:
            yield from names_in(tree)
        if self.where is not None:
            yield from names_in(self.where)


class OnelineParser:
    """Parses one feature.

    Parameters
    ----------
    source
        The text.
    reporter
        Where mistakes go.
    """

    def __init__(self, source: str, reporter: Reporter) -> None:
        self._reporter = reporter
        self._parser = Parser(tokens(source, reporter), reporter, stops=_CLAUSES)
        self._arguments: list[Syntax] = []
        self._where: Syntax | None = None
        self._ends: dict[int, int] = {}

    def parse(self) -> OnelineSyntax | None:
        """Return the parts, or None when the line has not the shape of a feature (and it was reported)."""
        try:
            return self._parse()
        except TooComplex:
            return None

    def _parse(self) -> OnelineSyntax | None:
        parser = self._parser
        statistic = parser.token
        if statistic.kind is not Kind.NAME or statistic.text in _CLAUSES:
            parser.unexpected(f"a statistic: {_SHAPE}")
            return None
        parser.advance()
        if not parser.is_op("("):
            parser.unexpected(f"`(` after the statistic: {_SHAPE}")
            return None
        parser.advance()
        self._brackets()
        clauses = self._clauses()
        if not clauses["by"]:
            if not self._reporter.diagnostics:
                parser.unexpected(f"by and a fact: {_SHAPE}")
            return None
        return OnelineSyntax(
            statistic,
            tuple(self._arguments),
            self._where,
            _only(clauses["of"]),
            tuple(clauses["by"]),
            _only(clauses["over"]),
            _only(clauses["delayed"]),
            self._ends,
        )

    def _brackets(self) -> None:
        parser = self._parser
        while not parser.is_op(")") and parser.token.kind is not Kind.END:
            named = parser.token
            if named.kind is Kind.NAME and parser.peek().kind is Kind.OP and parser.peek().text == "=":
                self._named(named)
            else:
                self._arguments.append(self._expression())
            if not parser.is_op(","):
                break
            parser.advance()
        parser.close(")", "an operator, `,`")

    def _named(self, name: Token) -> None:
        parser = self._parser
        parser.advance()
        parser.advance()
        tree = self._expression()
        if name.text != "where":
            hint = did_you_mean(name.text, ["where"]) or "write == to compare"
            self._reporter.report(
                name.start,
                "wrong_arguments",
                "there is no such named argument",
                found=name.described(),
                expected="`where`",
                hint=hint,
            )
        elif self._where is not None:
            self._reporter.report(name.start, "wrong_arguments", "`where` is written twice")
        else:
            self._where = tree

    def _expression(self) -> Syntax:
        tree = self._parser.expression()
        self._ends[id(tree)] = self._parser.token.start
        return tree

    def _clauses(self) -> dict[str, list[Token]]:
        """Parse ``of``, ``by``, ``over`` and ``delayed``, in any order, each at most once."""
        parser = self._parser
        clauses: dict[str, list[Token]] = {clause: [] for clause in _CLAUSES}
        while parser.token.kind is not Kind.END:
            token = parser.token
            if token.kind is not Kind.NAME or token.text not in _CLAUSES:
                parser.unexpected("`of`, `by`, `over` or `delayed`")
                break
            if clauses[token.text]:
                self._reporter.report(token.start, "syntax", f"`{token.text}` is written twice")
                break
            parser.advance()
            kinds = (Kind.NAME,) if token.text in ("of", "by") else (Kind.DURATION, Kind.INT, Kind.NAME)
            operand = self._operand(token.text, kinds)
            if operand is None:
                break
            clauses[token.text].append(operand)
            while token.text == "by" and parser.is_op("+"):
                parser.advance()
                operand = self._operand("by", kinds)
                if operand is not None:
                    clauses["by"].append(operand)
        return clauses

    def _operand(self, clause: str, kinds: tuple[Kind, ...]) -> Token | None:
        parser = self._parser
        token = parser.token
        if token.kind in kinds and token.text not in _CLAUSES:
            return parser.advance()
        expected = {"of": "an event type", "by": "a fact such as card"}.get(clause, "10m, 2h, 7d or 1w")
        parser.unexpected(f"{expected} after `{clause}`")
        return None


def _only(found: list[Token]) -> Token | None:
    return found[0] if found else None
