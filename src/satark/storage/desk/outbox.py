"""The outbox in the desk database: putting messages down, and what people do with them; reading and sending lie beside.

A message is put in the transaction of what it tells about. An event for webhooks becomes one row per endpoint that has
subscribed, wrapped in its envelope once, so that all attempts and all endpoints get the same bytes.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from satark.cases.cloud_events import envelope, source_of
from satark.cases.outbox import SETTLED, Channel, MessageState, Topic, check_message, flaw_of
from satark.cases.ports import Message
from satark.core.errors import InputInvalid, NotFound
from satark.storage.desk.endpoints import Endpoints
from satark.storage.desk.outbox_reading import POSTED, TROUBLE, OutboxReading, literal, posted_of
from satark.storage.desk.tables.outbox import OUTBOX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from satark.cases.outbox import Posted
    from satark.cases.ports import DeskAudit
    from satark.core.clock import Clock
    from satark.storage.desk.outbox_sending import Listener, OutboxSending
    from satark.storage.engines import Engines

MAX_REPLAY = 10_000
"""Messages that one act may send again."""


class SqlOutbox(OutboxReading):
    """Messages to the outside; callable from any thread and process.

    Attributes
    ----------
    endpoints
        Who is told by webhook.
    """

    def __init__(self, engines: Engines, clock: Clock, *, audit: DeskAudit, audit_key: bytes) -> None:
        super().__init__(engines)
        self._clock = clock
        self._audit = audit
        # A name of the installation that says nothing about its key.
        self._source = source_of(hmac.digest(audit_key, b"satark webhook source 1", "sha256")[:8].hex())
        self.endpoints = Endpoints(engines, clock, audit=audit, audit_key=audit_key)

    def put(self, connection: sa.Connection, message: Message) -> None:
        """Put a message down in the caller's transaction; one whose key is known already changes nothing.

        Raises
        ------
        InputInvalid
            The program composed it wrongly. What is wrong with the data in it (an address that is none) makes a
            message that has failed, and no error.
        """
        self.put_all(connection, (message,))

    def put_all(self, connection: sa.Connection, messages: Sequence[Message]) -> int:
        """Put several messages down and return how many deliveries they made."""
        rows: list[dict[str, Any]] = []
        listeners: dict[str, list[int]] | None = None
        for message in messages:
            check_message(message)
            if message.channel not in {"", Channel.WEBHOOK}:
                rows.append(self._row(message, message.channel, message.target, 0, message.body))
                continue
            if listeners is None:
                listeners = self.endpoints.by_topic(connection)
            wanted = [int(message.target)] if message.target.isdigit() else listeners.get(message.topic, [])
            if not wanted:
                continue
            body = envelope(_with_subject(message), source=self._source, at_us=self._clock.now_us())
            rows += [self._row(message, Channel.WEBHOOK, str(one), one, body) for one in wanted]
        if not rows:
            return 0
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(OUTBOX)
        done = connection.execute(insert.on_conflict_do_nothing(), rows)
        return max(done.rowcount, 0)

    def sending(
        self, *, listeners: Iterable[Listener] = (), heard: frozenset[str] | None = None
    ) -> OutboxSending:
        """Return the sender's side; `listeners` are told of each message (of the topics `heard`) that ended."""
        from satark.storage.desk.outbox_sending import OutboxSending

        return OutboxSending(self, self._engines, self._clock, listeners=listeners, heard=heard)

    def wants(self, topic: str) -> bool:
        """Tell whether any endpoint listens to a topic; cheap enough to ask for each batch of the log."""
        with self._engines.reading("the outbox") as connection:
            return bool(self.endpoints.by_topic(connection).get(topic))

    def ping(self, endpoint_id: int, actor: str) -> Posted:
        """Put down a trial for one endpoint, by a person.

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        now = self._clock.now_us()
        key = f"{Topic.PING}:{endpoint_id}:{now}"
        message = Message(Topic.PING, key, Channel.WEBHOOK, str(endpoint_id), b'{"hello":"Satark"}')
        if self.endpoints.get(endpoint_id) is None:
            text = "there is no such endpoint"
            raise NotFound(text, id=endpoint_id)
        with self._engines.writing("the outbox") as connection:
            self.put(connection, message)
            self._audit.note(
                connection, actor=actor, action="endpoint_tried", subject=f"endpoint/{endpoint_id}"
            )
            row = connection.execute(POSTED.where(OUTBOX.c.key == key)).one()
        return posted_of(row)

    def replay(self, message_id: int, actor: str) -> Posted:
        """Send a message again that has come to its end, under the same id; its attempts start afresh.

        Raises
        ------
        NotFound
            There is no such message.
        InputInvalid
            It is still under way (`reason` under_way), or its body is no longer kept (`reason` not_kept).
        """
        with self._engines.writing("the outbox") as connection:
            found = self._of(connection, message_id)
            if found.state not in SETTLED:
                message = "the message is still under way"
                raise InputInvalid(message, field="id", reason="under_way")
            if not found.has_body:
                message = "the message is no longer kept"
                raise InputInvalid(message, field="id", reason="not_kept")
            self._put_back(connection, OUTBOX.c.id == message_id)
            self._audit.note(
                connection,
                actor=actor,
                action="message_replayed",
                subject=f"message/{message_id}",
                detail={"topic": found.topic, "channel": found.channel, "was": found.state.value},
            )
            return self._of(connection, message_id)

    def replay_all(
        self,
        endpoint_id: int,
        actor: str,
        *,
        states: Sequence[MessageState] = TROUBLE,
        from_us: int = 0,
        to_us: int = 2**62,
    ) -> int:
        """Send an endpoint's messages of a span of time again, the oldest `MAX_REPLAY`; return how many.

        Raises
        ------
        InputInvalid
            A state is one in which messages are still under way.
        """
        if not set(states) <= set(SETTLED):
            message = "only messages that have come to their end are sent again"
            raise InputInvalid(message, field="states", reason="under_way")
        chosen = (
            sa.select(OUTBOX.c.id)
            .where(
                OUTBOX.c.endpoint_id == endpoint_id,
                OUTBOX.c.state.in_([literal(state) for state in states]),
                OUTBOX.c.put_us >= from_us,
                OUTBOX.c.put_us < to_us,
                OUTBOX.c.body.is_not(None),
            )
            .order_by(OUTBOX.c.id)
            .limit(MAX_REPLAY)
        )
        with self._engines.writing("the outbox") as connection:
            count = self._put_back(connection, OUTBOX.c.id.in_(chosen))
            if count:
                self._audit.note(
                    connection,
                    actor=actor,
                    action="messages_replayed",
                    subject=f"endpoint/{endpoint_id}",
                    detail={
                        "count": count,
                        "states": sorted(state.value for state in states),
                        "from_us": from_us,
                        "to_us": to_us,
                    },
                )
        return count

    def mark_sent(self, message_id: int, actor: str) -> Posted:
        """Say that a message in doubt has arrived.

        Raises
        ------
        NotFound
            There is no such message.
        InputInvalid
            It is not in doubt (`reason` not_in_doubt).
        """
        now = self._clock.now_us()
        with self._engines.writing("the outbox") as connection:
            found = self._of(connection, message_id)
            if found.state is not MessageState.UNKNOWN:
                message = "the message is not in doubt"
                raise InputInvalid(message, field="id", reason="not_in_doubt")
            connection.execute(
                sa.update(OUTBOX)
                .where(OUTBOX.c.id == message_id)
                .values(state=MessageState.SENT.value, reason="by_hand", changed_us=now, settled_us=now)
            )
            self._audit.note(
                connection,
                actor=actor,
                action="message_settled",
                subject=f"message/{message_id}",
                detail={"topic": found.topic, "channel": found.channel, "state": "sent"},
            )
            return self._of(connection, message_id)

    def forget(self, before_us: int) -> int:
        """Remove the bodies and addresses of what came to its end before a moment; return how many.

        What was sent, when and how it went stays.
        """
        query = (
            sa.update(OUTBOX)
            .where(
                OUTBOX.c.settled_us.is_not(None), OUTBOX.c.settled_us < before_us, OUTBOX.c.body.is_not(None)
            )
            .values(
                body=None,
                target=sa.case((OUTBOX.c.endpoint_id == 0, ""), else_=OUTBOX.c.target),
            )
        )
        with self._engines.writing("the outbox") as connection:
            return max(connection.execute(query).rowcount, 0)

    def _put_back(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
        now = self._clock.now_us()
        done = connection.execute(
            sa.update(OUTBOX)
            .where(which)
            .values(
                state=MessageState.WAITING.value,
                due_us=now,
                changed_us=now,
                settled_us=None,
                lease_us=None,
                base=OUTBOX.c.attempts,
                reason="by_hand",
                status=None,
            )
        )
        return max(done.rowcount, 0)

    def _of(self, connection: sa.Connection, message_id: int) -> Posted:
        row = connection.execute(POSTED.where(OUTBOX.c.id == message_id)).first()
        if row is None:
            message = "there is no such message"
            raise NotFound(message, id=message_id)
        return posted_of(row)

    def _row(
        self, message: Message, channel: str, target: str, endpoint_id: int, body: bytes
    ) -> dict[str, Any]:
        now, flaw = self._clock.now_us(), flaw_of(message)
        return {
            "key": message.key,
            "endpoint_id": endpoint_id,
            "topic": str(message.topic),
            "channel": str(channel),
            "target": target if not flaw else "",
            "state": (MessageState.FAILED if flaw else MessageState.WAITING).value,
            "attempts": 0,
            "base": 0,
            "put_us": now,
            "due_us": max(message.not_before_us, now),
            "changed_us": now,
            "settled_us": now if flaw else None,
            "reason": flaw,
            "case_id": message.case_id,
            "headers": msgspec.json.encode(message.headers).decode(),
            "body": None if flaw else body,
        }


def _with_subject(message: Message) -> Message:
    """Let an event be about its case when it says nothing else."""
    if message.case_id is None or "subject" in message.headers:
        return message
    headers = {**message.headers, "subject": f"case/{message.case_id}"}
    return msgspec.structs.replace(message, headers=headers)
