"""Tokens to the tree as written.

A recursive descent over a small grammar with Python's own precedences. Where the text does not fit, the
mistake is reported, the piece becomes `Broken`, and parsing goes on behind it, so that one slip does not
hide the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from satark.language.cursor import CLOSERS, Cursor
from satark.language.lexer import Kind, Token
from satark.language.limits import MAX_DEPTH, MAX_NODES
from satark.language.syntax import (
    BinarySyntax,
    Broken,
    CallSyntax,
    ChainSyntax,
    ListSyntax,
    LiteralSyntax,
    LogicSyntax,
    NameSyntax,
    Syntax,
    UnarySyntax,
)
from satark.language.words import FOREIGN_OPERATORS, FOREIGN_WORDS, KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.language.diagnostics import Reporter

_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_FOREIGN_COMPARISONS = frozenset({"=", "<>", "===", "!==", ":="})
_FOREIGN_LOGIC = {"and": frozenset({"&&", "&"}), "or": frozenset({"||", "|"})}
_SUMS = frozenset({"+", "-"})
_PRODUCTS = frozenset({"*", "/", "%", "**", "//"})
_LONE_WORDS = frozenset({"None", "null", "true", "false"})


class TooComplex(Exception):
    """The expression is deeper or larger than the bounds; it was reported and parsing stops."""


class Parser(Cursor):
    """Parses one expression at a time from a row of tokens.

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
        super().__init__(row, reporter, stops)
        self._nodes = 0
        self._level = 0

    def expression(self) -> Syntax:
        """Parse one expression and stop behind it.

        Raises
        ------
        TooComplex
            When a bound is passed.
        """
        self._level += 1
        if self._level > MAX_DEPTH:
            self._too_deep(self.token.start)
        tree = self._logic("or", lambda: self._logic("and", self._not))
        self._level -= 1
        return tree

    def whole(self) -> Syntax:
        """Parse one expression that must take all the tokens."""
        tree = self.expression()
        if self.token.kind is not Kind.END:
            self.unexpected("an operator or the end of the expression")
        return tree

    def _made(self, node: Syntax) -> Syntax:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._reporter.report(
                node.start,
                "too_large",
                "the expression has too many parts",
                expected=f"at most {MAX_NODES}",
                hint="put long lists of values into a list of the policy",
            )
            raise TooComplex
        if node.depth > MAX_DEPTH:
            self._too_deep(node.start)
        return node

    def _too_deep(self, offset: int) -> None:
        self._reporter.report(
            offset,
            "too_deep",
            "the expression is nested too deeply",
            expected=f"at most {MAX_DEPTH} levels",
            hint="move a part into a feature or a second rule",
        )
        raise TooComplex

    def _logic(self, op: Literal["and", "or"], operand: Callable[[], Syntax]) -> Syntax:
        items = [operand()]
        while True:
            token = self.token
            if self.is_word(op):
                self.advance()
            elif token.kind is Kind.OP and token.text in _FOREIGN_LOGIC[op]:
                self.unexpected("")
                self.advance()
            else:
                break
            items.append(operand())
        if len(items) == 1:
            return items[0]
        return self._made(LogicSyntax(items[0].start, 1 + max(i.depth for i in items), op, tuple(items)))

    def _not(self) -> Syntax:
        token = self.token
        if self.is_word("not") or self.is_op("!") or self.is_op("~"):
            if token.kind is Kind.OP:
                self.unexpected("")
            self.advance()
            operand = self._nested(self._not)
            return self._made(UnarySyntax(token.start, 1 + operand.depth, "not", operand))
        return self._comparison()

    def _comparison(self) -> Syntax:
        operands = [self._sum()]
        ops: list[str] = []
        while (op := self._comparison_op()) is not None:
            ops.append(op)
            operands.append(self._after_is() if op == "is" else self._sum())
        if not ops:
            return operands[0]
        depth = 1 + max(o.depth for o in operands)
        return self._made(ChainSyntax(operands[0].start, depth, tuple(ops), tuple(operands)))

    def _comparison_op(self) -> str | None:
        token = self.token
        if token.kind is Kind.OP and token.text in _COMPARISONS:
            return self.advance().text
        if token.kind is Kind.OP and token.text in _FOREIGN_COMPARISONS:
            self.unexpected("")
            self.advance()
            return "!=" if token.text in ("<>", "!==") else "=="
        if self.is_word("in"):
            return self.advance().text
        if self.is_word("not") and self.peek().kind is Kind.NAME and self.peek().text == "in":
            self.advance()
            self.advance()
            return "not in"
        if self.is_word("is"):
            self.unexpected("")
            return self.advance().text
        return None

    def _after_is(self) -> Syntax:
        """Pass over what follows the foreign word `is`, which was reported."""
        start = self.token.start
        if self.is_word("not"):
            self.advance()
        if self.token.kind is Kind.NAME and self.token.text in _LONE_WORDS:
            self.advance()
        else:
            self._sum()
        return Broken(start, 1)

    def _sum(self) -> Syntax:
        return self._arithmetic(_SUMS, lambda: self._arithmetic(_PRODUCTS, self._unary))

    def _arithmetic(self, ops: frozenset[str], operand: Callable[[], Syntax]) -> Syntax:
        left = operand()
        while self.token.kind is Kind.OP and self.token.text in ops:
            token = self.token
            if token.text in FOREIGN_OPERATORS:
                self.unexpected("")
            self.advance()
            right = operand()
            depth = 1 + max(left.depth, right.depth)
            if token.text in FOREIGN_OPERATORS:
                left = self._made(Broken(left.start, depth))
            else:
                left = self._made(BinarySyntax(left.start, depth, token.text, left, right, token.start))
        return left

    def _unary(self) -> Syntax:
        token = self.token
        if self.is_op("+"):
            self._reporter.report(
                token.start, "not_in_language", "a number has no sign `+`", hint="leave it out"
            )
            self.advance()
            return self._nested(self._unary)
        if not self.is_op("-"):
            return self._postfix(self._atom())
        self.advance()
        operand = self._nested(self._unary)
        if isinstance(operand, LiteralSyntax) and not isinstance(operand.value, (bool, str)):
            # A negative literal is one literal, so that the least int of 64 bits can be written.
            return LiteralSyntax(token.start, operand.depth, -operand.value, f"-{operand.text}")
        return self._made(UnarySyntax(token.start, 1 + operand.depth, "-", operand))

    def _nested(self, parse: Callable[[], Syntax]) -> Syntax:
        self._level += 1
        if self._level > MAX_DEPTH:
            self._too_deep(self.token.start)
        tree = parse()
        self._level -= 1
        return tree

    def _postfix(self, tree: Syntax) -> Syntax:
        while self.token.kind is Kind.OP and self.token.text in (".", "[", "("):
            token = self.token
            if token.text == "(":
                if not isinstance(tree, Broken):
                    self.foreign(token, "only a function's name can be called: lower(x)")
            else:
                self.unexpected("")
            self.advance()
            if token.text == ".":
                self.pass_name()
            else:
                self.skip_to(CLOSERS[token.text])
            tree = Broken(tree.start, tree.depth)
        return tree

    def _atom(self) -> Syntax:
        token = self.token
        match token.kind:
            case Kind.INT | Kind.FLOAT | Kind.STR:
                self.advance()
                return self._made(LiteralSyntax(token.start, 1, token.value, token.text))
            case Kind.BAD:
                self.advance()
                return self._made(Broken(token.start, 1))
            case Kind.NAME if token.text in ("True", "False"):
                self.advance()
                return self._made(LiteralSyntax(token.start, 1, token.text == "True", token.text))
            case Kind.NAME if (
                token.text not in KEYWORDS
                and token.text not in FOREIGN_WORDS
                and token.text not in self._stops
            ):
                self.advance()
                return (
                    self._call(token)
                    if self.is_op("(")
                    else self._made(NameSyntax(token.start, 1, token.text))
                )
            case Kind.OP if token.text in CLOSERS:
                return self._bracket()
        return self._no_operand()

    def _no_operand(self) -> Syntax:
        token = self.token
        self.unexpected("a name, a number, a text or `(`")
        if token.kind is Kind.DURATION or (token.kind is Kind.NAME and token.text in _LONE_WORDS):
            self.advance()
        elif token.kind is Kind.NAME and token.text in FOREIGN_WORDS:
            self.skip()
        elif token.kind is Kind.OP and token.text not in (
            *CLOSERS.values(),
            ",",
            *_COMPARISONS,
            "*",
            "/",
            "%",
        ):
            self.advance()
            self.skip()
        return self._made(Broken(token.start, 1))

    def _call(self, name: Token) -> Syntax:
        self.advance()
        arguments = self.listed(")")
        depth = 1 + max((a.depth for a in arguments), default=0)
        return self._made(CallSyntax(name.start, depth, name.text, tuple(arguments)))

    def _bracket(self) -> Syntax:
        opening = self.advance()
        closer = CLOSERS[opening.text]
        if opening.text == "(":
            if self.is_op(")"):
                self.advance()
                return self._made(ListSyntax(opening.start, 1, ()))
            first = self.expression()
            if not self.is_op(","):
                self.close(closer)
                return first
            self.advance()
            items = [first, *self.listed(closer)]
        else:
            items = self.listed(closer)
        depth = 1 + max((i.depth for i in items), default=0)
        return self._made(ListSyntax(opening.start, depth, tuple(items)))

    def listed(self, closer: str) -> list[Syntax]:
        """Parse expressions with commas between them, and the bracket that closes them."""
        items: list[Syntax] = []
        while not self.is_op(closer) and self.token.kind is not Kind.END:
            items.append(self.expression())
            if not self.is_op(","):
                break
            self.advance()
        self.close(closer, "an operator, `,`")
        return items
