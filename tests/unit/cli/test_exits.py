"""Exit codes: one table, over every error there is."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import satark
from satark.cli.exits import EXIT_CODES, MEANINGS, describe_exits, exit_code
from satark.core.errors import SatarkError

ROOT = Path(__file__).parents[3]


def every_error():
    for module in pkgutil.walk_packages(satark.__path__, "satark."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting = [SatarkError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield kind


def test_every_error_has_an_exit_code_with_a_meaning():
    codes = {kind.code for kind in every_error() if kind.__module__.startswith("satark.")}
    assert codes == set(EXIT_CODES)
    assert set(EXIT_CODES.values()) <= set(MEANINGS)


def test_unknown_error_is_internal_when_a_plugin_raises_it():
    class FromElsewhere(SatarkError):
        code = "from_elsewhere"

    assert exit_code(FromElsewhere("x")) == 70


def test_exit_codes_are_documented():
    assert describe_exits() in (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8"), "run: make docs"
