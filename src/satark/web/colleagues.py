"""Who can be given a case: the members of staff that may work on cases and may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.web.permissions import allowed

if TYPE_CHECKING:
    from satark.web.ports import StaffDirectory


def colleagues(staff: StaffDirectory) -> list[str]:
    """Return their user names in order; reads the database, so call it in a thread."""
    return sorted(
        member.username
        for member in staff.list()
        if member.disabled_us is None and allowed(member.role, "cases.work")
    )
