"""`satark staff`: who may sign in to the pages."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from satark.cli.acting import acting_person
from satark.cli.commands import command
from satark.cli.root import InOrder, cli
from satark.core.clock import from_us
from satark.core.errors import NotFound
from satark.core.staff import ANALYST, ROLES

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.storage import StaffMember, Storage

PASSWORD_BYTES = 15


@cli.group(cls=InOrder)
def staff() -> None:
    """Add people who may sign in to the pages, and end their access."""


@command(staff, "add")
@click.argument("username")
@click.option(
    "--role", default=ANALYST, show_default=True, type=click.Choice(ROLES), help="What the person may do."
)
def add(wiring: Wiring, output: Output, *, username: str, role: str) -> None:
    """Add someone; the password is made here and shown this once."""
    with wiring.storage() as storage:
        made = storage.staff.create(username, role, actor=acting_person())
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
        member = storage.staff.change_password(username, made, must_change=True, actor=acting_person())
    output.result({**_plain(member), "password": made}, made)


@command(staff, "end")
@click.argument("username")
def end(wiring: Wiring, output: Output, *, username: str) -> None:
    """End someone's access; what they did stays in the audit trail."""
    with wiring.storage() as storage:
        member = storage.staff.disable(username, actor=acting_person())
    output.result(_plain(member), f"{username} cannot sign in any more")


@command(staff, "restore")
@click.argument("username")
def restore(wiring: Wiring, output: Output, *, username: str) -> None:
    """Let someone sign in again whose access had ended."""
    with wiring.storage() as storage:
        member = storage.staff.enable(username, actor=acting_person())
    output.result(_plain(member), f"{username} can sign in again")


@command(staff, "role")
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
def role(wiring: Wiring, output: Output, *, username: str, role: str) -> None:
    """Give someone another role; open sessions end."""
    with wiring.storage() as storage:
        member = storage.staff.change_role(username, role, actor=acting_person())
    output.result(_plain(member), f"{username} is {role} now")


@command(staff, "reset-factors")
@click.argument("username")
def reset_factors(wiring: Wiring, output: Output, *, username: str) -> None:
    """Remove someone's second factors, passkeys and links to the identity provider; open sessions end."""
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        member = _known(storage, username)
        desk.identity.factors.reset(username, actor=acting_person())
    output.result(_plain(member), f"{username} has no second factor any more")


@command(staff, "sessions")
@click.argument("username")
@click.option("--end", "ending", is_flag=True, help="End them all.")
def sessions(wiring: Wiring, output: Output, *, username: str, ending: bool) -> None:
    """Show someone's sessions, or end them."""
    with wiring.storage(write=ending) as storage, wiring.desk(storage, write=ending) as desk:
        _known(storage, username)
        found = desk.identity.sessions.of(username)
        if ending:
            desk.identity.sessions.end_all(username, actor=acting_person())
    if ending:
        output.result({"ended": len(found)}, f"{len(found)} ended")
        return
    plain = [
        {
            "session": record.id,
            "method": record.method,
            "address": record.address,
            "began_at": from_us(record.began_us),
            "seen_at": from_us(record.seen_us),
        }
        for record in found
    ]
    rows = [
        (
            record.id,
            record.method,
            record.address,
            f"{from_us(record.began_us):%Y-%m-%d %H:%M}",
            f"{from_us(record.seen_us):%Y-%m-%d %H:%M}",
        )
        for record in found
    ]
    output.table(plain, ("session", "method", "address", "began (UTC)", "seen (UTC)"), rows)


def _known(storage: Storage, username: str) -> StaffMember:
    """Return a member, or say that there is none."""
    member = storage.staff.find(username)
    if member is None:
        message = "there is nobody of this name"
        raise NotFound(message)
    return member


def _plain(member: StaffMember) -> dict[str, Any]:
    """Return what machines are told about a person."""
    return {
        "username": member.username,
        "role": member.role,
        "created_at": from_us(member.created_us),
        "disabled_at": None if member.disabled_us is None else from_us(member.disabled_us),
    }
