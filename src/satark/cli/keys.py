"""`satark keys`: who may send events to the engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from satark.cli.acting import acting_person
from satark.cli.commands import command
from satark.cli.root import InOrder, cli
from satark.core.clock import MICROS_PER_DAY, from_us, to_us

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.storage import ApiKey

_COLUMNS = ("id", "name", "owner", "scopes", "rate/s", "made", "state")


@cli.group(cls=InOrder)
def keys() -> None:
    """Make, list and revoke API keys."""


@command(keys, "create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("decide", "read", "label", "events"),
    show_default=True,
    help="What the key may do; may be given several times.",
)
@click.option("--owner", default="default", show_default=True, help="Ids of events are unique per owner.")
@click.option("--rate", type=float, default=0.0, help="Requests a second; 0 for the installation's limit.")
@click.option("--burst", type=int, default=0, help="Requests that may come at once; 0 for the rate's own.")
@click.option(
    "--days", type=click.IntRange(1, 36_500), help="Days until the key ends; without it, it does not."
)
def create(
    wiring: Wiring,
    output: Output,
    *,
    name: str,
    scopes: tuple[str, ...],
    owner: str,
    rate: float,
    burst: int,
    days: int | None,
) -> None:
    """Make a key; its secret is shown this once."""
    expires_us = None if days is None else to_us(datetime.now(UTC)) + days * MICROS_PER_DAY
    with wiring.storage() as storage:
        made = storage.keys.create(
            name, scopes, owner=owner, rate_per_s=rate, burst=burst, expires_us=expires_us
        )
        storage.audit.append(
            actor=acting_person(),
            action="key_created",
            subject=made.key.id,
            detail={"name": name, "owner": owner, "scopes": sorted(made.key.scopes)},
        )
    output.note("Keep this secret now; it is stored as a hash and cannot be shown again.")
    output.result({**_plain(made.key), "secret": made.secret}, made.secret)


@command(keys, "list")
def list_keys(wiring: Wiring, output: Output) -> None:
    """Show all keys, also those that ended; never a secret."""
    with wiring.storage(write=False) as storage:
        found = storage.keys.list()
    rows = [
        (
            key.id,
            key.name,
            key.owner_name,
            " ".join(sorted(key.scopes)),
            f"{key.rate_per_s:g}" if key.rate_per_s else "default",
            f"{from_us(key.created_us):%Y-%m-%d}",
            _state(key),
        )
        for key in found
    ]
    output.table([_plain(key) for key in found], _COLUMNS, rows)


@command(keys, "revoke")
@click.argument("key_id")
def revoke(wiring: Wiring, output: Output, *, key_id: str) -> None:
    """End a key now; servers honour it within seconds."""
    with wiring.storage() as storage:
        key = storage.keys.revoke(key_id)
        storage.audit.append(
            actor=acting_person(), action="key_revoked", subject=key.id, detail={"name": key.name}
        )
    output.result(_plain(key), f"{key.id} ({key.name}) is revoked")


def _state(key: ApiKey) -> str:
    if key.revoked_us is not None:
        return "revoked"
    if key.expires_us is None:
        return "works"
    ended = key.expires_us <= to_us(datetime.now(UTC))
    return f"{'ended' if ended else 'ends'} {from_us(key.expires_us):%Y-%m-%d}"


def _plain(key: ApiKey) -> dict[str, Any]:
    """Return what machines are told about a key."""
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner_name,
        "scopes": sorted(key.scopes),
        "rate_per_s": key.rate_per_s or None,
        "burst": key.burst or None,
        "created_at": from_us(key.created_us),
        "expires_at": None if key.expires_us is None else from_us(key.expires_us),
        "revoked_at": None if key.revoked_us is None else from_us(key.revoked_us),
    }
