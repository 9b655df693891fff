"""`satark version`: what is installed here, for a report of a problem."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

import satark
from satark.cli.commands import command
from satark.cli.root import cli

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring

_TOLD = ("numba", "numpy", "polars", "sqlalchemy", "uvicorn")


@command(cli, "version")
def show_version(_wiring: Wiring, output: Output) -> None:
    """Show the version, and those of the packages that matter in a report."""
    packages = {name: version(name) for name in _TOLD}
    data = {"satark": satark.__version__, "python": platform.python_version(), "packages": packages}
    told = ", ".join(f"{name} {number}" for name, number in packages.items())
    output.result(data, f"satark {satark.__version__} (Python {platform.python_version()}; {told})")
