"""What a login remembers between two of its pages: challenges, states, whose password was right.

Found by a random value that only the browser has; sealed, since it may hold the secret half of a code exchange. Steps
are made by people who are not logged in, so their number is bounded: the oldest give way.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from satark.core.clock import MICROS_PER_SECOND
from satark.storage.desk.tables.identity import STAFF_LOGIN_STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.core.clock import Clock
    from satark.storage.desk.identity.sealing import Seals
    from satark.storage.engines import Engines

MOST_STEPS = 10_000
_WHAT = "half-done logins"
_C = STAFF_LOGIN_STEPS.c


class LoginSteps:
    """The steps; implements `satark.web.identity.ports.LoginSteps`."""

    def __init__(self, engines: Engines, clock: Clock, seals: Seals) -> None:
        self._engines = engines
        self._clock = clock
        self._seals = seals

    def begin(self, kind: str, body: Mapping[str, str], *, seconds: float) -> str:
        """Keep something and return the value by which it is found."""
        value = secrets.token_urlsafe(32)
        now = self._clock.now_us()
        with self._engines.writing(_WHAT) as connection:
            connection.execute(sa.delete(STAFF_LOGIN_STEPS).where(_C.expires_us <= now))
            kept = connection.scalar(sa.select(sa.func.count()).select_from(STAFF_LOGIN_STEPS)) or 0
            if kept >= MOST_STEPS:
                oldest = sa.select(_C.key).order_by(_C.expires_us).limit(kept - MOST_STEPS + 1)
                connection.execute(sa.delete(STAFF_LOGIN_STEPS).where(_C.key.in_(oldest)))
            connection.execute(
                sa.insert(STAFF_LOGIN_STEPS).values(
                    key=_key(value),
                    kind=kind,
                    body=self._seals.seal(msgspec.json.encode(dict(body)), f"step {kind}"),
                    expires_us=now + round(seconds * MICROS_PER_SECOND),
                )
            )
        return value

    def find(self, value: str | None, kind: str) -> dict[str, str] | None:
        """Return what is kept, None when there is nothing of this kind or its time is over."""
        if not value:
            return None
        with self._engines.reading(_WHAT) as connection:
            body = connection.scalar(sa.select(_C.body).where(*self._condition(value, kind)))
        return self._opened(body, kind)

    def take(self, value: str | None, kind: str) -> dict[str, str] | None:
        """Return what is kept and forget it: the second to ask gets None."""
        if not value:
            return None
        with self._engines.writing(_WHAT) as connection:
            body = connection.scalar(
                sa.delete(STAFF_LOGIN_STEPS).where(*self._condition(value, kind)).returning(_C.body)
            )
        return self._opened(body, kind)

    def _condition(self, value: str, kind: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (_C.key == _key(value), _C.kind == kind, _C.expires_us > self._clock.now_us())

    def _opened(self, body: bytes | None, kind: str) -> dict[str, str] | None:
        if body is None:
            return None
        return msgspec.json.decode(self._seals.open(bytes(body), f"step {kind}"), type=dict[str, str])


def _key(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
