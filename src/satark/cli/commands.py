"""What every command has in common: ``--json``, ``--data``, ``--config``, and collaborators made for it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satark.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COMMON = (
    click.option("--json", "as_json", is_flag=True, help="Write the result as JSON, for machines."),
    click.option("--config", type=click.Path(path_type=Path), help="A TOML file of settings."),
    click.option("--data", type=click.Path(path_type=Path), help="The data folder."),
)


def command(
    group: click.Group,
    name: str,
    *,
    settings: Sequence[str] = (),
    **more: Any,  # noqa: ANN401
) -> Callable[[Callable[..., None]], click.Command]:
    """Register a function as a command that gets (wiring, output, its own options).

    Parameters
    ----------
    group
        Where the command belongs.
    name
        Its word on the command line.
    settings
        Options that override a setting of the same name; they reach the wiring and not the function.
    **more
        Passed to click.
    """

    def register(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def run(*, as_json: bool, config: Path | None, data: Path | None, **options: Any) -> None:  # noqa: ANN401
            overrides: dict[str, object] = {"home": data}
            overrides.update((name, options.pop(name)) for name in settings)
            wiring = click.get_current_context().obj(config, overrides)
            function(wiring, Output(as_json=as_json), **options)

        for option in _COMMON:
            run = option(run)
        return group.command(name, **more)(run)

    return register
