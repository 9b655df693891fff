"""`satark staff`: who may sign in to the pages."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from satark.cli.acting import acting_person
from satark.cli.commands import command
from satark.cli.root import InOrder, cli
from satark.core.clock import from_us

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.storage import StaffMember

PASSWORD_BYTES = 15


@cli.group(cls=InOrder)
def staff() -> None:
    """Add people who may sign in to the pages, and end their access."""


@command(staff, "add")
@click.argument("username")
@click.option("--role", default="analyst", show_default=True, help="What the person may do.")
def add(wiring: Wiring, output: Output, *, username: str, role: str) -> None:
    """Add someone; the password is made here and shown this once."""
    with wiring.storage() as storage:
        made = storage.staff.create(username, role)
        storage.audit.append(
            actor=acting_person(), action="staff_created", subject=username, detail={"role": role}
        )
    output.note("Keep this password now; it is stored as a hash and cannot be shown again.")
    output.result({**_plain(made.member), "password": made.password}, made.password)


@command(staff, "list")
def list_staff(wiring: Wiring, output: Output) -> None:
    """Show everybody, also those whose access has ended."""
    with wiring.storage(write=False) as storage:
        people = storage.staff.list()
    rows = [
        (
            person.username,
            person.role,
            f"{from_us(person.created_us):%Y-%m-%d}",
            "works" if person.disabled_us is None else f"ended {from_us(person.disabled_us):%Y-%m-%d}",
        )
        for person in people
    ]
    output.table([_plain(person) for person in people], ("username", "role", "made", "access"), rows)


@command(staff, "password")
@click.argument("username")
def password(wiring: Wiring, output: Output, *, username: str) -> None:
    """Give someone a new password, shown this once; the old one does not work any more."""
    made = secrets.token_urlsafe(PASSWORD_BYTES)
    with wiring.storage() as storage:
        member = storage.staff.change_password(username, made, must_change=True)
        storage.audit.append(actor=acting_person(), action="staff_password_changed", subject=username)
    output.result({**_plain(member), "password": made}, made)


@command(staff, "end")
@click.argument("username")
def end(wiring: Wiring, output: Output, *, username: str) -> None:
    """End someone's access; what they did stays in the audit trail."""
    with wiring.storage() as storage:
        member = storage.staff.disable(username)
        storage.audit.append(actor=acting_person(), action="staff_disabled", subject=username)
    output.result(_plain(member), f"{username} cannot sign in any more")


def _plain(member: StaffMember) -> dict[str, Any]:
    """Return what machines are told about a person."""
    return {
        "username": member.username,
        "role": member.role,
        "created_at": from_us(member.created_us),
        "disabled_at": None if member.disabled_us is None else from_us(member.disabled_us),
    }
