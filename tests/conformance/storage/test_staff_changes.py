"""Changes of members: noted together with the change, and never the last administrator's."""

from __future__ import annotations

import pytest

from satark.core.errors import InputInvalid, NotFound
from satark.core.staff import ROLES


def trail(storage):
    return [(entry.actor, entry.action, entry.subject) for entry in reversed(storage.audit.entries())]


def test_each_change_is_noted_with_who_made_it_when_it_happens(storage):
    storage.staff.create("asha", "analyst", actor="admin")
    storage.staff.change_role("asha", "auditor", actor="admin")
    storage.staff.change_password("asha", "a long enough password", actor="asha")
    storage.staff.disable("asha", actor="admin")
    storage.staff.enable("asha", actor="admin")
    assert trail(storage) == [
        ("admin", "staff_created", "asha"),
        ("admin", "staff_role_changed", "asha"),
        ("asha", "staff_password_changed", "asha"),
        ("admin", "staff_disabled", "asha"),
        ("admin", "staff_enabled", "asha"),
    ]
    assert storage.audit.verify().ok


def test_nothing_is_noted_when_nothing_is_changed(storage):
    with pytest.raises(NotFound):
        storage.staff.disable("nobody", actor="admin")
    with pytest.raises(InputInvalid):
        storage.staff.create("asha", "king", actor="admin")
    assert trail(storage) == []


@pytest.mark.parametrize("role", ROLES)
def test_member_can_have_every_role_when_added(storage, role):
    assert storage.staff.create("asha", role).member.role == role


@pytest.mark.parametrize(
    "change", [lambda staff: staff.disable("admin"), lambda staff: staff.change_role("admin", "viewer")]
)
def test_last_administrator_stays_when_told_to_go(storage, change):
    storage.staff.create("admin", "administrator")
    storage.staff.create("gone", "administrator")
    storage.staff.disable("gone")
    before, notes = storage.staff.find("admin"), trail(storage)
    with pytest.raises(InputInvalid):
        change(storage.staff)
    assert (storage.staff.find("admin"), trail(storage)) == (before, notes)
    storage.staff.enable("gone")
    change(storage.staff)
