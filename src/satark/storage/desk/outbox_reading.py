"""The outbox as people look at it: which messages there are, how they stand, and how each attempt went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.cases.endpoints import Health
from satark.cases.outbox import Attempt, Channel, MessageState, Posted, PostedFilter
from satark.storage.desk.tables.outbox import OUTBOX, OUTBOX_ATTEMPTS

if TYPE_CHECKING:
    from satark.storage.engines import Engines

TROUBLE = (MessageState.UNKNOWN, MessageState.FAILED, MessageState.DEAD)
_COUNTED = tuple(state for state in MessageState if state is not MessageState.SENT)
"""All that was ever sent is not counted: that would take as long as it is many."""


class OutboxReading:
    """The reading side; callable from any thread and process."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def get(self, message_id: int) -> Posted | None:
        """Return one message."""
        with self._engines.reading("the outbox") as connection:
            row = connection.execute(POSTED.where(OUTBOX.c.id == message_id)).first()
        return None if row is None else posted_of(row)

    def posted(self, wanted: PostedFilter, limit: int = 50, before: int | None = None) -> list[Posted]:
        """Return messages, newest first; `before` is the id of the last one seen."""
        query = POSTED.order_by(OUTBOX.c.id.desc()).limit(limit)
        for column, value in (
            (OUTBOX.c.endpoint_id, wanted.endpoint_id),
            (OUTBOX.c.channel, wanted.channel),
            (OUTBOX.c.topic, wanted.topic),
            (OUTBOX.c.case_id, wanted.case_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.channel is not None and wanted.channel != Channel.WEBHOOK:
            # Written out, for the index over all that is no webhook.
            query = query.where(OUTBOX.c.endpoint_id == sa.literal_column("0"))
        if wanted.state is not None:
            query = query.where(*stands(wanted.state))
        if before is not None:
            query = query.where(OUTBOX.c.id < before)
        with self._engines.reading("the outbox") as connection:
            return [posted_of(row) for row in connection.execute(query)]

    def of_case(self, case_id: int, limit: int = 50) -> list[Posted]:
        """Return the messages of a case, newest first: the delivery states that its page shows."""
        return self.posted(PostedFilter(case_id=case_id), limit)

    def attempts(self, message_id: int) -> list[Attempt]:
        """Return how the attempts of a message went, in order."""
        query = (
            sa.select(OUTBOX_ATTEMPTS)
            .where(OUTBOX_ATTEMPTS.c.message_id == message_id)
            .order_by(OUTBOX_ATTEMPTS.c.attempt)
        )
        with self._engines.reading("the outbox") as connection:
            return [
                Attempt(
                    attempt=row.attempt,
                    began_us=row.began_us,
                    ended_us=row.ended_us,
                    verdict=row.verdict,
                    reason=row.reason,
                    status=row.status,
                )
                for row in connection.execute(query)
            ]

    def body(self, message_id: int) -> bytes | None:
        """Return what is sent, None when it is no longer kept; whoever shows it notes that in the audit trail."""
        with self._engines.reading("the outbox") as connection:
            found = connection.scalar(sa.select(OUTBOX.c.body).where(OUTBOX.c.id == message_id))
        return None if found is None else bytes(found)

    def health(self, endpoint_id: int) -> Health:
        """Return how an endpoint does."""
        of_it = OUTBOX.c.endpoint_id == endpoint_id
        counts: dict[str, int] = {}
        trouble: list[tuple[int, int, str]] = []
        with self._engines.reading("the outbox") as connection:
            for state in _COUNTED:
                here = (of_it, *stands(state))
                count = connection.scalar(sa.select(sa.func.count()).select_from(OUTBOX).where(*here))
                if not count:
                    continue
                counts[state.value] = int(count)
                if state in TROUBLE:
                    newest = connection.execute(
                        sa.select(OUTBOX.c.id, OUTBOX.c.changed_us, OUTBOX.c.reason)
                        .where(*here)
                        .order_by(OUTBOX.c.id.desc())
                        .limit(1)
                    ).one()
                    trouble.append((newest.id, newest.changed_us, newest.reason))
            sent = connection.scalar(
                sa.select(OUTBOX.c.settled_us)
                .where(of_it, *stands(MessageState.SENT))
                .order_by(OUTBOX.c.id.desc())
                .limit(1)
            )
        last = max(trouble, default=None)
        return Health(
            counts=counts,
            last_sent_us=sent,
            last_trouble_us=None if last is None else last[1],
            last_trouble="" if last is None else last[2],
        )

    def counts(self) -> dict[str, int]:
        """Return how many messages stand in each state but `sent`."""
        with self._engines.reading("the outbox") as connection:
            return {
                state.value: int(
                    connection.scalar(sa.select(sa.func.count()).select_from(OUTBOX).where(*stands(state)))
                    or 0
                )
                for state in _COUNTED
            }


POSTED = sa.select(
    OUTBOX.c.id,
    OUTBOX.c.key,
    OUTBOX.c.topic,
    OUTBOX.c.channel,
    OUTBOX.c.target,
    OUTBOX.c.endpoint_id,
    OUTBOX.c.state,
    OUTBOX.c.attempts,
    OUTBOX.c.put_us,
    OUTBOX.c.due_us,
    OUTBOX.c.changed_us,
    OUTBOX.c.settled_us,
    OUTBOX.c.reason,
    OUTBOX.c.status,
    OUTBOX.c.case_id,
    OUTBOX.c.body.is_not(None).label("has_body"),
)
"""A message without its body."""


def posted_of(row: Any) -> Posted:  # noqa: ANN401 - a row of `POSTED`
    """Return the message of a row."""
    return Posted(
        id=row.id,
        key=row.key,
        topic=row.topic,
        channel=row.channel,
        target=row.target,
        endpoint_id=row.endpoint_id or None,
        state=MessageState(row.state),
        attempts=row.attempts,
        put_us=row.put_us,
        due_us=row.due_us,
        changed_us=row.changed_us,
        settled_us=row.settled_us,
        reason=row.reason,
        status=row.status,
        case_id=row.case_id,
        has_body=bool(row.has_body),
    )


_NOT_SENT = OUTBOX.c.state != sa.literal_column("'sent'")


def stands(state: MessageState) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for a state; what has not been sent has indexes of its own, and they ask to be named."""
    wanted = OUTBOX.c.state == literal(state)
    return (wanted,) if state is MessageState.SENT else (_NOT_SENT, wanted)


def literal(state: MessageState) -> sa.ColumnElement[str]:
    """Return a state as SQL text: an index over some rows is used only when the condition is written out."""
    return sa.literal_column(f"'{state.value}'")
