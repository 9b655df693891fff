"""`satark policy`: check, explain and test a policy before it decides anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from satark.cli.commands import command
from satark.cli.root import InOrder, cli

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.policies import Policy


@cli.group(cls=InOrder)
def policy() -> None:
    """Check, explain and test policies."""


@command(policy, "lint")
@click.argument("policies", nargs=-1, metavar="[POLICY]...")
def lint(wiring: Wiring, output: Output, *, policies: tuple[str, ...]) -> None:
    """Check policies (files, or names of bundled ones); all mistakes are shown at once.

    Without an argument the policy of the settings is checked.
    """
    checked = [wiring.policy(name) for name in policies or (None,)]
    lines = [
        f"{one.file or one.name}: {len(one.features)} features, {len(one.rules)} rules, "
        f"{len(one.lists)} lists; no mistakes (hash {one.content_hash[:12]})"
        for one in checked
    ]
    output.result([_summary(one) for one in checked], lines)


def _summary(one: Policy) -> dict[str, Any]:
    return {
        "policy": one.name,
        "version": one.version,
        "hash": one.content_hash,
        "mode": one.mode,
        "features": len(one.features),
        "rules": len(one.rules),
        "lists": len(one.lists),
    }
