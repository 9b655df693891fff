"""Every mistake of a policy file is told at once, with its place: compared with texts that people have read.

Write them anew with ``SATARK_WRITE_GOLDEN=1`` and read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from satark.policies import lint

FOLDER = Path(__file__).parent / "policies"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_policy_errors_are_as_read_when_a_policy_is_wrong(name):
    found = "".join(f"{one}\n" for one in lint(FOLDER / f"{name}.yaml")).replace(str(FOLDER) + "/", "")
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("SATARK_WRITE_GOLDEN"):
        golden.write_text(found, "utf-8")
    assert found == golden.read_text("utf-8")
