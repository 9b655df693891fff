"""The table of permissions, and the one that people read."""

from __future__ import annotations

from pathlib import Path

from satark.core.staff import ROLES
from satark.web.permissions import PERMISSIONS

DOCS = Path(__file__).parents[3] / "docs" / "identity.md"


def test_documented_table_is_the_one_in_force_when_compared():
    lines = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    assert tuple(lines[0][1:]) == ROLES
    told = {
        name.strip("`"): {role for role, cell in zip(ROLES, cells, strict=True) if cell == "x"}
        for name, *cells in lines[2:]
    }
    assert told == PERMISSIONS


def test_auditor_and_viewer_change_nothing_when_their_permissions_are_read():
    changing = {
        "cases.work",
        "cases.assign",
        "cases.confirm",
        "lists.edit",
        "staff.manage",
        "webhooks.manage",
    }
    for role in ("auditor", "viewer"):
        assert not {name for name, roles in PERMISSIONS.items() if role in roles} & changing


def test_only_the_administrator_gives_roles_when_asked():
    assert PERMISSIONS["staff.manage"] == {"administrator"}
