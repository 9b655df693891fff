"""The entry point of the `satark` command: settings, then the place of compiled code, then all else."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from satark.app.settings import load_settings
from satark.cli import cli, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.app.wiring import AppWiring

NUMBA_VARIABLE = "NUMBA_CACHE_DIR"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code."""
    sys.exit(run(cli, sys.argv[1:] if arguments is None else arguments, make_wiring, _log_folder()))


def make_wiring(config: Path | None, options: Mapping[str, object], /) -> AppWiring:
    """Build the collaborators of one command; nothing heavy is imported before this."""
    settings = load_settings(os.environ, config=config, options=options)
    place_compiled_code(settings.data)
    from satark.app.wiring import AppWiring

    return AppWiring(settings)


def place_compiled_code(data: Path) -> None:
    """Tell numba where compiled kernels are kept, before anything imports it.

    They lie under the data folder, where the engine may write and no stranger can plant code. A command
    without a data folder (a replay, say) leaves none behind: it uses the person's own cache, and where that
    cannot be made either, a new temporary folder.
    """
    if os.environ.get(NUMBA_VARIABLE):
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "satark"
    places = [data.absolute() / "cache", cache] if data.is_dir() else [cache]
    made = next((place / "numba" for place in places if _can_make(place / "numba")), None)
    os.environ[NUMBA_VARIABLE] = str(made or tempfile.mkdtemp(prefix="satark-numba-"))


def _can_make(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _log_folder() -> Path:
    """Return where unexpected errors are written down, known before any setting has been checked."""
    return Path(os.environ.get("SATARK_DATA", "var")).absolute() / "logs"


if __name__ == "__main__":
    main()
