"""Passkeys of the staff: the public half of a key pair whose private half never leaves the member's device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.core.staff import Passkey
from satark.storage.desk.tables.identity import STAFF_PASSKEYS

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.desk.identity.sealing import Seals
    from satark.storage.engines import Engines

_WHAT = "the staff's passkeys"
_C = STAFF_PASSKEYS.c
_SELECT = sa.select(_C.id, _C.username, _C.public_key, _C.sign_count, _C.name, _C.made_us, _C.used_us)


class Passkeys:
    """The passkeys' half of `satark.web.identity.ports.Factors`."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit, seals: Seals) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit
        self._seals = seals

    def add_passkey(self, passkey: Passkey, *, actor: str) -> bool:
        """Keep a passkey; False when its id is taken."""
        with self._engines.writing(_WHAT) as connection:
            if connection.scalar(sa.select(_C.id).where(_C.id == passkey.id)) is not None:
                return False
            connection.execute(
                sa.insert(STAFF_PASSKEYS).values(
                    id=passkey.id,
                    username=passkey.username,
                    public_key=passkey.public_key,
                    sign_count=passkey.sign_count,
                    name=passkey.name,
                    made_us=passkey.made_us,
                )
            )
            self._audit.note(connection, actor=actor, action="passkey_added", subject=passkey.username)
        return True

    def passkeys(self, username: str) -> list[Passkey]:
        """Return a member's passkeys, the oldest first."""
        query = _SELECT.where(_C.username == username).order_by(_C.made_us, _C.id)
        with self._engines.reading(_WHAT) as connection:
            return [_passkey(row) for row in connection.execute(query)]

    def passkey(self, credential_id: bytes) -> Passkey | None:
        """Return a passkey by its id, whoever owns it."""
        with self._engines.reading(_WHAT) as connection:
            row = connection.execute(_SELECT.where(_C.id == credential_id)).first()
        return None if row is None else _passkey(row)

    def use_passkey(self, passkey: Passkey, sign_count: int) -> bool:
        """Write down a use; False when its count has moved since `passkey` was read."""
        with self._engines.writing(_WHAT) as connection:
            used = connection.execute(
                sa.update(STAFF_PASSKEYS)
                .where(
                    _C.id == passkey.id,
                    _C.username == passkey.username,
                    _C.sign_count == passkey.sign_count,
                )
                .values(sign_count=sign_count, used_us=self._clock.now_us())
            )
        return bool(used.rowcount)

    def remove_passkey(self, username: str, credential_id: bytes, *, actor: str) -> bool:
        """Remove one of a member's passkeys; False when it is not his."""
        with self._engines.writing(_WHAT) as connection:
            removed = connection.execute(
                sa.delete(STAFF_PASSKEYS).where(_C.id == credential_id, _C.username == username)
            ).rowcount
            if removed:
                self._audit.note(connection, actor=actor, action="passkey_removed", subject=username)
        return bool(removed)

    def handle(self, username: str) -> bytes:
        """Return the opaque name under which authenticators know a member."""
        return self._seals.digest("passkey handle", username)


def _passkey(row: Any) -> Passkey:  # noqa: ANN401 - a row
    return Passkey(bytes(row[0]), row[1], bytes(row[2]), *row[3:])
