"""The entry point of the `satark` command: settings, then the place of compiled code, then all else."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from satark.app.children import follow_supervisor
from satark.app.compiled import place_compiled_code
from satark.app.settings import load_settings
from satark.cli import cli, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.app.wiring import AppWiring


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code."""
    follow_supervisor()
    sys.exit(run(cli, sys.argv[1:] if arguments is None else arguments, make_wiring, _log_folder()))


def make_wiring(config: Path | None, options: Mapping[str, object], /) -> AppWiring:
    """Build the collaborators of one command; nothing heavy is imported before this."""
    settings = load_settings(os.environ, config=config, options=options)
    place_compiled_code(settings.home)
    from satark.app.wiring import AppWiring

    return AppWiring(settings)


def _log_folder() -> Path:
    """Return where unexpected errors are written down, known before any setting has been checked."""
    return Path(os.environ.get("SATARK_HOME", "var")).absolute() / "logs"


if __name__ == "__main__":
    main()
