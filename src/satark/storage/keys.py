"""API keys: who may call, for what, how often and until when.

A key reads ``sk_<id>_<secret>``. The id finds its row, the secret is 256 random bits of which only the
SHA-256 is kept: a slow hash protects guessable passwords and would only cost time here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.core.errors import InputInvalid, NotFound
from satark.storage.tables import API_KEYS, OWNERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.core.clock import Clock
    from satark.storage.engines import Engines

SCOPES = frozenset({"decide", "read", "label", "events", "metrics"})
ID_BYTES = 6
SECRET_BYTES = 32

_KEY = re.compile(r"sk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret.

    Attributes
    ----------
    owner
        Who it speaks for; ids of events are unique per owner, who may hold several keys.
    rate_per_s, burst
        Its own rate limit; 0 where the installation's applies.
    expires_us, revoked_us
        When it ends or was ended, None for never.
    """

    id: str
    owner: int
    owner_name: str
    name: str
    scopes: frozenset[str]
    rate_per_s: float
    burst: int
    created_us: int
    expires_us: int | None
    revoked_us: int | None

    def works_at(self, at_us: int) -> bool:
        """Tell whether the key opens anything at a moment."""
        if self.revoked_us is not None and self.revoked_us <= at_us:
            return False
        return self.expires_us is None or at_us < self.expires_us


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with the secret that is shown this once."""

    key: ApiKey
    secret: str


class ApiKeys:
    """The key store; callable from any thread."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self._engines = engines
        self._clock = clock

    def create(
        self,
        name: str,
        scopes: Iterable[str],
        *,
        owner: str = "default",
        rate_per_s: float = 0.0,
        burst: int = 0,
        expires_us: int | None = None,
    ) -> NewKey:
        """Make a key for an owner, who is made as well when the name is new.

        Raises
        ------
        InputInvalid
            A scope is unknown or none is given, or a limit is negative.
        StorageUnavailable
            Nothing was made.
        """
        wanted = frozenset(scopes)
        if not wanted or not wanted <= SCOPES:
            message = f"a key's scopes are some of {', '.join(sorted(SCOPES))}"
            raise InputInvalid(message, field="scopes", found=sorted(wanted - SCOPES))
        if rate_per_s < 0 or burst < 0:
            message = "a key's limits may not be negative"
            raise InputInvalid(message, field="rate_per_s")
        key_id, secret = random.token_hex(ID_BYTES), random.token_urlsafe(SECRET_BYTES)
        now = self._clock.now_us()
        with self._engines.writing("the API keys") as connection:
            owner_id = owner_named(connection, owner, now)
            connection.execute(
                sa.insert(API_KEYS).values(
                    id=key_id,
                    owner=owner_id,
                    name=name,
                    secret_hash=_hash(secret),
                    scopes=" ".join(sorted(wanted)),
                    rate_per_s=rate_per_s,
                    burst=burst,
                    created_us=now,
                    expires_us=expires_us,
                )
            )
        key = ApiKey(key_id, owner_id, owner, name, wanted, rate_per_s, burst, now, expires_us, None)
        return NewKey(key, f"sk_{key_id}_{secret}")

    def verify(self, secret: str) -> ApiKey | None:
        """Return the key of this secret, None when there is none or it is expired or revoked.

        Raises
        ------
        StorageUnavailable
            It cannot be told.
        """
        match = _KEY.match(secret)
        if match is None:
            return None
        with self._engines.reading("the API keys") as connection:
            row = connection.execute(
                _SELECT.add_columns(API_KEYS.c.secret_hash).where(API_KEYS.c.id == match[1])
            ).first()
        expected = bytes(32) if row is None else row[-1]
        # Compared also when the id is unknown, so that the time taken does not tell which ids exist.
        equal = hmac.compare_digest(_hash(match[2]), expected)
        if row is None or not equal:
            return None
        key = _key_of(row[:-1])
        return key if key.works_at(self._clock.now_us()) else None

    def list(self) -> list[ApiKey]:
        """Return all keys, also those that ended, in the order of their making."""
        with self._engines.reading("the API keys") as connection:
            rows = connection.execute(_SELECT.order_by(API_KEYS.c.created_us, API_KEYS.c.id)).all()
        return [_key_of(row) for row in rows]

    def revoke(self, key_id: str) -> ApiKey:
        """End a key now; a key that had ended already stays as it was.

        Raises
        ------
        NotFound
            There is no such key.
        """
        with self._engines.writing("the API keys") as connection:
            connection.execute(
                sa.update(API_KEYS)
                .where(API_KEYS.c.id == key_id, API_KEYS.c.revoked_us.is_(None))
                .values(revoked_us=self._clock.now_us())
            )
            row = connection.execute(_SELECT.where(API_KEYS.c.id == key_id)).first()
        if row is None:
            message = "there is no such key"
            raise NotFound(message, id=key_id)
        return _key_of(row)


def owner_named(connection: sa.Connection, name: str, now_us: int) -> int:
    """Return the id of an owner, who is made when the name is new."""
    found = connection.scalar(sa.select(OWNERS.c.id).where(OWNERS.c.name == name))
    if found is None:
        made = connection.execute(sa.insert(OWNERS).values(name=name, created_us=now_us)).inserted_primary_key
        found = made[0] if made else 0
    return int(found)


_SELECT = sa.select(
    API_KEYS.c.id,
    API_KEYS.c.owner,
    OWNERS.c.name.label("owner_name"),
    API_KEYS.c.name,
    API_KEYS.c.scopes,
    API_KEYS.c.rate_per_s,
    API_KEYS.c.burst,
    API_KEYS.c.created_us,
    API_KEYS.c.expires_us,
    API_KEYS.c.revoked_us,
).join_from(API_KEYS, OWNERS)


def _key_of(row: Any) -> ApiKey:  # noqa: ANN401 - a row or a part of one
    key_id, owner, owner_name, name, scopes, *rest = row
    return ApiKey(key_id, owner, owner_name, name, frozenset(scopes.split()), *rest)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
