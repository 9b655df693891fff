"""The one-line form of a window feature: its text to a `FeatureSpec`.

::

    STATISTIC([value or filter] [, where=filter]) [of EVENT_TYPE] by FACT[+FACT] [over WINDOW] [delayed DELAY]

The expressions inside are those of `satark.language`, over the facts of one event type. Like the language,
this never raises and tells all mistakes at once with their places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satark.features.inference import infer_event_type
from satark.features.oneline_syntax import OnelineParser, OnelineSyntax
from satark.features.spec import (
    DAY_SECONDS,
    MAX_WINDOW_SECONDS,
    MIN_WINDOW_SECONDS,
    MINUTE_SECONDS,
    FeatureSpec,
    Statistic,
)
from satark.features.statistics import STATISTICS, Over, StatisticInfo
from satark.language.checker import Checker
from satark.language.diagnostics import Diagnostic, Reporter, did_you_mean, quoted
from satark.language.expression import finished, within_bounds
from satark.language.operators import described
from satark.language.schema import Constant, ListInfo, NameInfo, Schema
from satark.language.types import Type, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.events.facts import Fact
    from satark.language.diagnostics import Position
    from satark.language.expression import TypedExpr
    from satark.language.lexer import Token
    from satark.language.syntax import Syntax

_UNITS_SECONDS = {"m": MINUTE_SECONDS, "h": 60 * MINUTE_SECONDS, "d": DAY_SECONDS, "w": 7 * DAY_SECONDS}
_KEY_TYPES = frozenset({Type.STR, Type.INT})
_MAX_KEYS = 2


def parse_feature(
    name: str,
    source: str,
    facts: Mapping[str, Fact],
    position: Position,
    *,
    lists: Mapping[str, ListInfo] | None = None,
    constants: Mapping[str, Constant] | None = None,
) -> tuple[FeatureSpec | None, list[Diagnostic]]:
    """Parse and check one feature.

    Parameters
    ----------
    name
        What rules will call it.
    source
        The one-line form.
    facts
        Everything that an event tells: facts, declared custom attributes and signals.
    position
        Where the first character of the text stands.
    lists, constants
        Lists and parameters that filters may use.

    Returns
    -------
    tuple
        The feature, or None when there are diagnostics; and all the diagnostics, in the order of the text.

    Examples
    --------
    >>> from satark.events.facts import BASE_FACTS
    >>> from satark.language import Position
    >>> spec, _ = parse_feature("n", "count(amount > 100) by card over 10m", BASE_FACTS, Position("p.yaml"))
    >>> spec.event_type, spec.where.canonical, spec.by, spec.window_seconds, spec.type.value
    ('payment', 'amount > 100', ('card',), 600, 'int')
    >>> _, mistakes = parse_feature("n", "count() by crad over 30s", BASE_FACTS, Position("p.yaml", 7, 9))
    >>> for diagnostic in mistakes:
    ...     print(diagnostic)
    p.yaml:7:20: there is no fact `crad` (did you mean `card`?)
    p.yaml:7:30: this is not a span of time (found `30s`, expected 10m, 2h, 7d or 1w)
    """
    reporter = Reporter(source, position)
    if not within_bounds(source, reporter):
        return None, reporter.sorted()
    syntax = OnelineParser(source, reporter).parse()
    if syntax is None:
        return None, reporter.sorted()
    return _Feature(name, source, syntax, facts, reporter, lists or {}, constants or {}).spec()


@dataclass(slots=True)
class _Arguments:
    value: TypedExpr | None = None
    where: TypedExpr | None = None
    condition: TypedExpr | None = None


@dataclass(slots=True)
class _Feature:
    name: str
    source: str
    syntax: OnelineSyntax
    facts: Mapping[str, Fact]
    reporter: Reporter
    lists: Mapping[str, ListInfo]
    constants: Mapping[str, Constant]
    event_type: str = field(init=False, default="")

    def spec(self) -> tuple[FeatureSpec | None, list[Diagnostic]]:
        statistic = self._statistic()
        self.event_type = infer_event_type(self.syntax, self.facts, self.constants, self.reporter)
        info = STATISTICS[statistic] if statistic is not None else None
        arguments = self._arguments(info)
        by = self._by()
        window_seconds = self._window(info)
        delay_seconds = self._span(self.syntax.delayed) if self.syntax.delayed is not None else 0
        if self.reporter.diagnostics or statistic is None or info is None:
            return None, self.reporter.sorted()
        kind = info.type_of(arguments.value.type if arguments.value is not None else None)
        spec = FeatureSpec(
            name=self.name,
            source=self.source,
            statistic=statistic,
            event_type=self.event_type,
            value=arguments.value,
            where=arguments.where,
            condition=arguments.condition,
            by=by,
            window_seconds=window_seconds,
            delay_seconds=delay_seconds,
            type=kind,
        )
        return spec, []

    def _statistic(self) -> Statistic | None:
        token = self.syntax.statistic
        if token.text in {str(s) for s in Statistic}:
            return Statistic(token.text)
        self.reporter.report(
            token.start,
            "unknown_statistic",
            f"there is no statistic {quoted(token.text)}",
            expected=", ".join(Statistic),
            hint=did_you_mean(token.text, Statistic),
        )
        return None

    def _schema(self) -> Schema:
        names = {
            name: NameInfo(
                Type(fact.type.value),
                fact.nullable_in(self.event_type),
                None if fact.choices is None else frozenset(fact.choices),
            )
            for name, fact in self.facts.items()
        }
        return Schema(names, self.lists, self.constants)

    def _arguments(self, info: StatisticInfo | None) -> _Arguments:
        """Check what stands in the brackets; every piece is checked even when there are too many."""
        found = _Arguments()
        schema = self._schema()
        plain = self.syntax.arguments
        over = info.over if info is not None else Over.FILTER
        for index, tree in enumerate(plain):
            if index > 0:
                hint = (
                    "a filter is written where=..."
                    if over is not Over.FILTER
                    else "join conditions with `and`"
                )
                self.reporter.report(
                    tree.start, "wrong_arguments", f"{self._called()} takes one argument", hint=hint
                )
            if over is Over.VALUE and index == 0:
                found.value = self._value(tree, schema, info)
            elif over is Over.CONDITION and index == 0:
                found.condition = self._condition(tree, schema)
            else:
                expr = self._condition(tree, schema) if info is not None else self._any(tree, schema)
                found.where = expr if index == 0 else found.where
        if self.syntax.where is not None:
            if over is Over.FILTER and plain:
                self.reporter.report(
                    self.syntax.where.start,
                    "wrong_arguments",
                    f"{self._called()} has two filters",
                    hint="join conditions with `and`",
                )
            found.where = self._condition(self.syntax.where, schema)
        if info is not None and over is not Over.FILTER and not plain:
            expected = "a condition" if over is Over.CONDITION else f"a value of type {one_of(info.values)}"
            self.reporter.report(
                self.syntax.statistic.start,
                "wrong_arguments",
                f"{self._called()} needs something to work on",
                expected=expected,
                hint=f"for instance {info.example}",
            )
        return found

    def _called(self) -> str:
        return f"`{self.syntax.statistic.text[:40]}`"

    def _value(self, tree: Syntax, schema: Schema, info: StatisticInfo | None) -> TypedExpr | None:
        expr = self._any(tree, schema)
        if expr is None or info is None or expr.type in info.values:
            return expr
        self.reporter.report(
            tree.start,
            "type_mismatch",
            f"{self._called()} cannot work on this",
            found=described(expr.tree),
            expected=one_of(info.values),
            hint=f"for instance {info.example}",
        )
        return None

    def _any(self, tree: Syntax, schema: Schema) -> TypedExpr | None:
        checker = Checker(schema, self.reporter)
        node = checker.check(tree)
        return None if node is None else finished(self._text(tree), node, checker)

    def _condition(self, tree: Syntax, schema: Schema) -> TypedExpr | None:
        checker = Checker(schema, self.reporter)
        node = checker.boolean(tree)
        return None if node is None else finished(self._text(tree), node, checker)

    def _text(self, tree: Syntax) -> str:
        return self.source[tree.start : self.syntax.ends.get(id(tree), len(self.source))].strip()

    def _by(self) -> tuple[str, ...]:
        names: list[str] = []
        for token in self.syntax.by:
            fact = self.facts.get(token.text)
            if fact is None:
                self.reporter.report(
                    token.start,
                    "unknown_name",
                    f"there is no fact {quoted(token.text)}",
                    hint=did_you_mean(token.text, self.facts),
                )
            elif Type(fact.type.value) not in _KEY_TYPES:
                self.reporter.report(
                    token.start,
                    "type_mismatch",
                    "this cannot be the key of a window",
                    found=f"{fact.type} `{fact.name}`",
                    expected=one_of(_KEY_TYPES),
                )
            elif token.text in names:
                self.reporter.report(token.start, "syntax", f"the key `{token.text}` is written twice")
            names.append(token.text)
        if len(names) > _MAX_KEYS:
            self.reporter.report(
                self.syntax.by[_MAX_KEYS].start,
                "syntax",
                "a window has too many keys",
                found=str(len(names)),
                expected="one or two",
            )
        return tuple(names)

    def _window(self, info: StatisticInfo | None) -> int:
        if self.syntax.over is not None:
            return self._span(self.syntax.over)
        if info is not None and info.default_seconds is not None:
            return info.default_seconds
        if info is not None:
            self.reporter.report(
                self.syntax.statistic.start,
                "syntax",
                f"{self._called()} needs a window",
                expected="over 10m, over 2h, over 7d or over 1w",
            )
        return 0

    def _span(self, token: Token) -> int:
        """Return a span of time in seconds; 0 when it was reported."""
        number, unit = token.text[:-1], token.text[-1:]
        if not (number.isascii() and number.isdigit() and unit in _UNITS_SECONDS):
            self.reporter.report(
                token.start,
                "bad_window",
                "this is not a span of time",
                found=token.described(),
                expected="10m, 2h, 7d or 1w",
            )
            return 0
        seconds = int(number) * _UNITS_SECONDS[unit]
        if not MIN_WINDOW_SECONDS <= seconds <= MAX_WINDOW_SECONDS:
            self.reporter.report(
                token.start,
                "bad_window",
                "the span of time is out of range",
                found=token.described(),
                expected="1m to 90d",
            )
        return seconds
