"""`satark replay`: what a policy would have done with a file of past payments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satark.cli.commands import command
from satark.cli.progress import counting
from satark.cli.root import cli
from satark.core.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.decisions.replay_report import Quality, ReplaySummary

RULES_SHOWN = 15
REFUSALS_SHOWN = 5

_FILE = click.Path(path_type=Path, dir_okay=False)


@command(cli, "replay")
@click.argument("events", type=_FILE)
@click.option("--policy", help="The policy: a bundled name or a file; by default that of the settings.")
@click.option("--map", "map_file", type=_FILE, help="Says which column of a foreign file means what.")
@click.option("--out", type=_FILE, help="Write the decisions to this Parquet file.")
@click.option("--features-out", type=_FILE, help="Write the value of each feature to this Parquet file.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave out and count rows that cannot be used.")
@click.option("--all-rules", is_flag=True, help="Show every rule that fired, not only the most frequent.")
def replay(  # noqa: PLR0913 - one argument per option
    wiring: Wiring,
    output: Output,
    *,
    events: Path,
    policy: str | None,
    map_file: Path | None,
    out: Path | None,
    features_out: Path | None,
    skip_bad_rows: bool,
    all_rules: bool,
) -> None:
    """Decide all payments of a CSV, Parquet or JSON-lines file, with the code that decides live.

    Windows start empty. Where the file says what was fraud, the summary says how well the policy found it.
    """
    from satark.decisions.binding import view_of
    from satark.decisions.replay import replay as run
    from satark.decisions.replay_map import load_map

    one = wiring.policy(policy)
    view = view_of(one, wiring.models(policy))
    mapping = None if map_file is None else load_map(map_file, one.attributes)
    with counting(output, "rows read and decided", total=1) as progress:
        summary = run(
            events,
            view,
            mapping=mapping,
            out=out,
            features_out=features_out,
            on_bad_row="skip" if skip_bad_rows else "stop",
            rates=wiring.rates(),
            tokens=wiring.card_tokens(),
            windows_options=wiring.windows_options(),
            progress=progress,
        )
    written = [path for path in (out, features_out) if path is not None]
    data = {**summary.to_json(), "written": written}
    output.result(data, _lines(summary, written, None if all_rules else RULES_SHOWN))


def _lines(summary: ReplaySummary, written: list[Path], most: int | None) -> Iterator[str]:
    policy = summary.policy
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in summary.events.items())
    yield (
        f"Policy {policy['name']} {policy['version']} ({policy['hash'][:12]}) over {kinds}, "
        f"in {summary.seconds:.1f} s ({summary.events_per_second:,.0f} events/s)"
    )
    yield ""
    payments = max(1, summary.payments)
    for action, count in summary.actions.items():
        yield f"  {action:<10}{count:>12,}   {count / payments:8.3%}"
    yield ""
    money = {
        "paid in all": summary.amount_minor,
        "held or blocked": summary.stopped_minor,
        "challenged": summary.challenged_minor,
    }
    for what, minor in money.items():
        yield f"  {what:<16} {format_minor(minor, summary.currency):>24}"
    if summary.quality is not None:
        yield ""
        yield from _quality(summary.quality, summary.currency)
    yield from _rules(summary, most)
    notes = {
        "rows refused": summary.refused,
        "rows that repeat another": summary.repeated,
        "events too late for the windows": summary.late,
        "results and labels without their payment": summary.parked,
    }
    told = [f"  {count:,} {what}" for what, count in notes.items() if count]
    told += [f"  {count:,} decisions degraded by {code}" for code, count in summary.degraded.items()]
    if told:
        yield from ["", *told]
    for refusal in summary.refusals[:REFUSALS_SHOWN]:
        yield "  row {row}: {field} must be {expected}, found {found}".format_map(refusal)
    for path in written:
        yield f"\nWritten: {path}"


def _rules(summary: ReplaySummary, most: int | None) -> Iterator[str]:
    fired = sorted(((count, code) for code, count in summary.rules.items() if count), reverse=True)
    if fired:
        yield ""
    for count, code in fired[:most]:
        yield f"  {count:>10,}  {code}"
    if most is not None and len(fired) > most:
        yield f"              and {len(fired) - most} more (--all-rules)"


def _quality(quality: Quality, currency: str) -> Iterator[str]:
    yield f"  {quality.labelled:,} payments have a label, {quality.frauds:,} are fraud ({quality.base_rate:.3%})"
    shares = {"precision": quality.precision, "recall": quality.recall}
    told = [f"{name} {share:.1%}" for name, share in shares.items() if share is not None]
    if quality.auc_score is not None:
        told.append(f"AUC {quality.auc_score:.4f} by score")
    if told:
        yield f"  {', '.join(told)}"
    yield (
        f"  of {format_minor(quality.fraud_minor, currency)} lost to fraud, "
        f"{format_minor(quality.fraud_stopped_minor, currency)} would have been held or blocked"
    )
