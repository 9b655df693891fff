"""`satark policy`: check, explain and test a policy before it decides anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satark.cli.commands import command
from satark.cli.exits import ANSWER_IS_NO
from satark.cli.root import InOrder, cli

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.core.clock import Lang
    from satark.decisions.views import View
    from satark.policies import Policy


@cli.group(cls=InOrder)
def policy() -> None:
    """Check, explain and test policies."""


@command(policy, "lint")
@click.argument("policies", nargs=-1, metavar="[POLICY]...")
def lint(wiring: Wiring, output: Output, *, policies: tuple[str, ...]) -> None:
    """Check policies (files, or names of bundled ones); all mistakes are shown at once.

    Models that a policy names are read and checked against its features, too. Without an argument the policy of the
    settings is checked.
    """
    checked = [wiring.policy(name) for name in policies or (None,)]
    for name, one in zip(policies or (None,), checked, strict=True):
        _with_models(wiring, name, one)
    lines = [
        f"{one.file or one.name}: {len(one.features)} features, {len(one.rules)} rules, "
        f"{len(one.lists)} lists; no mistakes (hash {one.content_hash[:12]})"
        for one in checked
    ]
    output.result([_summary(one) for one in checked], lines)


@command(policy, "explain")
@click.argument("name", metavar="[POLICY]", required=False)
@click.option(
    "--lang", type=click.Choice(["en", "hi"]), default="en", show_default=True, help="In which language."
)
def explain(wiring: Wiring, output: Output, *, name: str | None, lang: Lang) -> None:
    """Say in words what a policy's features, lists and rules mean, and what its windows cost."""
    from satark.policies.explain import explain as explained

    one = wiring.policy(name)
    text = explained(one, lang)
    output.result({**_summary(one), "text": text}, text.rstrip("\n"))


@command(policy, "test")
@click.argument("name", metavar="[POLICY]", required=False)
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    help="The file of cases; by default the one beside the policy, NAME.cases.yaml.",
)
@click.option("--uncovered", is_flag=True, help="Name the rules that fire in no case.")
def test(wiring: Wiring, output: Output, *, name: str | None, cases: Path | None, uncovered: bool) -> None:
    """Run a policy's cases: given these events, this must be the answer.

    Exit code 1 when a case fails.
    """
    from satark.cli.trial import try_policy
    from satark.policies.cases import run_cases

    one = wiring.policy(name)
    view = _with_models(wiring, name, one)
    report = run_cases(
        one, cases or wiring.cases_of(name), decide=lambda _policy, events: try_policy(view, events)
    )
    failed = [result for result in report.results if not result.passed]
    lines = [f"{result.name}: {problem}" for result in failed for problem in result.problems]
    lines.append(
        f"{len(report.results) - len(failed)} cases passed, {len(failed)} failed; "
        f"{len(one.rules) - len(report.uncovered)} of {len(one.rules)} rules fire in some case"
    )
    if uncovered:
        lines += [f"never fires: {code}" for code in report.uncovered]
    output.result({"passed": report.passed, **asdict(report)}, lines)
    if failed:
        click.get_current_context().exit(ANSWER_IS_NO)


def _with_models(wiring: Wiring, name: str | None, one: Policy) -> View:
    """Return a policy bound to its models.

    Raises
    ------
    ModelInvalid
        One cannot be had, is damaged, or does not fit.
    """
    from satark.decisions.binding import view_of
    from satark.decisions.views import View

    return View(one) if one.model is None else view_of(one, wiring.models(name))


def _summary(one: Policy) -> dict[str, Any]:
    return {
        "policy": one.name,
        "version": one.version,
        "hash": one.content_hash,
        "mode": one.mode,
        "features": len(one.features),
        "rules": len(one.rules),
        "lists": len(one.lists),
        "model": None if one.model is None else {"use": one.model.use, "hash": one.model.hash},
    }
