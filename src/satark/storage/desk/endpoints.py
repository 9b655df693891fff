"""The endpoints of webhooks in the desk database; every change is in the audit chain.

Secrets are not stored: one is derived from a key of the installation and the endpoint's salt whenever it is needed,
to show it once and to sign.
"""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.cases.endpoints import (
    MAX_ENDPOINTS,
    ROTATION_SECONDS,
    Endpoint,
    checked_name,
    checked_topics,
    checked_url,
)
from satark.cases.signatures import secret_of, webhook_key
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import InputInvalid, NotFound
from satark.storage.desk.tables.outbox import WEBHOOK_ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.cases.ports import DeskAudit
    from satark.core.clock import Clock
    from satark.storage.engines import Engines

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint with the secret that is shown this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """What the carrier needs of an endpoint: where it is, and the secrets to sign with, the newest first."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)


class Endpoints:
    """Who is told by webhook; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, *, audit: DeskAudit, audit_key: bytes) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit
        self._key = webhook_key(audit_key)

    def add(
        self, name: str, url: str, topics: Iterable[str], actor: str, *, resend_in_doubt: bool = False
    ) -> NewEndpoint:
        """Add an endpoint and return it with its secret.

        Raises
        ------
        InputInvalid
            Name, address or topics cannot be used (`field` and `reason` say how), or there are too many.
        """
        values = {"name": checked_name(name), "url": checked_url(url)}
        wanted, now, salt = checked_topics(topics), self._clock.now_us(), random.token_bytes(SALT_BYTES)
        with self._engines.writing("the endpoints") as connection:
            if (
                int(connection.scalar(sa.select(sa.func.count()).select_from(WEBHOOK_ENDPOINTS)) or 0)
                >= MAX_ENDPOINTS
            ):
                message = f"there are at most {MAX_ENDPOINTS} endpoints"
                raise InputInvalid(message, field="name", reason="too_many")
            made = connection.execute(
                sa.insert(WEBHOOK_ENDPOINTS)
                .values(
                    **values,
                    topics=" ".join(wanted),
                    resend_in_doubt=resend_in_doubt,
                    salt=salt,
                    previous_until_us=0,
                    created_us=now,
                    created_by=actor,
                    changed_us=now,
                    rotated_us=now,
                )
                .returning(WEBHOOK_ENDPOINTS.c.id)
            )
            endpoint = self._of(connection, int(made.scalar_one()))
            self._note(connection, actor, "endpoint_added", endpoint)
        return NewEndpoint(endpoint, secret_of(self._key, salt))

    def change(
        self,
        endpoint_id: int,
        name: str,
        url: str,
        topics: Iterable[str],
        actor: str,
        *,
        resend_in_doubt: bool,
    ) -> Endpoint:
        """Change what an endpoint is called, where it is and what it is told of.

        Raises
        ------
        NotFound
            There is no such endpoint.
        InputInvalid
            As for `add`.
        """
        values = {
            "name": checked_name(name),
            "url": checked_url(url),
            "topics": " ".join(checked_topics(topics)),
            "resend_in_doubt": resend_in_doubt,
        }
        return self._update(endpoint_id, actor, "endpoint_changed", **values)

    def rotate(self, endpoint_id: int, actor: str, *, keep_seconds: int = ROTATION_SECONDS) -> NewEndpoint:
        """Give an endpoint a new secret; the old one signs beside it for a while (0: no longer, it has leaked).

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        salt, now = random.token_bytes(SALT_BYTES), self._clock.now_us()
        endpoint = self._update(
            endpoint_id,
            actor,
            "endpoint_secret_rotated",
            previous_salt=WEBHOOK_ENDPOINTS.c.salt if keep_seconds > 0 else None,
            previous_until_us=now + keep_seconds * MICROS_PER_SECOND if keep_seconds > 0 else 0,
            salt=salt,
            rotated_us=now,
        )
        return NewEndpoint(endpoint, secret_of(self._key, salt))

    def disable(self, endpoint_id: int, actor: str) -> Endpoint:
        """Tell an endpoint nothing any more; what waits for it stays until it is enabled.

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        return self._update(endpoint_id, actor, "endpoint_disabled", disabled_us=self._clock.now_us())

    def enable(self, endpoint_id: int, actor: str) -> Endpoint:
        """Tell an endpoint again.

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        return self._update(endpoint_id, actor, "endpoint_enabled", disabled_us=None)

    def get(self, endpoint_id: int) -> Endpoint | None:
        """Return one endpoint."""
        with self._engines.reading("the endpoints") as connection:
            row = connection.execute(_SELECT.where(WEBHOOK_ENDPOINTS.c.id == endpoint_id)).first()
        return None if row is None else _endpoint(row)

    def all(self) -> list[Endpoint]:
        """Return all endpoints in the order of their making."""
        with self._engines.reading("the endpoints") as connection:
            return [_endpoint(row) for row in connection.execute(_SELECT.order_by(WEBHOOK_ENDPOINTS.c.id))]

    def opening(self, endpoint_id: int) -> Opening | None:
        """Return what is needed to send to an endpoint, None when there is none."""
        query = sa.select(
            WEBHOOK_ENDPOINTS.c.url,
            WEBHOOK_ENDPOINTS.c.salt,
            WEBHOOK_ENDPOINTS.c.previous_salt,
            WEBHOOK_ENDPOINTS.c.previous_until_us,
        ).where(WEBHOOK_ENDPOINTS.c.id == endpoint_id)
        with self._engines.reading("the endpoints") as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        salts = [bytes(row.salt)]
        if row.previous_salt is not None and self._clock.now_us() < row.previous_until_us:
            salts.append(bytes(row.previous_salt))
        return Opening(row.url, tuple(secret_of(self._key, salt) for salt in salts))

    def by_topic(self, connection: sa.Connection) -> dict[str, list[int]]:
        """Return who listens to what, as a transaction sees it."""
        query = (
            sa.select(WEBHOOK_ENDPOINTS.c.id, WEBHOOK_ENDPOINTS.c.topics)
            .where(WEBHOOK_ENDPOINTS.c.disabled_us.is_(None))
            .order_by(WEBHOOK_ENDPOINTS.c.id)
        )
        found: dict[str, list[int]] = {}
        for endpoint_id, topics in connection.execute(query):
            for topic in topics.split():
                found.setdefault(topic, []).append(int(endpoint_id))
        return found

    def _update(self, endpoint_id: int, actor: str, action: str, **values: Any) -> Endpoint:  # noqa: ANN401 - of columns
        with self._engines.writing("the endpoints") as connection:
            connection.execute(
                sa.update(WEBHOOK_ENDPOINTS)
                .where(WEBHOOK_ENDPOINTS.c.id == endpoint_id)
                .values(changed_us=self._clock.now_us(), **values)
            )
            endpoint = self._of(connection, endpoint_id)
            self._note(connection, actor, action, endpoint)
        return endpoint

    def _note(self, connection: sa.Connection, actor: str, action: str, endpoint: Endpoint) -> None:
        # The address without its query, which may hold a token of the receiver's.
        detail = {
            "name": endpoint.name,
            "url": endpoint.url.partition("?")[0],
            "topics": list(endpoint.topics),
            "resend_in_doubt": endpoint.resend_in_doubt,
        }
        self._audit.note(
            connection, actor=actor, action=action, subject=f"endpoint/{endpoint.id}", detail=detail
        )

    @staticmethod
    def _of(connection: sa.Connection, endpoint_id: int) -> Endpoint:
        row = connection.execute(_SELECT.where(WEBHOOK_ENDPOINTS.c.id == endpoint_id)).first()
        if row is None:
            message = "there is no such endpoint"
            raise NotFound(message, id=endpoint_id)
        return _endpoint(row)


_SELECT = sa.select(
    WEBHOOK_ENDPOINTS.c.id,
    WEBHOOK_ENDPOINTS.c.name,
    WEBHOOK_ENDPOINTS.c.url,
    WEBHOOK_ENDPOINTS.c.topics,
    WEBHOOK_ENDPOINTS.c.resend_in_doubt,
    WEBHOOK_ENDPOINTS.c.created_us,
    WEBHOOK_ENDPOINTS.c.created_by,
    WEBHOOK_ENDPOINTS.c.changed_us,
    WEBHOOK_ENDPOINTS.c.rotated_us,
    WEBHOOK_ENDPOINTS.c.previous_until_us,
    WEBHOOK_ENDPOINTS.c.disabled_us,
)


def _endpoint(row: Any) -> Endpoint:  # noqa: ANN401 - a row
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    return Endpoint(
        **{**values, "topics": tuple(row.topics.split()), "resend_in_doubt": bool(row.resend_in_doubt)}
    )
