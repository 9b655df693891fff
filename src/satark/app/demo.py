"""What `satark up` needs before anything runs: a first administrator, and a key for the simulated stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satark.storage import Storage

KEY_NAME = "simulated stream"
OWNER = "simulation"
_SCOPES = ("decide", "label", "events")
_ACTOR = "system"


@dataclass(frozen=True, slots=True)
class Demo:
    """What was prepared.

    Attributes
    ----------
    key_id, secret
        The stream's key; it is revoked when the demonstration ends.
    username, password
        Of the first administrator; None when somebody can sign in already.
    """

    key_id: str
    secret: str = field(repr=False)
    username: str | None
    password: str | None = field(repr=False)


def prepare_demo(storage: Storage) -> Demo:
    """Make the first administrator if there is nobody, and a fresh key; keys left by a killed run end."""
    added = storage.staff.ensure_administrator(actor=_ACTOR)
    for key in storage.keys.list():
        if key.name == KEY_NAME and key.revoked_us is None:
            end_demo(storage, key.id)
    made = storage.keys.create(KEY_NAME, _SCOPES, owner=OWNER)
    storage.audit.append(actor=_ACTOR, action="key_created", subject=made.key.id, detail={"name": KEY_NAME})
    return Demo(
        made.key.id,
        made.secret,
        None if added is None else added.member.username,
        None if added is None else added.password,
    )


def end_demo(storage: Storage, key_id: str) -> None:
    """Revoke the stream's key."""
    storage.keys.revoke(key_id)
    storage.audit.append(actor=_ACTOR, action="key_revoked", subject=key_id, detail={"name": KEY_NAME})
