"""Which identity of an OpenID Connect provider is which member.

An identity is the provider's name and its own, never reassigned name for a person (OpenID Connect Core 1.0, 5.7);
e-mail addresses and user names can be given to somebody else later, so they are used once, to link, and not again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.staff import Link
from satark.storage.desk.tables.identity import STAFF_LINKS

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.engines import Engines

_WHAT = "links to the identity provider"
_C = STAFF_LINKS.c
_SELECT = sa.select(_C.issuer, _C.subject, _C.username, _C.linked_us)


class Links:
    """The links; implements `satark.web.identity.ports.Links`."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit

    def find(self, issuer: str, subject: str) -> Link | None:
        """Return the link of an identity."""
        with self._engines.reading(_WHAT) as connection:
            row = connection.execute(_SELECT.where(_C.issuer == issuer, _C.subject == subject)).first()
        return None if row is None else Link(*row)

    def of(self, username: str) -> list[Link]:
        """Return a member's links."""
        with self._engines.reading(_WHAT) as connection:
            rows = connection.execute(_SELECT.where(_C.username == username).order_by(_C.issuer))
            return [Link(*row) for row in rows]

    def add(self, issuer: str, subject: str, username: str, *, actor: str) -> bool:
        """Link; False when the identity, or the member at this provider, is linked already."""
        taken = sa.or_(
            sa.and_(_C.issuer == issuer, _C.subject == subject),
            sa.and_(_C.issuer == issuer, _C.username == username),
        )
        with self._engines.writing(_WHAT) as connection:
            if connection.execute(_SELECT.where(taken)).first() is not None:
                return False
            connection.execute(
                sa.insert(STAFF_LINKS).values(
                    issuer=issuer, subject=subject, username=username, linked_us=self._clock.now_us()
                )
            )
            self._audit.note(
                connection,
                actor=actor,
                action="identity_linked",
                subject=username,
                detail={"issuer": issuer},
            )
        return True

    def remove(self, username: str, *, actor: str) -> int:
        """Remove all links of a member; return how many."""
        with self._engines.writing(_WHAT) as connection:
            removed = connection.execute(sa.delete(STAFF_LINKS).where(_C.username == username)).rowcount
            if removed:
                self._audit.note(connection, actor=actor, action="identity_unlinked", subject=username)
        return int(removed)
