"""The root of all commands: `satark --help` shows them in the order in which one meets them."""

from __future__ import annotations

import click


class InOrder(click.Group):
    """A group that lists its commands in the order in which they were registered."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, unsorted."""
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Decide on payments before the money moves.

    Every command takes --json for machines. Exit codes: docs/exit-codes.md. Settings: docs/settings.md.
    """
