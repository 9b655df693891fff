"""`satark report`: what a week was like, as a page and a PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satark.cli.commands import command
from satark.cli.root import InOrder, cli

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring


@cli.group(cls=InOrder)
def report() -> None:
    """Write reports for people who do not open the console."""


@command(report, "weekly")
@click.option(
    "--week", metavar="YYYY-Wnn", help="The week, for instance 2026-W48; by default the last whole one."
)
@click.option(
    "--lang", type=click.Choice(["en", "hi"]), default="en", show_default=True, help="Its language."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="The folder that the files are written to.",
)
@click.option("--html-only", is_flag=True, help="Write no PDF; that needs the extra `reports`.")
def weekly(
    wiring: Wiring, output: Output, *, week: str | None, lang: str, out: Path, html_only: bool
) -> None:
    """Write the report of a week: an HTML file that stands alone, and a PDF.

    Decisions, money stopped, genuine customers troubled, how right it was, rules, what has changed, labels, backlog.
    The worker (satark work) counts; what it has not counted yet is not in the report, which says so.
    """
    made = wiring.weekly_report(week, lang, out, pdf=not html_only)
    output.result(made, f"{made['week']}: wrote {' and '.join(str(path) for path in made['files'])}")
