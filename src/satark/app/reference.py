"""Write the pages of `docs/` that are generated from the code: ``python -m satark.app.reference``."""

from __future__ import annotations

from pathlib import Path

from satark.app.settings import describe_settings
from satark.cli.exits import describe_exits

_SETTINGS = """\
# Settings

Where a value comes from, the later winning: the default; a TOML file (`--config`, or named by
`SATARK_CONFIG`); the environment; an option of the command. Secrets belong in the environment or in the data
folder, not in the file. This page is generated from `src/satark/app/settings.py` by `make docs`.

"""

_EXITS = """\
# Exit codes

The numbers follow BSD's sysexits where one fits. With `--json` the error is one JSON object on standard
error: `{"error": {"code": ..., "message": ...}}`. This page is generated from `src/satark/cli/exits.py` by
`make docs`.

"""


def write_reference(docs: Path) -> None:
    """Write `settings.md` and `exit-codes.md` into the folder."""
    (docs / "settings.md").write_text(_SETTINGS + describe_settings(), encoding="utf-8")
    (docs / "exit-codes.md").write_text(_EXITS + describe_exits(), encoding="utf-8")


if __name__ == "__main__":
    write_reference(Path("docs"))
