"""`satark backtest`: what a policy would have done with the past, and what it would have cost."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from satark.cli.commands import command
from satark.cli.progress import counting
from satark.cli.root import cli
from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.core.clock import Lang
    from satark.decisions.backtest.result import BacktestResult, PolicyResult, Share
    from satark.decisions.backtest.sources import BacktestSource
    from satark.decisions.views import View
    from satark.storage import Storage

LIVE = "live"
RULES_SHOWN = 15
_FILE = click.Path(path_type=Path, dir_okay=False)


@command(cli, "backtest")
@click.option(
    "--policy", help="The policy that is tried: a bundled name or a file; by default that of the settings."
)
@click.option(
    "--against", help="Compare with this policy: a name, a file, or `live` for the one in force by the log."
)
@click.option("--events", type=_FILE, help="Decide the events of this file instead of those of the log.")
@click.option("--map", "map_file", type=_FILE, help="Says which column of a foreign file means what.")
@click.option(
    "--labels", type=_FILE, help="A file of labels beside the events: payment, label, reporter, reported_at."
)
@click.option(
    "--from", "from_", metavar="TIME", help="Payments from then on count: a day in India, or RFC 3339."
)
@click.option("--to", metavar="TIME", help="Up to and with this day, or up to this moment.")
@click.option("--report", type=_FILE, help="Write a report to this HTML file.")
@click.option(
    "--lang", type=click.Choice(["en", "hi"]), default="en", show_default=True, help="Of the report."
)
@click.option("--out", type=_FILE, help="Write the decisions to this Parquet file.")
@click.option(
    "--differences", type=_FILE, help="Write the payments that get another answer to this Parquet file."
)
@click.option(
    "--review-cost", type=click.FloatRange(0), default=50.0, show_default=True, help="Of one alert."
)
@click.option(
    "--friction-cost",
    type=click.FloatRange(0),
    default=100.0,
    show_default=True,
    help="Of one genuine payment that is troubled.",
)
@click.option(
    "--loss-share",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of a fraud that is allowed is lost in the end.",
)
@click.option("--alerts-per-day", type=click.FloatRange(0), help="How many alerts the desk can work on.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave out and count rows that cannot be used.")
def backtest(  # noqa: PLR0913 - one argument per option
    wiring: Wiring,
    output: Output,
    *,
    policy: str | None,
    against: str | None,
    events: Path | None,
    map_file: Path | None,
    labels: Path | None,
    from_: str | None,
    to: str | None,
    report: Path | None,
    lang: Lang,
    out: Path | None,
    differences: Path | None,
    review_cost: float,
    friction_cost: float,
    loss_share: float,
    alerts_per_day: float | None,
    skip_bad_rows: bool,
) -> None:
    """Try a policy on past payments: fraud stopped in rupees, genuine customers troubled, work for the desk.

    Decides the entries of the installation's log in their order, or a file; the code is that which decides live. Costs
    are in whole units of the policy's currency.
    """
    from satark.core.currencies import CURRENCY_EXPONENTS
    from satark.decisions.backtest.result import Costs
    from satark.decisions.backtest.run import Options
    from satark.decisions.backtest.run import backtest as run
    from satark.decisions.backtest.times import bound_us

    if events is None and (map_file or labels or skip_bad_rows):
        message = "--map, --labels and --skip-bad-rows go with --events"
        raise InputInvalid(message, field="events")
    if report is not None and not report.parent.is_dir():
        message = f"there is no folder {report.parent}"
        raise InputInvalid(message, path=str(report))
    candidate = _view(wiring, policy)
    unit = 10 ** CURRENCY_EXPONENTS[candidate.policy.base_currency]
    options = Options(
        from_us=None if from_ is None else bound_us(from_),
        to_us=None if to is None else bound_us(to, end=True),
        costs=Costs(round(review_cost * unit), round(friction_cost * unit), loss_share, alerts_per_day),
        windows=wiring.windows_options(),
        out=out,
        differences=differences,
    )
    with ExitStack() as stack:
        storage = None
        if events is None or against == LIVE:
            storage = stack.enter_context(wiring.storage(write=False))
        views = [candidate]
        if against is not None:
            views.append(_against(wiring, storage, against))
        if events is None:
            source = _log_source(wiring, storage)
        else:
            source = _file_source(wiring, candidate, events, map_file, labels, skip_bad_rows=skip_bad_rows)
        with counting(output, "events read and decided", total=1) as progress:
            result = run(source, views, options, progress)
    if report is not None:
        _write_report(report, result, lang)
    written = [path for path in (report, out, differences) if path is not None]
    output.result(result, _lines(result, written))


def _view(wiring: Wiring, name: str | None) -> View:
    from satark.decisions.binding import view_of

    return view_of(wiring.policy(name), wiring.models(name))


def _against(wiring: Wiring, storage: Storage | None, name: str) -> View:
    from satark.decisions.backtest.log_source import live_view

    if name == LIVE and storage is not None:
        return live_view(storage.events, wiring.models())
    return _view(wiring, name)


def _log_source(wiring: Wiring, storage: Storage | None) -> BacktestSource:
    from satark.decisions.backtest.log_source import LogSource

    assert storage is not None  # noqa: S101 - it is opened when there is no file
    inspection = wiring.inspection(storage)
    return LogSource(storage.events, inspection.tokens, inspection.rates)


def _file_source(
    wiring: Wiring,
    candidate: View,
    events: Path,
    map_file: Path | None,
    labels: Path | None,
    *,
    skip_bad_rows: bool,
) -> BacktestSource:
    from satark.decisions.backtest.sources import FileSource
    from satark.decisions.replay_map import load_map

    return FileSource(
        events,
        labels,
        None if map_file is None else load_map(map_file, candidate.policy.attributes),
        wiring.card_tokens(),
        wiring.rates(),
        "skip" if skip_bad_rows else "stop",
    )


def _write_report(path: Path, result: BacktestResult, lang: Lang) -> None:
    from satark.decisions.backtest.report import report_html

    part = path.with_name(path.name + ".part")
    try:
        part.write_text(report_html(result, lang), "utf-8")
        part.replace(path)
    except OSError as error:
        message = f"{path.name} cannot be written: {error.strerror}"
        raise InputInvalid(message, path=str(path)) from None


def _lines(result: BacktestResult, written: list[Path]) -> Iterator[str]:
    from satark.decisions.backtest.words import day, headline, note_text

    one = result.candidate
    span = f"{day(result.source.from_us, 'en')} to {day(result.source.to_us - 1, 'en')}"
    yield (
        f"Policy {one.name} {one.version} ({one.hash[:12]}) over {result.payments:,} payments, {span}, "
        f"in {result.seconds:.1f} s"
    )
    if result.difference is not None and result.against is not None:
        other = result.against
        yield f"Compared with {other.name} {other.version} ({other.hash[:12]}):"
        if result.labels.fraud:
            difference = result.difference
            told = headline(
                difference.fraud_stopped_minor, difference.customers_troubled, result.currency, "en"
            )
            yield f"  {told}"
        yield f"  {result.difference.changed:,} payments get another answer."
    yield ""
    yield from _figures(result)
    yield ""
    yield from _rules(one)
    if result.notes:
        yield ""
        for note in result.notes:
            yield f"  ! {note_text(note, 'en')}"
    for path in written:
        yield f"\nWritten: {path}"


def _figures(result: BacktestResult) -> Iterator[str]:
    from satark.core.money import format_minor

    def both(what: str, told: list[str]) -> str:
        return f"  {what:<28}" + "".join(f"{cell:>24}" for cell in told)

    sides = [result.candidate, *([] if result.against is None else [result.against])]
    if len(sides) > 1:
        yield both("", ["this policy", "the other"])
    for action in sides[0].actions:
        yield both(action, [f"{one.actions[action].payments:,}" for one in sides])
    if result.labels.labelled:
        yield both("precision", [_share(one.precision) for one in sides])
        yield both("frauds found", [_share(one.recall) for one in sides])
        for what, name in (
            ("fraud held or blocked", "fraud_stopped_minor"),
            ("fraud allowed", "fraud_missed_minor"),
            ("cost", "cost_minor"),
        ):
            yield both(what, [format_minor(getattr(one, name), result.currency) for one in sides])
        yield both("genuine payments troubled", [f"{one.genuine_troubled:,}" for one in sides])
        yield both("genuine customers troubled", [f"{one.customers_troubled:,}" for one in sides])
    yield both("alerts per day", [f"{one.queue.per_day:,.1f}" for one in sides])
    yield both("alerts in the busiest hour", [f"{one.queue.most:,}" for one in sides])
    for curve in result.candidate.curves:
        for what, place in (("least cost", curve.cost_optimal), ("budget", curve.budget_optimal)):
            if place is not None:
                point = curve.points[place]
                yield (
                    f"  {what} at a {curve.of if curve.of == 'score' else 'model score'} of {point.threshold:.4g}: "
                    f"{point.per_day:,.1f} a day, {format_minor(point.cost_minor, result.currency)}"
                )


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "-"
    return f"{share.value:.1%} ({share.low:.1%}-{share.high:.1%})"


def _rules(one: PolicyResult) -> Iterator[str]:
    fired = sorted((rule for rule in one.rules if rule.fired), key=lambda rule: (-rule.fired, rule.code))
    if fired:
        yield f"  {'fired':>10}  {'fraud':>8}  {'adds fraud':>10}  {'adds genuine':>12}  rule"
    for rule in fired[:RULES_SHOWN]:
        yield (
            f"  {rule.fired:>10,}  {rule.fraud:>8,}  {rule.marginal_fraud:>10,}  {rule.marginal_genuine:>12,}  "
            f"{rule.code}{'  (changes nothing)' if rule.redundant else ''}"
        )
    if len(fired) > RULES_SHOWN:
        yield f"  and {len(fired) - RULES_SHOWN} more"
    dead = [rule.code for rule in one.rules if rule.dead]
    if dead:
        yield f"  never fired: {', '.join(dead)}"
