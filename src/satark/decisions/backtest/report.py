"""A backtest as one HTML page that stands alone: no script, no picture or style from elsewhere.

It can be sent by mail, kept with the decision that was taken on it, and printed.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from satark.core.clock import format_ist
from satark.core.money import group_indian
from satark.decisions.backtest.charts import CHART_CSS, cost_svg, curve_svg, days_svg, hours_svg
from satark.decisions.backtest.report_style import STYLE
from satark.decisions.backtest.report_table import interval, rules_change, table
from satark.decisions.backtest.words import (
    ACTIONS,
    day,
    headline,
    money,
    note_text,
    number,
    percent,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.core.clock import Lang
    from satark.decisions.backtest.result import (
        BacktestResult,
        Curve,
        Difference,
        PolicyResult,
        RuleResult,
        Share,
    )

EXAMPLES_SHOWN = 25
OVERLAPS_SHOWN = 15


def report_html(result: BacktestResult, lang: Lang = "en") -> str:
    """Return the report.

    Parameters
    ----------
    result
        Of a backtest.
    lang
        ``en`` or ``hi``.
    """
    page = _Page(result, lang)
    title = f"{page.word('title')} · {result.candidate.name} {result.candidate.version}"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}{CHART_CSS}</style></head>"
        f"<body><main>{''.join(page.sections())}</main></body></html>\n"
    )


class _Page:
    """Writes the sections of one report."""

    def __init__(self, result: BacktestResult, lang: Lang) -> None:
        self._result, self._lang = result, lang

    def word(self, key: str, **values: object) -> str:
        return escape(text(key, self._lang, **values))

    def money(self, minor: int | None) -> str:
        return "–" if minor is None else escape(money(minor, self._result.currency, self._lang))

    def sections(self) -> Iterable[str]:
        """Yield the sections, in order."""
        result = self._result
        yield self._head()
        yield self._section("glance", self._glance())
        if result.notes:
            told = "".join(f"<li>{escape(note_text(note, self._lang))}</li>" for note in result.notes)
            yield self._section("read_first", f"<ul>{told}</ul>", kind="notes")
        yield self._section("done", self._actions())
        if result.difference is not None:
            yield self._section("compared", self._difference(result.difference))
        yield from (
            self._section("curve", told)
            for told in ["".join(self._curve(curve) for curve in result.candidate.curves)]
            if told
        )
        yield self._section("queue", self._queue())
        if result.candidate.rules:
            yield self._section("rules", self._rules(result.candidate))
        if result.candidate.overlaps:
            yield self._section("overlaps", self._overlaps(result.candidate))
        yield self._section("how", self._how(), kind="how")

    def _section(self, key: str, body: str, *, kind: str = "") -> str:
        name = f' class="{kind}"' if kind else ""
        return f'<section{name} aria-labelledby="{key}"><h2 id="{key}">{self.word(key)}</h2>{body}</section>'

    def _head(self) -> str:
        result, one = self._result, self._result.candidate
        lines = [self.word("of", name=one.name, version=one.version)]
        if result.against is not None:
            other = result.against
            lines.append(self.word("against", name=other.name, version=other.version))
        span = self.word(
            "span",
            payments=group_indian(result.payments),
            from_day=day(result.source.from_us, self._lang),
            to_day=day(result.source.to_us - 1, self._lang),
        )
        source = self.word(f"from_{result.source.kind}", name=result.source.name)
        said = ""
        if result.difference is not None:
            told = headline(
                result.difference.fraud_stopped_minor,
                result.difference.customers_troubled,
                result.currency,
                self._lang,
            )
            said = f'<p class="headline">{escape(told)}</p>' if result.labels.fraud else ""
        return (
            f'<header><h1>{self.word("title")}</h1><p class="what">{", ".join(lines)}</p>'
            f'<p class="quiet">{span} · {source}</p>{said}</header>'
        )

    def _glance(self) -> str:
        one, other, labels = self._result.candidate, self._result.against, self._result.labels
        cards: list[str] = []
        if labels.labelled:
            change = None if other is None else one.fraud_stopped_minor - other.fraud_stopped_minor
            cards.append(self._card("fraud_stopped", self.money(one.fraud_stopped_minor), self._more(change)))
            change = None if other is None else one.fraud_missed_minor - other.fraud_missed_minor
            cards.append(
                self._card("fraud_missed", self.money(one.fraud_missed_minor), self._more(change, good=-1))
            )
            for key, mine, theirs in (
                ("troubled", one.genuine_troubled, None if other is None else other.genuine_troubled),
                ("customers", one.customers_troubled, None if other is None else other.customers_troubled),
            ):
                change = None if theirs is None else mine - theirs
                cards.append(self._card(key, group_indian(mine), self._more(change, good=-1, amount=False)))
            cards.append(
                self._share_card("precision", one.precision, None if other is None else other.precision)
            )
            cards.append(self._share_card("recall", one.recall, None if other is None else other.recall))
        alerts = None if other is None else round(one.queue.per_day - other.queue.per_day, 1)
        cards.append(
            self._card("alerts_day", number(one.queue.per_day), self._more(alerts, good=-1, amount=False))
        )
        if labels.labelled:
            change = None if other is None else one.cost_minor - other.cost_minor
            cards.append(self._card("cost", self.money(one.cost_minor), self._more(change, good=-1)))
        return f'<dl class="cards">{"".join(cards)}</dl>'

    def _card(self, key: str, value: str, more: str) -> str:
        return f"<div><dt>{self.word(key)}</dt><dd>{value}</dd>{more}</div>"

    def _share_card(self, key: str, mine: Share, theirs: Share | None) -> str:
        more = f'<dd class="small">{interval(mine)} · {self.word(f"{key}_hint")}</dd>'
        if theirs is not None and theirs.value is not None and mine.value is not None:
            points = round(100 * (mine.value - theirs.value), 1) or 0.0
            kind = "good" if points > 0 else "bad" if points < 0 else "same"
            more = f'<dd class="change {kind}">{points:+.1f} %-pt</dd>' + more
        return self._card(key, percent(mine.value), more)

    def _more(self, change: float | None, *, good: int = 1, amount: bool = True) -> str:
        """Return how much more or less it is than under the other policy."""
        if change is None:
            return ""
        kind = "same" if not change else "good" if (change > 0) == (good > 0) else "bad"
        told = self.money(abs(int(change))) if amount else escape(number(abs(change)))
        way = "±" if not change else "▲" if change > 0 else "▼"
        side = self.word("more" if change > 0 else "less") if change else ""
        return f'<dd class="change {kind}">{way} {told} {side}</dd>'

    def _action(self, name: str) -> str:
        return f'<span class="action {name}">{escape(ACTIONS[name].of(self._lang))}</span>'

    def _actions(self) -> str:
        one, other = self._result.candidate, self._result.against
        heads = ["action", "payments", "amount", "frauds", "fraud_amount", "genuine"]
        rows: list[list[str]] = []
        for name, total in one.actions.items():
            cells = [
                self._action(name),
                group_indian(total.payments),
                self.money(total.amount_minor),
                group_indian(total.fraud),
                self.money(total.fraud_minor),
                group_indian(total.genuine),
            ]
            if other is not None:
                was = other.actions[name]
                change = total.payments - was.payments
                cells[1] += f' <small class="quiet">({change:+,})</small>' if change else ""
            rows.append(cells)
        return table([self.word(key) for key in heads], rows)

    def _difference(self, difference: Difference) -> str:
        names = list(ACTIONS)
        cells = {(cell.before, cell.after): cell for cell in difference.matrix}
        rows: list[list[str]] = []
        for before in names:
            row = [self._action(before)]
            for after in names:
                cell = cells.get((before, after))
                kind = (
                    "same"
                    if before == after
                    else "milder"
                    if names.index(after) < names.index(before)
                    else "graver"
                )
                told = (
                    ""
                    if cell is None
                    else f"{group_indian(cell.payments)} <small>({group_indian(cell.fraud)})</small>"
                )
                row.append(f'<span class="cell {kind}">{told}</span>' if told else "")
            rows.append(row)
        heads = [f"{self.word('before')} ↓ {self.word('after')} →"]
        heads += [escape(ACTIONS[name].of(self._lang)) for name in names]
        matrix = table(heads, rows)
        changed = self.word("changed", count=group_indian(difference.changed))
        told = f'<p>{changed}. <span class="quiet">{self.word("matrix_hint")}</span></p>{matrix}'
        if difference.examples:
            told += f"<h3>{self.word('examples')}</h3>{self._examples(difference)}"
        return told

    def _examples(self, difference: Difference) -> str:
        names = {
            "fraud": self.word("fraud"),
            "genuine": self.word("genuine_label"),
            "": self.word("unlabelled"),
        }
        rows: list[list[str]] = []
        for one in difference.examples[:EXAMPLES_SHOWN]:
            at = escape(format_ist(one.occurred_us, self._lang))
            rows.append(
                [
                    f'<code>{escape(one.id)}</code><br><small class="quiet">{at}</small>',
                    self.money(one.amount_minor),
                    f'<span class="label-{one.label or "none"}">{names[one.label]}</span>',
                    f"{self._action(one.before)} → {self._action(one.after)}",
                    rules_change(one.rules_before, one.rules_after),
                ]
            )
        change = f"{self.word('before')} → {self.word('after')}"
        heads = [self.word("payment"), self.word("amount"), self.word("label"), change, self.word("rules_of")]
        return table(heads, rows, kind="examples")

    def _curve(self, curve: Curve) -> str:
        lines, costs = curve_svg(curve, self._lang), cost_svg(curve, self._result.currency, self._lang)
        if not lines:
            return ""
        rows: list[list[str]] = []
        for place, key in ((curve.cost_optimal, "cost_optimal"), (curve.budget_optimal, "budget_optimal")):
            if place is not None:
                point = curve.points[place]
                rows.append(
                    [
                        self.word(key),
                        f"≥ {point.threshold:.4g}" if point.flagged else self.word("nothing"),
                        number(point.per_day),
                        percent(point.precision),
                        percent(point.recall),
                        self.money(point.fraud_minor),
                        self.money(point.cost_minor),
                    ]
                )
        heads = [
            "",
            *(
                self.word(k)
                for k in ("threshold", "flagged_day", "precision", "recall", "fraud_amount", "cost")
            ),
        ]
        best = table(heads, rows, kind="rules") if rows else ""
        ranked = ""
        if curve.auc is not None and curve.average_precision is not None:
            said = self.word("auc", auc=f"{curve.auc:.4f}", ap=f"{curve.average_precision:.4f}")
            ranked = f' <span class="quiet">{said}</span>'
        pictures = "".join(f"<figure>{picture}</figure>" for picture in (lines, costs) if picture)
        return (
            f'<h3>{self.word(f"curve_of_{curve.of}")}{ranked}</h3><p class="quiet">{self.word("curve_hint")}</p>'
            f'<div class="pictures">{pictures}</div>{best}'
        )

    def _queue(self) -> str:
        queue = self._result.candidate.queue
        other = None if self._result.against is None else self._result.against.queue
        line = self.word(
            "queue_line", mean=number(queue.mean), p95=number(queue.p95), most=number(queue.most)
        )
        pictures = [
            (hours_svg(queue, self._lang, other), "by_hour"),
            (days_svg(queue, self._lang, other), "by_day"),
        ]
        told = "".join(
            f"<figure>{picture}<figcaption>{self.word(key)}</figcaption></figure>"
            for picture, key in pictures
            if picture
        )
        parts = [f"<p>{line}.</p>", f'<div class="pictures">{told}</div>']
        if len(queue.queues) > 1:
            rows = [
                [f"<code>{escape(name)}</code>", group_indian(count)] for name, count in queue.queues.items()
            ]
            parts.append(table([self.word("queue"), self.word("alerts_day")], rows))
        return "".join(parts)

    def _rules(self, one: PolicyResult) -> str:
        heads = ["rule", "fired", "precision", "recall", "fraud_amount"]
        heads += ["adds", "adds_amount", "adds_troubled", "adds_alerts"]
        ordered = sorted(one.rules, key=lambda rule: (rule.dead, -rule.fraud_minor, -rule.fired, rule.code))
        rows = [self._rule(rule, one) for rule in ordered]
        return f'<p class="quiet">{self.word("rules_hint")}</p>{table(heads, rows, kind="rules")}'

    def _rule(self, rule: RuleResult, one: PolicyResult) -> list[str]:
        badge = ""
        if rule.code in one.killed:
            badge = f' <span class="badge">{self.word("killed")}</span>'
        elif rule.dead:
            badge = f' <span class="badge">{self.word("dead")}</span>'
        elif rule.redundant:
            badge = f' <span class="badge">{self.word("redundant")}</span>'
        said = f'<br><small class="quiet">{interval(rule.precision)}</small>'
        sure = f"<span>{percent(rule.precision.value)}{said}</span>"
        return [
            f"<code>{escape(rule.code)}</code> {self._action(rule.action)}{badge}",
            group_indian(rule.fired),
            sure if rule.precision.value is not None else "–",
            percent(rule.recall.value) if rule.fired else "–",
            self.money(rule.fraud_minor),
            group_indian(rule.marginal_fraud),
            self.money(rule.marginal_fraud_minor),
            group_indian(rule.marginal_genuine),
            group_indian(rule.marginal_alerts),
        ]

    def _overlaps(self, one: PolicyResult) -> str:
        rows = [
            [
                f"<code>{escape(pair.first)}</code>",
                f"<code>{escape(pair.second)}</code>",
                group_indian(pair.both),
                percent(pair.share),
            ]
            for pair in one.overlaps[:OVERLAPS_SHOWN]
        ]
        return table([self.word(key) for key in ("rule", "rule", "both", "share_of_rarer")], rows)

    def _how(self) -> str:
        result = self._result
        costs, labels, source = result.costs, result.labels, result.source
        lines = [
            self.word(
                "how_costs",
                review=money(costs.review_minor, result.currency, self._lang),
                friction=money(costs.friction_minor, result.currency, self._lang),
                loss=f"{costs.loss_share:.0%}",
            ),
            self.word(
                "how_labels",
                labelled=group_indian(labels.labelled),
                payments=group_indian(labels.payments),
                fraud=group_indian(labels.fraud),
                rate=percent(labels.base_rate.value),
            ),
            self.word("how_intervals"),
            self.word(
                "left_out",
                refused=group_indian(source.refused),
                repeated=group_indian(source.repeated),
                late=group_indian(source.late),
                parked=group_indian(source.parked),
            ),
        ]
        if result.against is None:
            lines.append(self.word("how_hash_one", hash=result.candidate.hash[:16]))
        else:
            lines.append(
                self.word("how_hash", hash=result.candidate.hash[:16], against=result.against.hash[:16])
            )
        return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
